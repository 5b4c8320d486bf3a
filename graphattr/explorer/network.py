"""A ring as a graph to be drawn: members, and the shared values that tie them together.

Accounts hang on the values they share rather than on each other: n accounts on one device are n lines, not
n^2. A link that rests on likeness alone (no shared value) is drawn only where nothing else joins its ends.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import numpy as np
import polars as pl

from graphattr.explorer import queries
from graphattr.explorer.layout import positions
from graphattr.explorer.runs import Run
from graphattr.explorer.text import count, percent, plural, shown
from graphattr.explorer.words import GROUP, TIER, signal
from graphattr.records import Tier

RAW: Final = 1_500  # nodes drawn one by one; above, alike accounts are folded
MOST: Final = 5_000  # nodes drawn at all
CLEAR: Final = 400  # ties up to here are all drawn; above, if more than DENSE a node, those that join
DENSE: Final = 1.2
_LABEL: Final = 20
_STRENGTH = {tier: i for i, tier in enumerate(Tier)}


@dataclass(frozen=True)
class Node:
    """One mark of the drawing.

    Attributes:
        id: `a:` and an account, `v:` and a signal and value, or `f:` and a number for folded accounts.
        label: short text beside the mark.
        title: lines of the tooltip, the first one its head.
        size: radius in pixels.
        tone: name of its colour: a tier for accounts, an evidence group for values.
        accounts: the accounts it stands for; none for a value.
    """

    id: str
    label: str
    title: tuple[str, ...]
    size: float
    tone: str
    accounts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Drawing:
    """Nodes with places, edges between positions in nodes (tone last), and what was left out, in words."""

    nodes: tuple[Node, ...]
    edges: tuple[tuple[int, int, str], ...]
    x: tuple[float, ...]
    y: tuple[float, ...]
    left_out: tuple[str, ...] = ()
    where: dict[str, str] = field(
        default_factory=dict, compare=False
    )  # account to the node that stands for it


def account_node(account: str) -> str:
    """Id of an account's node."""
    return f"a:{account}"


def value_node(signal_name: str, value: str) -> str:
    """Id of a value's node."""
    return f"v:{signal_name}:{value}"


@lru_cache(maxsize=32)
def drawing(run: Run, ring_id: str, raw: int = RAW, most: int = MOST) -> Drawing:
    """The ring's graph, placed: above `raw` nodes alike accounts are folded, above `most` some left out."""
    members = queries.members(run, ring_id)
    values = queries.shared_values(run, ring_id).filter(
        pl.col("used"), pl.col("log10_lr") > 0, pl.col("members") >= 2
    )
    held = queries.holders(run, ring_id).join(values, on=["signal", "value"], how="semi")
    ties: dict[str, set[str]] = {account: set() for account in members["account_id"]}
    for account, name, value in held.select("account_id", "signal", "value").iter_rows():
        ties[account].add(value_node(name, value))
    likeness, more = _likeness(queries.links(run, ring_id), ties)
    notes = []
    if more:
        notes.append(f"Not drawn: {plural(more, 'link')} by likeness alone.")
    weak = queries.shared_values(run, ring_id).height - values.height
    if weak:
        notes.append(
            f"Not drawn: {plural(weak, 'shared value')} that add{'s' if weak == 1 else ''} nothing to a link."
        )
    accounts = [_account(row) for row in members.iter_rows(named=True)]
    if len(accounts) + values.height > raw:
        accounts, folded = _fold(accounts, ties, {a for pair in likeness for a in pair})
        if folded:
            notes.append(
                f"{plural(folded, 'account')} with the same shared values as others drawn as one mark."
            )
    accounts, values, cut = _cut(accounts, values, most)
    notes += cut
    nodes = [*accounts, *(_value(row) for row in values.iter_rows(named=True))]
    return _assemble(nodes, ties, likeness, notes)


class _Parts:
    """Which names hang together so far (union by path halving)."""

    def __init__(self) -> None:
        self._root: dict[str, str] = {}

    def find(self, name: str) -> str:
        root = self._root
        while root.setdefault(name, name) != name:
            root[name] = root[root[name]]
            name = root[name]
        return name

    def join(self, one: str, other: str) -> bool:
        """Joins two names; False if they hung together already."""
        a, b = self.find(one), self.find(other)
        self._root[a] = b
        return a != b


def _assemble(
    nodes: list[Node], ties: dict[str, set[str]], likeness: list[tuple[str, str]], notes: list[str]
) -> Drawing:
    rank = {node.id: i for i, node in enumerate(nodes)}
    lines = [
        (node.id, value, "edge")
        for node in nodes
        for account in node.accounts[:1]
        for value in ties[account]
        if value in rank
    ]
    lines.sort(key=lambda line: (rank[line[1]], rank[line[0]]))  # the strongest value first
    if len(lines) > max(CLEAR, DENSE * len(nodes)):
        before, lines = len(lines), _joining(lines, nodes)
        weaker = plural(before - len(lines), "weaker tie")
        notes.append(f"Drawn: the strongest ties that join the ring; {weaker} stand in the tables.")
    where = {account: node.id for node in nodes for account in node.accounts}
    lines += [(where[a], where[b], "likeness") for a, b in likeness if a in where and b in where]
    tied = {end for a, b, _ in lines for end in (a, b)}
    kept = [node for node in nodes if node.accounts or node.id in tied]
    at = {node.id: i for i, node in enumerate(kept)}
    edges = [(at[a], at[b], tone) for a, b, tone in lines]
    pairs = np.array([(a, b) for a, b, _ in edges], dtype=np.int64).reshape(-1, 2)
    placed = np.round(positions(len(kept), pairs), 3)
    x, y = (tuple(placed[:, k].tolist()) for k in (0, 1))
    return Drawing(tuple(kept), tuple(edges), x, y, tuple(notes), where)


def _joining(lines: list[tuple[str, str, str]], nodes: list[Node]) -> list[tuple[str, str, str]]:
    """Of ties from the strongest on, those that join two parts; a value left with one account joins none."""
    parts = _Parts()
    forest = [line for line in lines if parts.join(line[0], line[1])]
    size = {node.id: len(node.accounts) for node in nodes}
    tied: Counter[str] = Counter()
    for account, value, _ in forest:
        tied[value] += size[account]
    return [line for line in forest if tied[line[1]] > 1]


def _likeness(links: pl.DataFrame, ties: dict[str, set[str]]) -> tuple[list[tuple[str, str]], int]:
    """Links between accounts without a drawn value in common: those that join two parts; how many more."""
    parts = _Parts()
    for account, values in ties.items():
        for value in values:
            parts.join(account_node(account), value)
    drawn, more = [], 0
    for a, b in links.select("account_a", "account_b").iter_rows():
        if ties[a] & ties[b]:
            continue
        if parts.join(account_node(a), account_node(b)):
            drawn.append((a, b))
        else:
            more += 1
    return drawn, more


def _fold(accounts: list[Node], ties: dict[str, set[str]], kept: set[str]) -> tuple[list[Node], int]:
    alike: dict[tuple[str, frozenset[str]], list[Node]] = {}
    for node in accounts:
        account = node.accounts[0]
        alone = account in kept or not ties[account]
        alike.setdefault((node.tone, frozenset(ties[account]) | ({account} if alone else set())), []).append(
            node
        )
    out, folded = [], 0
    for number, ((tone, _), nodes) in enumerate(alike.items()):
        if len(nodes) == 1:
            out.append(nodes[0])
            continue
        folded += len(nodes)
        inside = tuple(node.accounts[0] for node in nodes)
        title = (
            plural(len(nodes), "account"),
            f"{TIER[Tier(tone)]}, with the same shared values",
            *_first(inside),
        )
        out.append(
            Node(f"f:{number}", plural(len(nodes), "account"), title, _size(len(nodes), 5, 2.5), tone, inside)
        )
    return out, folded


def _cut(accounts: list[Node], values: pl.DataFrame, most: int) -> tuple[list[Node], pl.DataFrame, list[str]]:
    """What is drawn at most: values in half of the room, those of most members first; the surest accounts."""
    notes = []
    if len(accounts) + values.height > most and values.height > most // 2:
        notes.append(f"Not drawn: {plural(values.height - most // 2, 'shared value')} of the fewest members.")
        values = values.sort("members", descending=True, maintain_order=True).head(most // 2)
    room = most - values.height
    if len(accounts) > room:
        notes.append(
            f"Not drawn: {plural(len(accounts) - room, 'mark')} of the least sure accounts; see the table."
        )
        accounts = accounts[:room]
    return accounts, values, notes


def _first(accounts: Iterable[str]) -> tuple[str, ...]:
    names = [shown(a, 40) for a in accounts]
    return (*names[:5], *([f"and {count(len(names) - 5)} more"] if len(names) > 5 else []))


def _size(amount: float, base: float, per_doubling: float) -> float:
    return round(base + per_doubling * math.log2(max(amount, 1)), 1)


def _account(row: dict[str, Any]) -> Node:
    span = f"{percent(row['low'])} to {percent(row['high'])}"
    title = [
        shown(row["account_id"], 60),
        f"{TIER[Tier(row['tier'])]}: {percent(row['probability'])} ({span})",
    ]
    if row["requests"] is not None:
        title.append(plural(row["requests"], "exchange"))
    requests = math.log10(1 + (row["requests"] or 0))
    size = round(4.5 + 1.1 * requests, 1)
    account = row["account_id"]
    return Node(account_node(account), shown(account, _LABEL), tuple(title), size, row["tier"], (account,))


def _value(row: dict[str, Any]) -> Node:
    title = (
        f"{signal(row['signal'])} {shown(row['value'], 60)}",
        GROUP[row["group"]] + (f", {shown(row['kind'], 30)}" if row["kind"] else ""),
        f"held by {count(row['members'])} here, {plural(row['holders'], 'account')} in all",
    )
    label = shown(row["value"], _LABEL)
    return Node(
        value_node(row["signal"], row["value"]), label, title, _size(row["members"], 3.5, 1.2), row["group"]
    )
