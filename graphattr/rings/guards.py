"""What keeps innocents out of a ring: contradictions, and more than one kind of evidence across every cut."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from graphattr.links.index import Index
from graphattr.links.score import Scored
from graphattr.records import GROUPS

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

#: A kind of evidence helps to hold a pair together if it leans that way by at least this much (log10; a factor of 1.4).
#: At a factor of two the hop figures fall to an F1 of .77: rings that grew over months share little but payments.
TELLING = 0.15
#: A member of a ring of so many accounts must keep a link inside it of at least these log10 odds when any one kind of
#: evidence is left out, and with it the graph network, which reads all kinds: what one planted value attaches, however
#: strong, has but likenesses left then (docs/decisions/0012).
LARGE = 5
LEFT = -2.5
#: In a ring of n accounts that has a core the prior odds of a link are one in so many times n at least.
CHANCES = 30
#: A member is firm whom links of at least these log10 odds tie into its ring whichever one kind of evidence is left
#: out, and with it the graph network (docs/decisions/0013-firm-parts.md).
FIRM = -1.0
#: Pairs whose common neighbours are looked for at a time, so that memory does not grow with them.
CHUNK = 50_000
#: Label sources of at least this reliability (Admiralty A to F) can contradict a link.
RELIABLE = ("A", "B", "C")


@dataclass(frozen=True)
class Vetoes:
    """What the labels rule out.

    Attributes:
        independent: accounts verified as independent, shape (N,): in no ring.
        operator: number of the operator an account is labelled with, -1 for none, shape (N,).
    """

    independent: NDArray[np.bool_]
    operator: Whole

    def allowed(self, a: Whole, b: Whole) -> NDArray[np.bool_]:
        """Pairs that no label contradicts, shape of a and b."""
        other = (self.operator[a] >= 0) & (self.operator[b] >= 0) & (self.operator[a] != self.operator[b])
        return np.asarray(~(self.independent[a] | self.independent[b] | other))

    def usable(self, scored: Scored, least: float) -> Whole:
        """Positions of the scored pairs that are at least so probable, and that no label contradicts."""
        found = scored.candidates
        return np.flatnonzero((scored.probability >= least) & self.allowed(found.a, found.b))


def vetoes(index: Index, labels: Path | None) -> Vetoes:
    """Reads the contradictions out of labels.parquet; a label without a reliability counts as reliable."""
    independent = np.zeros(index.size, dtype=bool)
    operator = np.full(index.size, -1, dtype=np.int64)
    if labels is not None:
        rows = (
            pl.read_parquet(labels, columns=["account_id", "operator", "reliability"])
            .filter(pl.col("reliability").fill_null(RELIABLE[0]).is_in(RELIABLE))
            .join(index.accounts.alias("account_id").to_frame().with_row_index("account"), on="account_id")
            .with_columns(number=pl.col("operator").rank("dense").cast(pl.Int64))
            .sort("account", "number")
        )
        independent[rows.filter(pl.col("operator").is_null())["account"].to_numpy()] = True
        # Two operators for one account: the sources contradict each other, and neither binds.
        named = rows.drop_nulls("operator").filter(pl.col("number").n_unique().over("account") == 1)
        named = named.unique("account", keep="first", maintain_order=True)
        operator[named["account"].to_numpy()] = named["number"].to_numpy()
        # An account that one source calls independent and another an operator's is contested: neither binds.
        contested = independent & (operator >= 0)
        independent[contested], operator[contested] = False, -1
    return Vetoes(independent, operator)


def corroborated(scored: Scored, links: Whole, entity: Whole) -> Whole:
    """Splits every ring where fewer than two kinds of evidence hold its parts together.

    A cut of a ring that only one kind of evidence crosses is one that a single planted value could have bridged.
    There is none exactly where the telling links still connect the ring after any one kind is left out.

    Args:
        scored: the scored pairs.
        links: positions of the pairs used for grouping.
        entity: ring of each account, shape (N,).

    Returns:
        Rings again, shape (N,), numbered by their smallest member: the largest sets without such a cut. What one
        kind alone attaches stands alone.
    """
    a, b = scored.candidates.a[links], scored.candidates.b[links]
    telling = scored.groups[links] >= TELLING
    while True:
        before = entity
        for kind in range(telling.shape[1]):
            kept = np.delete(telling, kind, axis=1).any(axis=1) & (entity[a] == entity[b])
            entity = _connected(len(entity), a[kept], b[kept])
        if np.array_equal(entity, before):
            return entity


def hanging(scored: Scored, links: Whole, entity: Whole, cored: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Accounts in rings of `LARGE` accounts or more that hang there on one kind of evidence, shape (N,).

    In a ring that has a core the prior odds of a link are one in `CHANCES` times its members at least: whom chance
    makes alike to a member depends on how many members there are to be alike to. Where chance may have made the whole
    ring they are those of the run, which fall with the accounts of the service.

    Args:
        scored: the scored pairs.
        links: positions of the pairs used for grouping.
        entity: ring of each account, shape (N,).
        cored: accounts of rings that have a core (`has_core`), shape (N,).
    """
    a, b, left = _without_each_kind(scored, links, entity)
    members = np.bincount(entity, minlength=len(entity))[entity]
    raised = np.where(cored, np.maximum(-np.log10(CHANCES * members) - scored.prior, 0), 0)
    held = np.full(len(entity), np.inf)
    for odds in left:
        best = np.full(len(entity), -np.inf)
        np.maximum.at(best, a, odds)
        np.maximum.at(best, b, odds)
        held = np.minimum(held, best)
    return np.asarray((members >= LARGE) & (held + raised < LEFT))


def has_core(scored: Scored, links: Whole, entity: Whole) -> NDArray[np.bool_]:
    """Accounts in rings of which at least `LARGE` accounts are firm, shape (N,); arguments as `firm`."""
    size = np.bincount(entity, minlength=len(entity))
    large = size[entity[scored.candidates.a[links]]] >= LARGE
    kept = firm(scored, links[large], entity)
    return np.asarray(np.bincount(entity[kept], minlength=len(entity))[entity] >= LARGE)


def firm(scored: Scored, links: Whole, entity: Whole) -> NDArray[np.bool_]:
    """Accounts that stay in one piece of their ring, the largest, whichever kind of evidence is left out, shape (N,).

    Leaving a kind out takes away what one planted value, or one chance, can have added; the graph network goes with
    it, as it reads all kinds. A link of log10 odds of `FIRM` still ties two accounts then if a third is tied to both:
    in a large ring there is always somebody a little alike, and operators meet in such links (3-truss; Cohen 2008).
    Who falls out is left out of what the others are held by too.

    Args:
        scored: the scored pairs.
        links: positions of the pairs used for grouping.
        entity: ring of each account, shape (N,).
    """
    a, b, left = _without_each_kind(scored, links, entity)
    size = len(entity)
    kept = np.bincount(np.concatenate([a, b]), minlength=size) > 0
    while True:
        before = kept
        for odds in left:
            ties = np.flatnonzero(kept[a] & kept[b] & (odds >= FIRM))
            ties = ties[_in_triangles(size, a[ties], b[ties])]
            tied = np.bincount(np.concatenate([a[ties], b[ties]]), minlength=size) > 0
            piece = _connected(size, a[ties], b[ties])
            kept = kept & tied & (piece == _largest(piece, kept & tied, entity)[entity])
        if np.array_equal(kept, before):
            return kept


def _in_triangles(size: int, a: Whole, b: Whole) -> Whole:
    """Positions of the pairs that are left when those without a third account paired with both go, again and again."""
    kept = np.arange(len(a))
    while len(kept):
        ones = np.ones(len(kept), dtype=np.int32)
        graph = coo_array((ones, (a[kept], b[kept])), shape=(size, size)).tocsr()
        graph += graph.T
        # The product of the graph with itself would have them all, and a hundred times more than is asked for.
        parts = np.array_split(kept, -(-len(kept) // CHUNK))
        closed = np.concatenate([graph[a[of]].multiply(graph[b[of]]).sum(axis=1) > 0 for of in parts])
        if closed.all():
            break
        kept = kept[closed]
    return kept


def _largest(piece: Whole, kept: NDArray[np.bool_], entity: Whole) -> Whole:
    """The piece with most of the kept accounts of each ring, shape (N,); the one with the lowest number of equals."""
    accounts = np.bincount(piece[kept], minlength=len(piece))
    pieces = np.flatnonzero(accounts)
    rising = pieces[np.lexsort((-pieces, accounts[pieces]))]
    largest = np.full(len(piece), -1)
    largest[entity[rising]] = rising  # of equal indices the last is kept
    return largest


def _without_each_kind(scored: Scored, links: Whole, entity: Whole) -> tuple[Whole, Whole, list[Array]]:
    """Ends of the links inside rings, and their log10 odds without each kind of evidence and the graph network.

    What speaks against a link stays.
    """
    a, b = scored.candidates.a[links], scored.candidates.b[links]
    inside = entity[a] == entity[b]
    links, graph = links[inside], GROUPS.index("graph")
    groups = np.maximum(scored.groups[links], 0)
    without = scored.log_odds[links] - groups[:, graph]
    return a[inside], b[inside], [without - groups[:, kind] for kind in range(len(GROUPS)) if kind != graph]


def _connected(size: int, a: Whole, b: Whole) -> Whole:
    """Connected component of each account under the pairs a, b, numbered by its smallest member."""
    graph = coo_array((np.ones(len(a), dtype=np.int8), (a, b)), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    _, first, inverse = np.unique(label, return_index=True, return_inverse=True)
    return np.asarray(first[inverse], dtype=np.int64)
