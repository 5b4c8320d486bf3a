"""A case in which a member changed hands."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import polars as pl

from graphattr.evidence.case import Case

from .runs import START

#: When it was sold.
SOLD = START + timedelta(days=2)


def handed(case: Case, last: timedelta = timedelta(days=1)) -> Case:
    """acc-a2 as sold: another device from a change of its password on, two days after all that links it."""
    devices = pl.DataFrame(
        [
            ("acc-a2", "device", "phone", None, START, START + last, 1, 90),
            ("acc-a2", "device", "laptop", None, SOLD, SOLD + timedelta(days=1), 1, 91),
        ],
        schema=case.tables["holdings"].schema,
        orient="row",
    )
    reset = pl.DataFrame(
        {"row": [1], "account_id": ["acc-a2"], "observed_at": [SOLD], "event": ["password_reset"]},
        schema=case.tables["signals/events"].schema,
    )
    added = {"holdings": devices, "signals/events": reset}
    return replace(case, tables=case.tables | {n: pl.concat([case.tables[n], f]) for n, f in added.items()})
