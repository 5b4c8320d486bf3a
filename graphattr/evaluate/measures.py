"""What is measured over accounts, each as a ratio of sums, so one bootstrap serves them all.

* precision, recall: B-cubed over all accounts of the stratum; f1 their harmonic mean. `pairwise_` the same by
  pairs, a pair counted half at each of its accounts.
* wrong_in_rings: accounts that are not of their ring's largest controller, over all accounts in rings of
  every kind; wrong_in_leads and wrong_in_attributed: the same over rings with that status (a lead counts
  what is attributed too). The sum over a ring is its size less its largest controller, whatever the ties.
* innocent_in_...: innocent accounts over the accounts of those rings.
* attributed: accounts in attributed rings, over all in rings; what is left is the share abstained.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from graphattr.evaluate.partition import per_account
from graphattr.records import Status

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ratio:
    """A measure: the sum of `above` over accounts, divided by the sum of `below`."""

    name: str
    above: Floats
    below: Floats


#: F1 and its parts: name, precision, recall.
HARMONIC = (("f1", "precision", "recall"), ("pairwise_f1", "pairwise_precision", "pairwise_recall"))


def ratios(accounts: pl.DataFrame) -> list[Ratio]:
    """The measures of `Judged.accounts`, in its row order."""
    terms = per_account(accounts["label"].to_numpy(), accounts["owner"].to_numpy())
    one = np.ones(accounts.height)
    right = (terms.together - 1) / 2
    found = [
        Ratio("precision", terms.together / terms.ring, one),
        Ratio("recall", terms.together / terms.controller, one),
        Ratio("pairwise_precision", right, (terms.ring - 1) / 2),
        Ratio("pairwise_recall", right, (terms.controller - 1) / 2),
    ]
    status = accounts["status"].fill_null("")
    placed = accounts["ring_id"].is_not_null()
    stands = {
        "rings": placed,
        "leads": status.is_in([Status.LEAD.value, Status.ATTRIBUTED.value]),
        "attributed": status == Status.ATTRIBUTED.value,
    }
    for name, where in stands.items():
        here = where.cast(pl.Float64).to_numpy()
        for column in ("wrong", "innocent"):
            found.append(Ratio(f"{column}_in_{name}", here * accounts[column].to_numpy(), here))
    known = stands["attributed"].cast(pl.Float64).to_numpy()
    return [*found, Ratio("attributed", known, placed.cast(pl.Float64).to_numpy())]
