"""The hop figures: the command, and the published baseline that pins the definitions."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from graphattr.evaluate.hop import LARGEST, main

Rings = dict[str, list[str]]
HOP = Path(__file__).parents[3] / "shared" / "data" / "hop"


@pytest.fixture
def hop_like(tmp_path: Path) -> Path:
    data = tmp_path / "hop"
    data.mkdir()
    groups = {"address": ["a1", "a2", "b1", "b2", "z1"], "group": ["a", "a", "b", "b", LARGEST]}
    pl.DataFrame(groups).write_csv(data / "reported_groups.csv")
    pl.DataFrame({"source": ["a1", "b1"], "destination": ["a2", "z1"]}).write_parquet(
        data / "transfers.parquet"
    )
    return data


def test_prints_json(
    make_run: Callable[[Rings], Path], hop_like: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_run({"R1": ["a1", "a2"], "R2": ["b1", "z1"]})
    assert main([str(run), str(hop_like), "--json"]) == 0
    got = json.loads(capsys.readouterr().out)
    assert got["all reports"]["accounts"] == 4  # b2 has no transfer
    assert got["all reports"]["precision"] == pytest.approx(0.75)
    assert got[f"without {LARGEST}"]["precision"] == 1.0


def test_prints_a_table(
    make_run: Callable[[Rings], Path], hop_like: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(make_run({"R1": ["a1", "a2"]})), str(hop_like)]) == 0
    assert "B-cubed F1" in capsys.readouterr().out


def test_bad_input_exits_2(
    make_run: Callable[[Rings], Path], hop_like: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (hop_like / "reported_groups.csv").write_text("address\na1\n")
    assert main([str(make_run({"R1": ["a1", "a2"]})), str(hop_like)]) == 2
    assert "reported_groups.csv has no column group" in " ".join(capsys.readouterr().err.split())


@pytest.mark.hop
@pytest.mark.skipif(not HOP.is_dir(), reason="the hop data are not here")
def test_components_of_direct_transfers_give_the_published_figures(
    make_run: Callable[[Rings], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """The README of the data: .921 .622 .743 and 31 % for components between candidates, hubs removed."""
    accounts = pl.read_csv(HOP / "accounts.csv")["address"].sort()
    usable = accounts.filter(~accounts.is_in(pl.read_parquet(HOP / "hubs.parquet")["address"].implode()))
    index = pl.DataFrame({"address": usable, "at": np.arange(len(usable))})
    edges = (
        pl.read_parquet(HOP / "transfers.parquet")
        .join(index, left_on="source", right_on="address")
        .join(index, left_on="destination", right_on="address", suffix="_to")
    )
    ones = np.ones(edges.height)
    graph = coo_array((ones, (edges["at"].to_numpy(), edges["at_to"].to_numpy())), shape=[len(usable)] * 2)
    component = pl.Series(connected_components(graph, directed=False)[1])
    rings = pl.DataFrame({"ring": component, "account": usable}).group_by("ring").agg("account")
    run = make_run({str(ring): held for ring, held in rings.iter_rows() if len(held) > 1})
    main([str(run), str(HOP), "--json"])
    got = json.loads(capsys.readouterr().out)[f"without {LARGEST}"]
    assert (got["accounts"], got["groups"]) == (1345, 74)
    shown = [round(got[name], 3) for name in ("precision", "recall", "f1")]
    assert (shown, round(got["unreported_share"], 2)) == ([0.921, 0.622, 0.743], 0.31)
