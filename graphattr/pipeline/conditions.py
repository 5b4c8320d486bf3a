"""What an attribution asks of a ring: the conditions that its firm part meets, and the error control's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphattr.attribution.control import LEAST_SIZE, Attributed, CalibrationRings, attribute, threshold
from graphattr.records import CONDITIONS
from graphattr.settings import AttributionSettings
from models import KnownRings

#: Hypotheses under which somebody controls the accounts and hides it.
CONTROLLED: Final = ("single_operator", "contractors", "reseller")
#: Evidence of so many kinds at least, for a lead.
LEAST_GROUPS: Final = 2
#: A ring that is more likely innocent than not is never attributed, whatever the settings.
LEAST_CONTROLLED: Final = 0.5
#: Log10 odds that all parts of a firm part share a controller, where that is least sure (`attribution.seams`), and
#: those of the ring that it is part of: two operators who were taken for one show in all that they share.
LEAST_SEAM, LEAST_WHOLE_SEAM = 0.0, 1.0
#: A firm part is at least so much of its ring: an attribution is of a ring, not of the best evidence that lies in it.
LEAST_PART: Final = 0.6
#: Tables that the rings with known truth were found with, with their times: without one of them they say nothing.
NEEDED: Final = ("payments", "ips", "devices", "usage", "events")


def _size(settings: AttributionSettings) -> float:
    return float(max(LEAST_SIZE, settings.lead_size))


def _control(settings: AttributionSettings) -> float:
    return max(settings.lead_probability, LEAST_CONTROLLED)


#: What must be at least so much: a figure of a firm part or its ring, and how much, by name.
_OF_RING: Final[dict[str, tuple[pl.Expr, Callable[[AttributionSettings], float]]]] = {
    "firm_accounts": (pl.col("size").cast(pl.Float64), _size),
    "firm_share": (pl.col("size") / pl.col("whole"), lambda _: LEAST_PART),
    "control": (pl.col("controlled"), _control),
    "evidence_groups": (pl.col("groups"), lambda _: float(LEAST_GROUPS)),
    # What hangs on one value may have been planted.
    "no_single_value": (pl.col("weakest_point").is_null().cast(pl.Float64), lambda _: 1.0),
    # What would rather come apart may be of two controllers.
    "seam": (pl.col("seam"), lambda _: LEAST_SEAM),
    "whole_seam": (pl.col("whole_seam"), lambda _: LEAST_WHOLE_SEAM),
}


def eligible(rings: pl.DataFrame, settings: AttributionSettings) -> pl.Series:
    """Which firm parts of rings may be attributed at all: those of calibration rings pass the same filter.

    Args:
        rings: size, controlled, groups and seam of the part, weakest_point, whole and whole_seam of the ring.
        settings: lead_probability, lead_size.
    """
    met = [(_known(value) >= least(settings)).fill_null(value=False) for value, least in _OF_RING.values()]
    return rings.select(pl.all_horizontal(met).alias("eligible")).to_series()


def _known(figure: pl.Expr) -> pl.Expr:
    """The figure, null where it is no finite number: what no number was found for is not met."""
    return pl.when(figure.is_finite()).then(figure)


@dataclass(frozen=True)
class Allowed:
    """What the error control makes of rings.

    Attributes:
        eligible: which may be attributed at all, one boolean a ring.
        least: score from which on rings are attributed; infinite where no score is right enough, or nothing is known.
        told: of the eligible rings, in their order.
    """

    eligible: pl.Series
    least: float
    told: Attributed

    @property
    def attributed(self) -> pl.Series:
        """Which rings are attributed, one boolean a ring."""
        return pl.Series(_spread(self.told.chosen, self.eligible, fill=False))


def allow(
    rings: pl.DataFrame, settings: AttributionSettings, known: KnownRings, cases: pl.DataFrame | None = None
) -> Allowed:
    """Which rings the error control lets be attributed.

    Args:
        rings: rings with firm parts: ring_id, score of the part and what `eligible` reads.
        settings: alpha and what `eligible` reads.
        known: rings with known truth.
        cases: ring_id, wrong of rings of this run that labels tell the truth of: they calibrate too.
    """
    may = eligible(rings, settings)
    some = rings.filter(may)
    names = sorted(set(known.family))
    own = some.join(cases, on="ring_id") if cases is not None else some.clear()
    closed = CalibrationRings(
        own["score"].to_numpy(),
        own["size"].to_numpy(),
        own["wrong"].to_numpy() if own.height else np.empty(0),
    )
    calibration, tuning = [], []
    if known.tuning is not None:
        calibration = [_family(known, name, settings) + closed for name in names]
        tuning = [_family(known.tuning, name, settings) for name in names]
    least = threshold(tuning, settings.alpha)
    score, size = some["score"].to_numpy(), some["size"].to_numpy()
    return Allowed(may, least, attribute(score, size, calibration, settings.alpha, least))


def _family(known: KnownRings, name: str, settings: AttributionSettings) -> CalibrationRings:
    """The known rings of one family that pass the same filter as a run's rings."""
    here = np.array([family == name for family in known.family], dtype=np.bool_)
    here &= known.controlled >= _control(settings)
    here &= known.size >= _size(settings)
    return CalibrationRings(known.score, known.size, known.wrong)[here]


def conditions(
    rings: pl.DataFrame, settings: AttributionSettings, known: KnownRings, there: Allowed, tables: int
) -> pl.DataFrame:
    """What an attribution asks of each ring, as `CONDITIONS`, sorted by ring_id and then as they are listed there.

    Args:
        rings, settings, known: as for `allow`.
        there: what it said of them.
        tables: number of `NEEDED` tables with times in the run.
    """
    e_value, needed = (
        _spread(told, there.eligible, np.nan) for told in (there.told.e_value, there.told.needed)
    )
    asked: dict[str, tuple[pl.Expr | pl.Series, pl.Expr | pl.Series]] = {
        "tables": (pl.lit(float(tables)), pl.lit(float(len(NEEDED)))),
        "known_rings": (pl.lit(0.0 if known.tuning is None else float(len(known))), pl.lit(1.0)),
        **{name: (value, pl.lit(least(settings))) for name, (value, least) in _OF_RING.items()},
        "score": (pl.col("score"), pl.lit(there.least)),
        "e_value": (pl.Series(e_value), pl.Series(needed)),
    }
    parts = [
        rings.select("ring_id", condition=pl.lit(name), value=value, needed=least)
        for name, (value, least) in asked.items()
    ]
    figures = {name: _known(pl.col(name)) for name in ("value", "needed")}
    table = pl.concat(parts).with_columns(**figures).sort("ring_id", maintain_order=True)
    met = (pl.col("value") >= pl.col("needed")).fill_null(value=False)
    return table.with_columns(met=met).select(*CONDITIONS).cast(pl.Schema(CONDITIONS))


def _spread(values: NDArray[np.generic], where: pl.Series, fill: float) -> NDArray[np.generic]:
    """The values of some rings at their places, `fill` at the others."""
    spread = np.full(len(where), fill, dtype=values.dtype)
    spread[where.to_numpy()] = values
    return spread
