"""The ring as a graph: everything that ties it, nothing twice, and a plain word on what is left out."""

from __future__ import annotations

import shutil
from pathlib import Path

import networkx as nx
import polars as pl
import pytest

from graphattr.explorer import network, queries
from graphattr.explorer.network import account_node, drawing, value_node
from graphattr.explorer.runs import Run, open_run
from graphattr.records import Tier

from .plans import IMG, PLANS, REVERSED, TOP


def test_accounts_hang_on_the_values_they_hold(run: Run) -> None:
    drawn = drawing(run, TOP)
    holders = queries.holders(run, TOP).filter(pl.col("value") == IMG)["account_id"]
    at = {node.id: i for i, node in enumerate(drawn.nodes)}
    image = at[value_node("device", IMG)]
    assert {drawn.nodes[a].accounts[0] for a, b, _ in drawn.edges if b == image} == set(holders)
    assert sum(len(node.accounts) for node in drawn.nodes) == PLANS[0].size
    assert len(drawn.x) == len(drawn.y) == len(drawn.nodes)
    assert {node.tone for node in drawn.nodes if node.accounts} <= set(Tier)


def test_text_of_nodes_is_visible_text(run: Run) -> None:
    node = next(n for n in drawing(run, TOP).nodes if n.id == account_node(REVERSED))
    assert "\u202e" not in node.label + "".join(node.title)
    assert "\\u202e" in node.title[0]


def _copy(run_folder: Path, tmp_path: Path, **tables: pl.DataFrame) -> Run:
    copy = Path(shutil.copytree(run_folder, tmp_path / "run"))
    for name, frame in tables.items():
        frame.write_parquet(copy / f"{name}.parquet")
    return open_run(copy)


def test_values_that_add_nothing_are_left_out_and_counted(run: Run, run_folder: Path, tmp_path: Path) -> None:
    hub = pl.col("value") == IMG
    evidence = (
        run.scan("evidence").with_columns(log10_lr=pl.when(hub).then(-0.2).otherwise("log10_lr")).collect()
    )
    before = {node.id for node in drawing(run, TOP).nodes}
    drawn = drawing(_copy(run_folder, tmp_path, evidence=evidence), TOP)
    assert before - {node.id for node in drawn.nodes} == {value_node("device", IMG)}
    assert any("adds nothing" in note or "add nothing" in note for note in drawn.left_out)


def test_links_by_likeness_alone_join_parts_and_no_more(run: Run, run_folder: Path, tmp_path: Path) -> None:
    none = run.scan("evidence").filter(pl.col("value").is_null()).collect()
    drawn = drawing(_copy(run_folder, tmp_path, evidence=none), TOP)
    links = queries.links(run, TOP).height
    size = PLANS[0].size
    assert [tone for *_, tone in drawn.edges] == ["likeness"] * (size - 1)
    assert drawn.left_out == (f"Not drawn: {links - size + 1} links by likeness alone.",)


def test_above_the_limit_alike_accounts_are_one_mark(run: Run) -> None:
    raw, folded = drawing(run, TOP), drawing(run, TOP, raw=5)
    assert len(folded.nodes) < len(raw.nodes)
    assert sum(len(node.accounts) for node in folded.nodes) == PLANS[0].size
    many = [node for node in folded.nodes if len(node.accounts) > 1]
    ties: dict[str, set[tuple[str, str]]] = {}
    values = {node.id for node in folded.nodes}
    for account, name, value in queries.holders(run, TOP).select("account_id", "signal", "value").iter_rows():
        if value_node(name, value) in values:
            ties.setdefault(account, set()).add((name, value))
    for node in many:
        assert len({frozenset(ties[account]) for account in node.accounts}) == 1
        assert all(folded.where[account] == node.id for account in node.accounts)
    assert any("drawn as one mark" in note for note in folded.left_out)


def test_above_the_most_the_surest_accounts_stay_and_the_rest_is_counted(run: Run) -> None:
    values = sum(not node.accounts for node in drawing(run, TOP).nodes)
    drawn = drawing(run, TOP, raw=10_000, most=2 * values)
    surest = queries.members(run, TOP)["account_id"][:values].to_list()
    assert [node.accounts[0] for node in drawn.nodes if node.accounts] == surest
    assert any(f"{PLANS[0].size - values} marks" in note for note in drawn.left_out)


def test_above_the_most_the_values_of_most_members_stay(run: Run) -> None:
    values = [node.id for node in drawing(run, TOP).nodes if not node.accounts]
    counts = queries.shared_values(run, TOP).sort("members", descending=True, maintain_order=True)
    drawn = drawing(run, TOP, raw=10_000, most=6)
    kept = {node.id for node in drawn.nodes if not node.accounts}
    assert kept
    assert kept <= {value_node(s, v) for s, v in counts.select("signal", "value").head(3).iter_rows()}
    assert sum(bool(node.accounts) for node in drawn.nodes) == 3
    assert any(f"{len(values) - 3} shared values" in note for note in drawn.left_out)


def test_a_dense_graph_shows_the_strongest_ties_that_join_it(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = drawing(run, TOP)
    monkeypatch.setattr(network, "CLEAR", 5)
    thin = drawing(run, TOP, raw=9_999)
    ties = nx.Graph([(full.nodes[a].id, full.nodes[b].id) for a, b, _ in full.edges])
    forest = nx.Graph([(thin.nodes[a].id, thin.nodes[b].id) for a, b, _ in thin.edges])
    for a, b in ties.edges:
        ties[a][b]["weight"] = -max(i for i, node in enumerate(full.nodes) if node.id in (a, b))
    best = nx.maximum_spanning_tree(ties)
    best.remove_nodes_from([n for n in list(best) if n.startswith("v:") and best.degree(n) == 1])
    assert nx.is_forest(forest)
    assert sum(len(node.accounts) for node in thin.nodes) == PLANS[0].size
    assert sum(ties[a][b]["weight"] for a, b in forest.edges) == best.size("weight")
    assert nx.number_connected_components(forest) == nx.number_connected_components(ties)
    assert f"{len(full.edges) - len(thin.edges)} weaker ties" in " ".join(thin.left_out)


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.ring_id)
def test_every_ring_can_be_drawn_the_same_way_twice(run: Run, plan) -> None:
    drawn = drawing(run, plan.ring_id)
    drawing.cache_clear()
    assert drawing(run, plan.ring_id) == drawn
    ends = [(a, b) for a, b, _ in drawn.edges]
    assert len(set(ends)) == len(ends)
    assert all(0 <= end < len(drawn.nodes) for pair in ends for end in pair)
