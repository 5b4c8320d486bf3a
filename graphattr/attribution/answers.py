"""Answers from outside the signals: a controlled purchase, a register's or an issuer's answer, with their reliability.

An answer is no statistic that known rings have, so no curve could be fitted to it. How probable it is under each
hypothesis is a stated guess (`SAYS`), blurred by how reliable its source is; it stands in the evidence matrix as a row
of its own, which a reader may leave out. It moves hypotheses. It never moves what the error control promises: the
score that an attribution goes by is read without it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from graphattr.records import MATRIX

#: Probability that a label or an answer is right, by the reliability of its source (Admiralty; F: cannot be judged).
RELIABILITY: Final = {"A": 0.95, "B": 0.85, "C": 0.7, "D": 0.5, "E": 0.2, "F": 0.5}
#: Start of the names of the matrix rows.
ANSWER_ROW: Final = "answer_"
#: By answer: its meaning, and how probable it is under each hypothesis, in the order of `HYPOTHESES`.
SAYS: Final[dict[str, tuple[str, tuple[float, ...]]]] = {
    "controlled_purchase": (
        "access was bought from a suspected reseller, and accounts of this set served it",
        (0.05, 0.05, 0.9, 0.02, 0.02, 0.1, 0.02),
    ),
    "registrar_answer": (
        "a register ties accounts of this set to one lawful organisation",
        (0.05, 0.05, 0.1, 0.9, 0.1, 0.02, 0.05),
    ),
    "issuer_one_holder": (
        "an issuer says that instruments of this set have one holder",
        (0.9, 0.3, 0.9, 0.9, 0.1, 0.05, 0.02),
    ),
    "issuer_many_holders": (
        "an issuer says that instruments of this set have holders of their own",
        (0.2, 0.9, 0.5, 0.3, 0.9, 0.9, 0.9),
    ),
}


def answers(members: pl.DataFrame, labels: Path | None, events: Path | None) -> pl.DataFrame:
    """The answers that bear on each ring, as rows of the evidence matrix.

    They come as labels whose source is a name of `SAYS`, with their reliability, or as events of that name, whose
    reliability cannot be judged. However many members an answer names it counts once, as reliable as the most reliable
    of them times that member's probability to belong: r P(answer | hypothesis) + (1 - r) x its mean over hypotheses.

    Args:
        members: ring_id, account_id, probability.
        labels: labels.parquet, or None. events: events.parquet, or None.

    Returns:
        Rows of `MATRIX`: value is r, n how many members are named.
    """
    names = list(SAYS)
    told = []
    if labels is not None:
        rows = pl.scan_parquet(labels).select("account_id", answer="source", grade="reliability")
        told.append(rows.filter(pl.col("answer").is_in(names)))
    if events is not None:
        rows = pl.scan_parquet(events).select("account_id", answer="event", grade=pl.lit("F"))
        told.append(rows.filter(pl.col("answer").is_in(names)))
    if not told:
        return pl.DataFrame(schema=MATRIX)
    trust = pl.col("grade").replace_strict(RELIABILITY, default=RELIABILITY["F"], return_dtype=pl.Float64)
    of_ring = (
        pl.concat(told)
        .join(members.lazy().select("ring_id", "account_id", "probability"), on="account_id")
        .group_by("ring_id", "answer")
        .agg(value=(trust * pl.col("probability")).max().round(6), n=pl.col("account_id").n_unique())
        .sort("ring_id", "answer")
        .collect()
    )
    found = [
        (
            ring,
            ANSWER_ROW + name,
            value,
            n,
            "accounts",
            *ratios(name, value),
            f"{SAYS[name][0]} (a stated guess)",
        )
        for ring, name, value, n in of_ring.iter_rows()
    ]
    return pl.DataFrame(found, schema=MATRIX, orient="row")


def ratios(answer: str, reliability: float) -> list[float]:
    """log10 of how probable an answer of a source is under each hypothesis, in their order, over the mean of all."""
    chances = np.array(SAYS[answer][1])
    told = reliability * chances / chances.mean() + (1 - reliability)
    return [float(ratio) + 0.0 for ratio in np.round(np.log10(told), 6)]
