"""The pieces of evidence of a pair, group by group: as figures for a table, and as sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from graphattr.evidence.document import Code, Figure, Part, Quote, Sentence
from graphattr.evidence.figures import Figures
from graphattr.evidence.pair_rules import evidence_of, ledger_of
from graphattr.records import GROUPS

#: Rounding of six decimals, many times over, may add up to this; what a cap cuts off is more.
ROUNDING: Final = 1e-5


@dataclass(frozen=True)
class PieceRow:
    """One piece of evidence.

    Attributes:
        signal, value: what it is; no value for a likeness and for what is not shared.
        counts: whether it is in its group's sum; otherwise a stronger one stands in its place.
        log10_lr: of this piece alone.
        reason: in neutral words.
    """

    signal: str
    value: str | None
    counts: bool
    log10_lr: Figure
    reason: str


@dataclass(frozen=True)
class GroupSum:
    """One group of evidence.

    Attributes:
        log10_lr: what the group adds to the log10 odds.
        cut: what its cap took off the sum of the pieces that count; None where it took nothing.
        pieces: those that count, the strongest for the link first; then those that do not.
    """

    group: str
    log10_lr: Figure
    cut: Figure | None
    pieces: tuple[PieceRow, ...]


def group_sums(figures: Figures, a: str, b: str) -> tuple[GroupSum, ...]:
    """Every group with a piece of evidence or a part in the link, the strongest for the link first."""
    ledger = ledger_of(figures.case, a, b)
    evidence = evidence_of(figures.case, a, b).sort(
        ["used", "log10_lr", "signal", "value"], descending=[True, True, False, False]
    )
    found = []
    for group in sorted(GROUPS, key=lambda name: -ledger.parts[name]):
        pieces = tuple(
            PieceRow(
                signal, value, used, figures.get("piece.lr", a, b, group, *piece_args(signal, value)), reason
            )
            for signal, value, used, reason in evidence.filter(pl.col("group") == group)
            .select("signal", "value", "used", "reason")
            .iter_rows()
        )
        if pieces or ledger.parts[group]:
            cut = figures.get("link.cut", a, b, group)
            told = cut if abs(float(cut.value or 0)) > ROUNDING else None
            found.append(GroupSum(group, figures.get("link.group", a, b, group), told, pieces))
    return tuple(found)


def piece_args(signal: str, value: str | None) -> tuple[str, ...]:
    """How rules are told of a piece within its group."""
    return (signal,) if value is None else (signal, value)


def spoken_pieces(
    figures: Figures, a: str, b: str, groups: tuple[GroupSum, ...], *, against: bool
) -> tuple[Sentence, ...]:
    """The pieces that count for the link, or against it, under their groups; the strongest first."""
    lines: list[Sentence] = []
    for one in reversed(groups) if against else groups:
        if against == (float(one.log10_lr.value or 0) < 0):
            lines.append((f"{one.group}: ", one.log10_lr))
        pieces = [piece for piece in one.pieces if piece.counts and _against(piece) == against]
        for piece in reversed(pieces) if against else pieces:
            lines.append((f"{one.group}, counts: ", Quote(piece.reason), " (", *named(piece), ")"))
        # A cap takes off whichever side is the stronger one.
        if one.cut is not None and (float(one.cut.value or 0) < 0) == against:
            lines.append((f"{one.group}, cut at the cap of the group: ", one.cut))
    idle = figures.get("link.idle", a, b)
    if not against and idle.value != "0":
        lines.append(("Pieces that add nothing beside a stronger one of their kind: ", idle, "."))
    return tuple(lines)


def named(piece: PieceRow) -> Sentence:
    """The piece by its signal and value, with its weight."""
    value: list[Part] = [] if piece.value is None else [" ", Code(piece.value)]
    return (Code(piece.signal), *value, " ", piece.log10_lr)


def _against(piece: PieceRow) -> bool:
    return float(piece.log10_lr.value or 0) < 0
