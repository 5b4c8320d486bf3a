"""The sum behind a link: its pieces by group and slot, and the fewest of them without which the link turns.

Everything is counted in millionths, the decimals that the tables state, so that sums are exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: What a log10 figure of the tables is multiplied by.
MILLIONTHS: Final = 1_000_000

Whole = NDArray[np.int64]


@dataclass(frozen=True, order=True)
class Piece:
    """One row of evidence of a pair.

    Attributes:
        group, signal: names.
        value: the shared value; None for what names none.
        kind: class of the value.
        weight: log10 likelihood ratio in millionths.
        used: it counts; otherwise it stands behind a stronger one of its slot.
    """

    group: str
    signal: str
    value: str | None
    kind: str | None
    weight: int
    used: bool


#: A piece that counts, then those that would take its place one after the other.
Slot = tuple[Piece, ...]


@dataclass(frozen=True)
class Ledger:
    """A link as a sum, all in millionths.

    Attributes:
        prior: log10 prior odds.
        parts: what each group adds to the link, as links.parquet states it.
        slots: by group; a group's part is the sum of the first piece of each of its slots, cut at its cap.
        caps: largest part of a group, either way; none where the run states none.
    """

    prior: int
    parts: Mapping[str, int]
    slots: Mapping[str, tuple[Slot, ...]]
    caps: Mapping[str, int]

    @property
    def log_odds(self) -> int:
        """log10 posterior odds of the link."""
        return self.prior + sum(self.parts.values())

    def cut(self, group: str, total: int) -> int:
        """The group's part when its pieces sum to `total`; what the pieces do not account for stays as it is."""
        stated = sum(slot[0].weight for slot in self.slots.get(group, ()))
        return self.parts[group] + self._within(group, total) - self._within(group, stated)

    def _within(self, group: str, total: int) -> int:
        cap = self.caps.get(group)
        return total if cap is None else max(-cap, min(cap, total))


@dataclass(frozen=True)
class Removal:
    """Pieces whose removal turns a link, strongest first, and the log10 odds that stay, in millionths."""

    pieces: tuple[Piece, ...]
    log_odds: int


def millionths(value: float | None) -> int:
    """A log10 figure of a table as a whole number of millionths; 0 for none."""
    return round((value or 0.0) * MILLIONTHS)


def slots_of(pieces: Iterable[Piece]) -> dict[str, tuple[Slot, ...]]:
    """The slots of a pair's pieces, by group.

    The tables do not name slots, and a slot is one of a signal and class, of a signal, or of a group (pieces that
    no training saw). A piece that does not count stands behind one that does and weighs no less: of the same signal
    and class, else of the same class, else of the same signal, else of the same group.
    """
    ordered = sorted(pieces, key=lambda p: (-p.weight, p.signal, p.value or ""))
    used = [piece for piece in ordered if piece.used]
    behind: dict[Piece, list[Piece]] = {piece: [] for piece in used}
    for piece in ordered:
        if not piece.used:
            first = _stands_behind(piece, used)
            if first is not None:
                behind[first].append(piece)
    groups = sorted({piece.group for piece in used})
    return {
        group: tuple((piece, *behind[piece]) for piece in used if piece.group == group) for group in groups
    }


def _stands_behind(piece: Piece, used: Sequence[Piece]) -> Piece | None:
    others = [one for one in used if one.group == piece.group and one.weight >= piece.weight]
    # A value's own class says more of its slot than its signal does: untrained classes of a group share one.
    ranked = (
        (one.signal == piece.signal and one.kind == piece.kind and one.value is not None,
         one.kind == piece.kind and one.kind is not None,
         one.signal == piece.signal,
         one.value is not None)
        for one in others
    )  # fmt: skip
    # `max` keeps the first of equals: the strongest.
    return max(zip(ranked, others, strict=True), key=lambda pair: pair[0], default=(None, None))[1]


def least_removal(ledger: Ledger) -> Removal | None:
    """The fewest pieces without which the probability is below one half, and of such sets the one that leaves least.

    Only pieces that speak for the link are removed. Exact for any number of them: of a slot its strongest go one
    after the other, and each time the next one counts; slots add up; and a group's part rises with its sum. So the
    least sum for every number of removals is all that slots, then groups, need to hand on (min-plus convolution).

    Returns:
        None if no removal gets there. No pieces if the probability is below one half as it is.
    """
    total = _NOTHING
    for group in ledger.parts:
        of_group = _NOTHING
        for slot in ledger.slots.get(group, ()):
            of_group = of_group.plus(_of_slot(slot))
        cut = np.array([ledger.cut(group, int(value)) for value in of_group.sums], dtype=np.int64)
        total = total.plus(_Least(cut, of_group.chosen))
    reached = np.flatnonzero(ledger.prior + total.sums < 0)
    if not len(reached):
        return None
    count = int(reached[0])
    pieces = sorted(total.chosen(count), key=lambda p: (-p.weight, p.group, p.signal, p.value or ""))
    return Removal(tuple(pieces), ledger.prior + int(total.sums[count]))


@dataclass(frozen=True)
class _Least:
    """The least sum for every number of pieces removed, and the pieces that give it.

    Attributes:
        sums: by the number removed, shape (n + 1,).
        chosen: the pieces behind one of them.
    """

    sums: Whole
    chosen: Callable[[int], Slot]

    def plus(self, other: _Least) -> _Least:
        """The least sums of both together."""
        size = len(self.sums) + len(other.sums) - 1
        sums = np.full(size, np.iinfo(np.int64).max)
        of_other = np.zeros(size, dtype=np.int64)
        for count, value in enumerate(other.sums):
            part = slice(count, count + len(self.sums))
            better = self.sums + value < sums[part]
            sums[part] = np.where(better, self.sums + value, sums[part])
            of_other[part] = np.where(better, count, of_other[part])

        def chosen(count: int) -> Slot:
            return self.chosen(count - int(of_other[count])) + other.chosen(int(of_other[count]))

        return _Least(sums, chosen)


_NOTHING: Final = _Least(np.zeros(1, dtype=np.int64), lambda _: ())


def _of_slot(slot: Slot) -> _Least:
    removable = sum(piece.weight > 0 for piece in slot)
    sums = [piece.weight for piece in slot][: removable + 1]
    # When the last one is gone nothing is left to count.
    return _Least(np.array([*sums, 0][: removable + 1], dtype=np.int64), lambda count: slot[:count])
