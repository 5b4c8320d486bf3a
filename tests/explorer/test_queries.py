"""What the pages ask of a run, against the tables themselves."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import polars as pl
import pytest

from graphattr.errors import RunError
from graphattr.explorer import queries
from graphattr.explorer.runs import Run, open_run
from graphattr.records import GROUPS, INNOCENT, SPANS

from .plans import FORMULA, IMG, MARKED, PLANS, REVERSED, TOP


def test_rings_come_by_weight(run: Run) -> None:
    rings = queries.rings(run)
    row = rings.row(0, named=True)
    control = 1 - sum(row[f"p_{name}"] for name in INNOCENT)
    assert row["ring_id"] == TOP
    assert row["control"] == pytest.approx(control)
    assert row["weight"] == pytest.approx(row["size"] * row["requests"] * control)
    assert rings["weight"].is_sorted(descending=True)


def test_without_usage_rings_come_by_accounts(run_folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run_folder, tmp_path / "run"))
    table = copy / "rings.parquet"
    pl.read_parquet(table).with_columns(requests=pl.lit(None, pl.Int64)).write_parquet(table)
    rings = queries.rings(open_run(copy))
    assert rings["weight"].to_list() == pytest.approx((rings["size"] * rings["control"]).to_list())


def test_an_unknown_ring_is_an_error(run: Run) -> None:
    with pytest.raises(RunError, match="no ring"):
        queries.ring(run, "ring-0000")


def test_rings_that_were_grouped_together_name_each_other(run_folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run_folder, tmp_path / "run"))
    members = pl.read_parquet(copy / "members.parquet")
    apart = PLANS[1].ring_id
    # As they were grouped the second ring was part of the first.
    whole = pl.when(pl.col("ring_id") == apart).then(pl.lit(TOP)).otherwise("ring_id").alias("ring_id")
    members.with_columns(whole, firm=pl.col("ring_id") == TOP).write_parquet(copy / "grouped.parquet")
    run = open_run(copy)
    status = dict(pl.read_parquet(copy / "rings.parquet").select("ring_id", "status").iter_rows())
    for ring, other, accounts in ((TOP, apart, PLANS[1].size), (apart, TOP, PLANS[0].size)):
        row = {"ring_id": other, "status": status[other], "accounts": accounts}
        assert queries.set_apart(run, ring).to_dicts() == [row]
    assert queries.set_apart(run, PLANS[2].ring_id).is_empty()


def test_a_run_without_groups_sets_nobody_apart(run: Run) -> None:
    assert not run.paths.grouped.exists()
    assert queries.set_apart(run, TOP).is_empty()


def test_members_carry_their_facts(run: Run) -> None:
    members = queries.members(run, TOP)
    usage = pl.read_parquet(run.paths.signals / "usage.parquet")
    row = members.filter(pl.col("account_id") == REVERSED).row(0, named=True)
    own = usage.filter(pl.col("account_id") == REVERSED)
    assert members.height == PLANS[0].size
    assert members["probability"].is_sorted(descending=True)
    assert row["requests"] == own["requests"].sum()
    assert (row["first_seen"], row["last_seen"]) == (own["observed_at"].min(), own["observed_at"].max())


def test_without_a_usage_table_members_show_other_signals(run_folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run_folder, tmp_path / "run"))
    (copy / "signals" / "usage.parquet").unlink()
    members = queries.members(open_run(copy), TOP)
    assert members["requests"].null_count() == members.height
    assert members["first_seen"].null_count() == 0


def test_links_stay_inside_the_ring_and_add_up(run: Run) -> None:
    links = queries.links(run, TOP)
    inside = set(queries.members(run, TOP)["account_id"])
    assert links.height > 20
    assert set(links["account_a"]) | set(links["account_b"]) <= inside
    for row in links.iter_rows(named=True):
        odds = row["log10_prior_odds"] + sum(row[f"log10_lr_{group}"] for group in GROUPS)
        assert math.log10(row["probability"] / (1 - row["probability"])) == pytest.approx(odds, abs=1e-6)


def test_a_link_is_found_either_way_round(run: Run) -> None:
    row = queries.links(run, TOP).row(0, named=True)
    assert queries.link(run, row["account_b"], row["account_a"]) == row
    assert queries.link(run, row["account_a"], "acct-1063") is None


def test_evidence_puts_the_piece_that_counts_first(run: Run) -> None:
    links = pl.concat([queries.links(run, ring_id).head(10) for ring_id in (TOP, "ring-9b44")])
    for row in links.iter_rows(named=True):
        pieces = queries.evidence(run, row["account_a"], row["account_b"])
        for (group,), part in pieces.partition_by("group", as_dict=True).items():
            assert part["used"][0]
            assert part["log10_lr"][0] == pytest.approx(row[f"log10_lr_{group}"])


def test_shared_values_count_members_and_holders(run: Run) -> None:
    values = queries.shared_values(run, TOP)
    holdings = pl.read_parquet(run.paths.table("holdings"))
    inside = queries.members(run, TOP)["account_id"]
    assert {IMG, FORMULA} <= set(values["value"])
    for row in values.iter_rows(named=True):
        same = holdings.filter(pl.col("signal") == row["signal"], pl.col("value") == row["value"])
        assert row["holders"] == same.height
        assert row["members"] == same.filter(pl.col("account_id").is_in(inside.implode())).height >= 2


def test_matrix_is_the_rings_own(run: Run) -> None:
    rows = queries.matrix(run, TOP)
    assert rows["ring_id"].unique().to_list() == [TOP]
    assert rows["statistic"].is_sorted()
    assert MARKED in set(queries.members(run, TOP)["account_id"])


def test_a_new_run_in_the_same_folder_is_read_anew(run_folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run_folder, tmp_path / "run"))
    before = queries.rings(open_run(copy))
    table = copy / "rings.parquet"
    pl.read_parquet(table).head(1).write_parquet(table)
    info = json.loads((copy / "run.json").read_text())
    (copy / "run.json").write_text(json.dumps(info | {"seed": 1}))
    assert queries.rings(open_run(copy)).height == 1 < before.height


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda root: shutil.rmtree(root), "there is no folder"),
        (lambda root: (root / "run.json").unlink(), "unfinished"),
        (lambda root: (root / "run.json").write_text("{"), "cannot read"),
        (lambda root: (root / "run.json").write_text("[]"), "no object"),
        (lambda root: (root / "links.parquet").unlink(), "cannot read"),
        (lambda root: (root / "rings.parquet").write_bytes(b"no parquet"), "cannot read"),
        (lambda root: pl.DataFrame({"ring_id": ["r"]}).write_parquet(root / "members.parquet"), "no column"),
    ],
)
def test_what_is_no_finished_run_is_refused(run_folder: Path, tmp_path: Path, spoil, said: str) -> None:
    copy = Path(shutil.copytree(run_folder, tmp_path / "run"))
    spoil(copy)
    with pytest.raises(RunError, match=said):
        open_run(copy)


def test_no_run_at_all_is_refused() -> None:
    with pytest.raises(RunError, match="graphattr explore"):
        open_run(None)


def test_a_member_who_was_sold_has_the_exchanges_in_the_rings_hands(run_folder: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(run_folder, tmp_path / "run")
    usage = pl.read_parquet(copy / "signals" / "usage.parquet")
    before = queries.members(open_run(copy), TOP)
    sold = before["account_id"][0]
    mine = usage.filter(account_id=sold)
    middle = mine["observed_at"].median()
    later = mine.filter(pl.col("observed_at") >= middle)
    assert 0 < later["requests"].sum() < mine["requests"].sum() == before["requests"][0]
    row = dict.fromkeys(SPANS) | {"ring_id": TOP, "account_id": sold, "since": middle}
    pl.DataFrame([row], schema=SPANS).write_parquet(copy / "spans.parquet")
    (copy / "run.json").touch()
    after = queries.members(open_run(copy), TOP)
    assert after["requests"][0] == later["requests"].sum()
    assert after["first_seen"][0] == later["observed_at"].min()
    assert after[1:].equals(before[1:])
