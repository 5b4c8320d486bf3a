"""What is measured over accounts, each as a ratio of sums, so one bootstrap serves them all.

Their definitions in words stand in `words.MEASURES`, which the page prints and docs/measures.md repeats.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl

from graphattr.evaluate.bootstrap import Floats
from graphattr.evaluate.partition import per_account
from graphattr.evaluate.ratios import Ratio
from graphattr.records import Status

PER: float = 10_000.0
#: A change of hands is told right within so long.
NEAR: timedelta = timedelta(days=1)


def ratios(accounts: pl.DataFrame) -> list[Ratio]:
    """The measures of `Judged.accounts`, in its row order."""
    status = accounts["status"].fill_null("")
    placed = accounts["ring_id"].is_not_null()
    stands = {
        "rings": _number(placed),
        "leads": _number(status.is_in([Status.LEAD.value, Status.ATTRIBUTED.value])),
        "attributed": _number(status == Status.ATTRIBUTED.value),
    }
    abstained = _number(placed & (status == Status.NOT_ATTRIBUTABLE.value))
    operated = _number(~accounts["innocent"])
    return [
        *_agreement(accounts, np.ones(accounts.height), ""),
        *_agreement(accounts.filter(~pl.col("innocent")), operated, "non_innocent_"),
        *_agreement(accounts, stands["attributed"], "attributed_"),
        *_wrong(accounts, stands),
        Ratio("attributed", stands["attributed"], stands["rings"]),
        Ratio("abstained", abstained, stands["rings"]),
        Ratio("power", operated * stands["attributed"], operated),
        Ratio("power_right", operated * stands["attributed"] * accounts["right"].to_numpy(), operated),
        Ratio("power_in_leads", operated * stands["leads"], operated),
        *_naming(accounts, operated),
        *_reach(accounts, operated),
        *_hands(accounts, placed),
    ]


def _number(there: pl.Series) -> Floats:
    return there.cast(pl.Float64).to_numpy()


def _agreement(chosen: pl.DataFrame, weight: Floats, over: str) -> list[Ratio]:
    """B-cubed and pairwise among the `chosen` accounts.

    `weight` is 1 for the rows of all accounts that the measure is taken over: the chosen, or some of them.
    """
    place = np.arange(len(weight)) if chosen.height == len(weight) else np.flatnonzero(weight)
    terms = per_account(chosen["label"].to_numpy(), chosen["owner"].to_numpy())
    together, ring, controller = (
        _spread(part, place, len(weight)) for part in (terms.together, terms.ring, terms.controller)
    )
    pairs = weight * (together - 1) / 2
    return [
        Ratio(f"{over}precision", weight * together / ring, weight),
        Ratio(f"{over}recall", weight * together / controller, weight),
        Ratio(f"{over}pairwise_precision", pairs, weight * (ring - 1) / 2),
        Ratio(f"{over}pairwise_recall", pairs, weight * (controller - 1) / 2),
    ]


def _spread(part: Floats, place: np.ndarray[tuple[int], np.dtype[np.int64]], size: int) -> Floats:
    whole = np.ones(size)
    whole[place] = part
    return whole


def _wrong(accounts: pl.DataFrame, stands: dict[str, Floats]) -> list[Ratio]:
    wrong, innocent = accounts["wrong"].to_numpy(), _number(accounts["innocent"])
    everybody = np.ones(accounts.height)
    found = []
    for name, here in stands.items():
        found += [
            Ratio(f"wrong_in_{name}", here * wrong, here),
            Ratio(f"wrong_in_{name}_of_all", here * wrong, everybody),
            Ratio(f"innocent_in_{name}", here * innocent, here),
            Ratio(f"innocent_in_{name}_per_10000", here * innocent, everybody, PER),
        ]
    return found


def _naming(accounts: pl.DataFrame, operated: Floats) -> list[Ratio]:
    """The name that an account's ring bears, against the account's own operator; no majority plays a part."""
    named = _number(accounts["said"].is_not_null())
    right = _number((accounts["said"] == accounts["operator"]).fill_null(False))
    known = _number(accounts["known"]) * operated
    unknown, innocent = operated - known, 1.0 - operated
    return [
        Ratio("known_named", known * named, known),
        Ratio("known_named_right", known * named * right, known * named),
        Ratio("unknown_named", unknown * named, unknown),
        Ratio("innocent_named", innocent * named, innocent),
        Ratio("named_right", named * right, named),
    ]


def _reach(accounts: pl.DataFrame, operated: Floats) -> list[Ratio]:
    """What the links reach, over non-innocent accounts whose controller has another account to reach."""
    several = accounts.select(pl.len().over("owner") > 1).to_series()
    over = operated * _number(several)
    return [
        Ratio("linked_inside", over * _number(accounts["linked"]), over),
        Ratio("largest_piece", over * _number(accounts["largest"]), over),
    ]


def _hands(accounts: pl.DataFrame, placed: pl.Series) -> list[Ratio]:
    """Since when members are in their ring's hands, over those whose controller bought them."""
    bought, said = _number(placed & accounts["bought"].is_not_null()), accounts["since"].is_not_null()
    told = _number(placed & accounts["handed"] & said)
    near = (accounts["since"] - accounts["bought"]).abs() <= NEAR
    return [
        Ratio("hands_told", bought * _number(near.fill_null(value=False)), bought),
        Ratio("hands_wrong", told * _number(accounts["bought"].is_null()), told),
    ]
