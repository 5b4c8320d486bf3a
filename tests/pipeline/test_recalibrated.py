"""A run whose labels scale the evidence is as exact as any, and says so."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from graphattr.links.recalibration import Labelled, Recalibration
from graphattr.links.score import Scored
from graphattr.pipeline import Plan, grouping, run
from graphattr.records import GROUPS
from graphattr.settings import Secrets

SCALE = 0.7
PAIR = ["account_a", "account_b"]


@pytest.fixture(scope="module")
def scaled(world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of the tiny world, with labels that ask for a scale."""
    told: list[Labelled] = []

    def ask(_scored: Scored, labelled: Labelled) -> Recalibration:
        told.append(labelled)
        return Recalibration(scale=SCALE, operators=9)

    out = tmp_path_factory.mktemp("scaled") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grouping, "recalibration", ask)
        run(Plan(str(world / "signals"), out), Secrets())
    labels = pl.read_parquet(world / "signals" / "labels.parquet")
    assert 0 < (told[0].trust > 0).sum() <= labels["account_id"].n_unique()
    assert told[0].independent.any()
    assert (told[0].operator >= 0).any()
    return out


def test_the_run_says_what_its_labels_say(finished: Path, scaled: Path) -> None:
    said = [json.loads((out / "run.json").read_text())["links"]["labels"] for out in (finished, scaled)]
    assert said[1]["scale"] == SCALE
    assert 0.9 < said[0]["scale"] <= 1  # the labels of a tiny world name few operators
    assert said[0]["other"] > 0


def test_parts_of_scaled_links_sum_to_their_odds(scaled: Path) -> None:
    links = pl.read_parquet(scaled / "links.parquet")
    parts = links.select(f"log10_lr_{group}" for group in GROUPS).to_numpy().sum(axis=1)
    assert parts == pytest.approx(links["log10_lr"].to_numpy(), abs=1e-9)
    odds = links["log10_lr"] + links["log10_prior_odds"]
    assert (1 / (1 + 10**-odds)).to_numpy() == pytest.approx(links["probability"].to_numpy())
    assert links.filter(
        (pl.col("low") > pl.col("probability")) | (pl.col("high") < pl.col("probability"))
    ).is_empty()


def test_pieces_of_scaled_links_sum_to_their_parts(scaled: Path) -> None:
    caps = json.loads((scaled / "run.json").read_text())["model"]["caps"]
    used = pl.read_parquet(scaled / "evidence.parquet").filter("used")
    links = pl.read_parquet(scaled / "links.parquet")
    for group in GROUPS:
        sums = used.filter(group=group).group_by(PAIR).agg(total=pl.col("log10_lr").sum())
        both = links.join(sums, on=PAIR, how="left").with_columns(pl.col("total").fill_null(0.0))
        expected = both["total"].clip(-caps[group], caps[group]).to_numpy()
        assert both[f"log10_lr_{group}"].to_numpy() == pytest.approx(expected, abs=1e-5)


def test_links_are_weaker_by_the_scale(finished: Path, scaled: Path) -> None:
    before, after = (pl.read_parquet(out / "links.parquet") for out in (finished, scaled))
    caps = json.loads((scaled / "run.json").read_text())["model"]["caps"]
    # Caps are not scaled: a part that was cut loses less.
    uncut = pl.all_horizontal(pl.col(f"log10_lr_{group}").abs() < caps[group] - 1e-6 for group in GROUPS)
    both = before.filter(uncut & (pl.col("log10_lr") > 2)).join(after, on=PAIR)
    ratio = (both["log10_lr_right"] / both["log10_lr"]).to_numpy()
    assert both.height > 50
    assert np.median(ratio) == pytest.approx(SCALE, abs=0.05)
