"""What a user's own labels do to the calibration of links: `python benchmarks/labels.py [--worlds N] [--seed N]`.

With `--scale S` the model's evidence is scaled beforehand, so that it is about right (.8 in family A) or too weak, and
with `--wrong SHARE` so many of the labels of takedowns stand on accounts that had none.

In each simulated world the labels of 3, 10 and 30 takedowns are kept (the operators with the most labelled accounts,
and all verified independents), and pairs are scored and grouped as a run does, with and without the recalibration.
Everything but the rings is measured on candidate pairs that are not both labelled. `fitted` is the shipped model, and
`guided` the parameters that a run falls back on where signals are of kinds that no training saw.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import numpy as np
import polars as pl

from graphattr.evaluate.partition import bcubed
from graphattr.evaluate.scores import cllr, ece, penalties
from graphattr.links.recalibration import Labelled, Recalibration, recalibration, tempered
from graphattr.links.score import Scored
from graphattr.pipeline import grouping as stage
from graphattr.pipeline.reading import read_signals
from graphattr.rings.group import Grouping
from graphattr.settings import Settings
from graphattr.simulate import simulate
from models import field_guided_model
from models.joining import shipped_joining
from models.linkage import Linkage, shipped_linkage

TAKEDOWNS = (3, 10, 30)
MODELS: Final[dict[str, Callable[[], Linkage]]] = {
    "fitted": shipped_linkage,
    "guided": lambda: Linkage(field_guided_model()),
}
FIGURES = ("cllr", "cost", "ece", "bcubed", "wrong")
HOW_TO_READ = """
cllr: of all candidate pairs that are not both labelled. cost: bits of their probabilities, as a share of what the
share of true pairs among them alone would cost. ece: of those with a probability of .01 or more, ten intervals.
bcubed: F1 of the rings before members are weighed, over all accounts. wrong: accounts in such rings that are
not of the ring's largest controller. Means over worlds, without -> with; worst: largest change of cost in a world.
"""


@dataclass(frozen=True)
class Told:
    """What a run makes of pairs, and of rings before members are weighed."""

    scored: Scored
    grouping: Grouping
    said: Recalibration


def grouped(signals: stage.Signals, out: Path, linkage: Linkage, *, heed: bool) -> Told:
    """Scores and groups; without heed to what labels say of calibration they only veto."""
    said: list[Recalibration] = []

    def listened(scored: Scored, labelled: Labelled) -> Recalibration:
        said.append(recalibration(scored, labelled) if heed else Recalibration())
        return said[-1]

    with patch.object(stage, "recalibration", listened):
        weighed = stage.weigh(signals, out, Settings(), linkage, lambda _name, _done: None)
    return Told(weighed.scored, stage.rings_of(weighed, Settings(), shipped_joining().join), said[-1])


def figures(told: Told, truth: pl.DataFrame, labelled: pl.Series) -> dict[str, float]:
    """`FIGURES` beside the truth, which is sorted by account_id as the accounts of a run are."""
    found, owner = told.scored.candidates, truth["controller"].rank("dense").cast(pl.Int64).to_numpy()
    known = truth["account_id"].is_in(labelled.implode()).to_numpy()
    kept = ~(known[found.a] & known[found.b])
    same = (owner[found.a] == owner[found.b])[kept]
    odds, ratio = told.scored.log_odds[kept], told.scored.groups.sum(axis=1)[kept]
    flat = np.full(len(same), np.log10(same.mean() / (1 - same.mean())))
    linked = told.scored.probability[kept] >= 0.01
    entity = told.grouping.entity
    ringed = np.bincount(entity)[entity] > 1
    largest = (
        pl.DataFrame({"ring": entity[ringed], "owner": owner[ringed]})
        .group_by("ring", "owner")
        .len()
        .group_by("ring")
        .agg(pl.col("len").max())["len"]
        .sum()
    )
    values = (
        cllr(ratio, same, np.ones(len(same))),
        penalties(odds, same).mean() / penalties(flat, same).mean(),
        ece(told.scored.probability[kept][linked], same[linked], np.ones(int(linked.sum()))),
        bcubed(entity, owner).f1,
        1 - largest / max(int(ringed.sum()), 1),
    )
    return dict(zip(FIGURES, map(float, values), strict=True))


def mistaken(labels: pl.DataFrame, accounts: pl.Series, share: float, seed: int) -> pl.DataFrame:
    """The labels with a share of those that name an operator moved to other accounts."""
    rng = np.random.default_rng(seed)
    free = accounts.filter(~accounts.is_in(labels["account_id"].implode())).sort().to_numpy()
    named = np.flatnonzero(labels["operator"].is_not_null().to_numpy())
    moved = rng.choice(named, round(share * len(named)), replace=False)
    account = labels["account_id"].to_numpy().copy()
    account[moved] = rng.choice(free, len(moved), replace=False)
    return labels.with_columns(account_id=pl.Series(account, dtype=pl.String))


def measured(
    family: str, seed: int, folder: Path, scale: float = 1.0, wrong: float = 0.0
) -> Iterator[dict[str, Any]]:
    """Rows of one world: one for each model and number of takedowns."""
    world, out = folder / "world", folder / "out"
    simulate(world, "known30", seed, family=family)
    signals = read_signals(world / "signals", out, Settings().load)
    tables = signals.tables
    stage.write_holdings(signals, out / "holdings.parquet")
    truth = pl.read_parquet(world / "truth.parquet").sort("account_id")
    labels = pl.read_parquet(tables["labels"])
    names = labels["operator"].drop_nulls().value_counts().sort("count", "operator", descending=[True, False])
    for number in TAKEDOWNS:
        kept = pl.col("operator").is_null() | pl.col("operator").is_in(names["operator"][:number].implode())
        chosen = mistaken(labels.filter(kept), truth["account_id"], wrong, seed)
        chosen.write_parquet(tables["labels"])
        account = chosen["account_id"]
        for name, model in MODELS.items():
            linkage = model()
            linkage = replace(linkage, model=tempered(linkage.model, scale))
            without, with_ = (grouped(signals, out, linkage, heed=heed) for heed in (False, True))
            before, after = (figures(told, truth, account) for told in (without, with_))
            row = {"family": family, "model": name, "takedowns": number, "scale": with_.said.scale}
            row |= {"operators": with_.said.operators}
            row |= {f"{key}{end}": of[key] for end, of in (("", before), ("_with", after)) for key in FIGURES}
            yield row


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=4)
    parser.add_argument("--seed", type=int, default=9000, help="of the first world")
    parser.add_argument("--scale", type=float, default=1.0, help="of the evidence, before labels are heeded")
    parser.add_argument("--wrong", type=float, default=0.0, help="share of labels on somebody else's account")
    given = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for family in ("A", "B"):
        for seed in range(given.seed, given.seed + given.worlds):
            with tempfile.TemporaryDirectory() as folder:
                rows += measured(family, seed, Path(folder), given.scale, given.wrong)
    frame = pl.DataFrame(rows).with_columns(worst=pl.col("cost_with") - pl.col("cost"))
    key = ["model", "family", "takedowns"]
    worst = frame.group_by(key).agg(pl.col("worst").max())
    mean = frame.drop("worst").group_by(key).mean().join(worst, on=key).sort(key)
    print("| model | family | takedowns | operators | scale | " + " | ".join(FIGURES) + " | worst |")
    print("| " + " | ".join(["---"] * (len(FIGURES) + 6)) + " |")
    for row in mean.iter_rows(named=True):
        cells = [
            row["model"],
            row["family"],
            row["takedowns"],
            f"{row['operators']:.1f}",
            f"{row['scale']:.2f}",
        ]
        cells += [f"{row[name]:.3f} -> {row[f'{name}_with']:.3f}" for name in FIGURES]
        print("| " + " | ".join(map(str, [*cells, f"{row['worst']:+.3f}"])) + " |")
    print(HOW_TO_READ)


if __name__ == "__main__":
    main()
