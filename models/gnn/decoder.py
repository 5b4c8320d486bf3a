"""One logit for a pair: both embeddings, and the values that both accounts hold (NCN, arXiv 2302.00890).

SpotTarget's trap (arXiv 2306.00899: the edge to be predicted is there in training and gone at test) does not arise:
what is predicted, a common controller, is no edge of the graph. The values that a pair shares are there in training
and at test alike; they are the evidence, so they stay.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from models.gnn.prepare import SHARED
from models.gnn.tensors import SharedTensors
from models.gnn.weights import Layout


def side_width(layout: Layout) -> int:
    """Columns of `prepare.pair_side` and, behind them, of the count of common values a relation."""
    return 3 * len(layout.account_names) + 2 * len(layout.pair_names) + len(layout.relations)


class PairDecoder(nn.Module):
    """MLP over h_a * h_b, |h_a - h_b|, the rarity-weighted sum over common values, and the pair's side facts.

    Symmetric in a and b by construction.
    """

    def __init__(self, layout: Layout, dropout: float) -> None:
        super().__init__()
        names, hidden = layout.relations, layout.hidden
        self.value = nn.ModuleDict({name: nn.Linear(hidden, hidden) for name in names})
        self.use = nn.ModuleDict({name: nn.Linear(len(SHARED), hidden, bias=False) for name in names})
        self.first = nn.Linear(3 * hidden + side_width(layout), hidden)
        self.last = nn.Linear(hidden, 1)
        self.dropout = nn.Dropout(dropout)
        self.names = names

    def forward(
        self,
        a: Tensor,
        b: Tensor,
        side: Tensor,
        values: Mapping[str, Tensor],
        shared: Mapping[str, SharedTensors],
    ) -> Tensor:
        """Logits (natural log-odds) of p pairs.

        Args:
            a, b: embeddings of the two accounts, (p, d).
            side: `prepare.pair_side`, (p, 3 F + 2 P).
            values: embeddings of values by relation, (v, d).
            shared: the common values by relation; a relation that is not there counts as no common value.

        Returns:
            Shape (p,).
        """
        common = torch.zeros(len(a), self.last.in_features, device=a.device)
        counts = torch.zeros(len(a), len(self.names), device=a.device)
        for column, name in enumerate(self.names):
            if name not in shared:
                continue
            rows = shared[name]
            seen = self.value[name](values[name])[rows.value] + self.use[name](rows.features)
            common = common.index_add(0, rows.pair, torch.relu(seen).float() * rows.weight)
            counts[:, column] = torch.bincount(rows.pair, minlength=len(a)).log1p()
        seen = torch.cat([a * b, (a - b).abs(), common, side, counts], dim=1)
        logit: Tensor = self.last(self.dropout(torch.relu(self.first(seen)))).squeeze(1)
        return logit
