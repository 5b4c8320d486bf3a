"""Account and value embeddings by message passing over the account-value graph, with weights of each relation's own.

Two-step layers as in relational GCN (Schlichtkrull and others 2018, arXiv 1703.06103) with SAGE's own-part
(Hamilton and others 2017, arXiv 1706.02216): account -> value -> account. Edge features enter as their summary at
each end (`prepare.edge_summary`): a sum over edges of W x_e is W times the sum of x_e, so it costs no memory an edge.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from models.gnn.prepare import SUMMARY
from models.gnn.sign import account_width, value_width
from models.gnn.tensors import Edges, GraphTensors
from models.gnn.weights import Layout


class Values(nn.Module):
    """Embeddings of values out of their holders': relu(W_r mean(h) + V_r [features, edge summary] + b_r)."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        side = 2 * len(layout.value_names) + len(SUMMARY)
        names, hidden = layout.relations, layout.hidden
        self.up = nn.ModuleDict({name: nn.Linear(hidden, hidden, bias=False) for name in names})
        self.side = nn.ModuleDict({name: nn.Linear(side, hidden) for name in names})

    def forward(self, name: str, h: Tensor, edges: Edges) -> Tensor:
        """Account embeddings (n, d) to those of the relation's values (v, d)."""
        return torch.relu(self.up[name](edges.gather(h)) + self.side[name](edges.value_side))


class HeteroLayer(nn.Module):
    """h + dropout(relu(W h + sum over relations of messages from the held values)), then layer norm."""

    def __init__(self, layout: Layout, dropout: float) -> None:
        super().__init__()
        names, hidden = layout.relations, layout.hidden
        self.values = Values(layout)
        self.own = nn.Linear(hidden, hidden)
        self.down = nn.ModuleDict({name: nn.Linear(hidden, hidden, bias=False) for name in names})
        self.edge = nn.Linear(len(SUMMARY) * len(names), hidden, bias=False)
        self.norm = nn.LayerNorm(hidden)
        self.dropout = nn.Dropout(dropout)

    def forward(self, h: Tensor, graph: GraphTensors) -> Tensor:
        """(n, d) to (n, d). A relation that is not in the graph adds nothing, whether lacking or dropped."""
        total = self.own(h) + self.edge(graph.account_sides)
        for name, part in graph.edges.items():
            # W_r (A v) = A (W_r v): there are fewer values than accounts.
            total = total + part.spread(self.down[name](self.values(name, h, part)))
        out: Tensor = self.norm(h + self.dropout(torch.relu(total)))
        return out


class Encoder(nn.Module):
    """Graph to embeddings, mode "full": everything at once."""

    def __init__(self, layout: Layout, dropout: float) -> None:
        super().__init__()
        self.input = nn.Linear(2 * len(layout.account_names), layout.hidden)
        self.layers = nn.ModuleList([HeteroLayer(layout, dropout) for _ in range(layout.layers)])
        self.values = Values(layout)

    def forward(self, graph: GraphTensors) -> tuple[Tensor, dict[str, Tensor]]:
        """Embeddings of the accounts, (n, d), and of each relation's values, (v, d)."""
        h = torch.relu(self.input(graph.accounts))
        for layer in self.layers:
            h = layer(h, graph)
        return h, {name: self.values(name, h, edges) for name, edges in graph.edges.items()}


class SignEncoder(nn.Module):
    """Rows of propagated features to embeddings, mode "sign": no neighbour is looked at any more."""

    def __init__(self, layout: Layout, dropout: float) -> None:
        super().__init__()
        self.input = nn.Linear(account_width(layout), layout.hidden)
        self.norm = nn.LayerNorm(layout.hidden)
        self.hidden = nn.Linear(layout.hidden, layout.hidden)
        self.value = nn.ModuleDict(
            {name: nn.Linear(value_width(layout), layout.hidden) for name in layout.relations}
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, accounts: Tensor, values: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Rows of `sign.Propagated` to embeddings: accounts (k, d), values by relation (v, d)."""
        h = self.dropout(torch.relu(self.norm(self.input(accounts))))
        return self.hidden(h), {name: torch.relu(self.value[name](rows)) for name, rows in values.items()}
