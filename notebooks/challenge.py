"""A ring's challenge: take evidence away as opposing counsel would, and see what falls."""

import marimo

app = marimo.App(width="medium", app_title="A ring's challenge")


@app.cell
def _():
    import marimo as mo
    import networkx as nx
    import polars as pl
    from opening import given, rings_of, run_folder, sheet

    from graphattr.errors import RunError
    from graphattr.explorer import queries
    from graphattr.explorer.conditions import told
    from graphattr.explorer.runs import open_run
    from graphattr.records import FAMILY_ROW, GROUPS, HYPOTHESES, PRIOR_ROW, RunPaths

    return (
        FAMILY_ROW,
        GROUPS,
        HYPOTHESES,
        PRIOR_ROW,
        RunError,
        RunPaths,
        given,
        mo,
        nx,
        open_run,
        pl,
        queries,
        rings_of,
        run_folder,
        sheet,
        told,
    )


@app.cell
def _(RunError, RunPaths, given, mo, rings_of, run_folder):
    paths = RunPaths(run_folder())
    rings = rings_of(paths.root)
    asked = given("ring") or rings["ring_id"][0]
    choices = list(dict.fromkeys([*rings["ring_id"].head(50), *rings.filter(ring_id=asked)["ring_id"]]))
    if asked not in choices:
        raise RunError(f"the run has no ring {asked}", "one of `graphattr rings`")
    ring = mo.ui.dropdown(choices, value=asked, label="Ring")
    mo.vstack(
        [
            mo.md(
                """
                # A ring's challenge

                Every figure below is a sum of columns in the run's tables, so anybody can repeat it. A ring that falls when one kind of
                evidence, or one shared value, is taken away should not carry a claim.
                """
            ),
            ring,
        ]
    )
    return paths, ring


@app.cell
def _(paths, pl, ring):
    members = pl.read_parquet(paths.table("members")).filter(ring_id=ring.value)["account_id"].to_list()
    inside = pl.col("account_a").is_in(members) & pl.col("account_b").is_in(members)
    links = pl.scan_parquet(paths.table("links")).filter(inside).collect()
    evidence = pl.scan_parquet(paths.table("evidence")).filter(inside).collect()
    return evidence, links, members


@app.cell
def _(links, members, nx, pl):
    def what_is_left(odds: pl.Expr, of: pl.DataFrame = links) -> dict[str, float]:
        """Of the ring's links those that are still more likely than not, and the members in their largest piece."""
        kept = of.filter(odds >= 0)
        graph = nx.Graph()
        graph.add_nodes_from(members)
        graph.add_edges_from(kept.select("account_a", "account_b").iter_rows())
        piece = max((len(part) for part in nx.connected_components(graph)), default=0)
        return {
            "links": kept.height,
            "together": piece,
            "share together": round(piece / max(len(members), 1), 3),
        }

    odds = pl.col("log10_lr") + pl.col("log10_prior_odds")
    return odds, what_is_left


@app.cell
def _(GROUPS, members, mo, odds, pl, what_is_left, sheet):
    by_group = pl.DataFrame(
        [{"without": "nothing", **what_is_left(odds)}]
        + [{"without": name, **what_is_left(odds - pl.col(f"log10_lr_{name}"))} for name in GROUPS]
    )
    mo.vstack(
        [
            mo.md(
                f"## One kind of evidence taken away\nLinks that stay above even odds, and how many of the {len(members)} members "
                "these still hold together."
            ),
            sheet(by_group),
        ]
    )
    return (by_group,)


@app.cell
def _(evidence, links, mo, odds, pl, what_is_left, sheet):
    # Nothing takes the place of the piece that goes, so this is more than would fall.
    values = (
        evidence.filter(pl.col("used") & pl.col("value").is_not_null())
        .group_by("signal", "value")
        .agg(pairs=pl.len(), log10_lr=pl.col("log10_lr").sum())
        .sort("log10_lr", "signal", "value", descending=[True, False, False])
        .head(10)
    )
    rows = []
    for signal, value, pairs, _ in values.iter_rows():
        lost = evidence.filter(pl.col("used"), signal=signal, value=value)
        lost = lost.select("account_a", "account_b", lost="log10_lr")
        changed = links.join(lost, on=["account_a", "account_b"], how="left")
        told_left = what_is_left(odds - pl.col("lost").fill_null(0), changed)
        rows.append({"without": signal, "value": value, "pairs that share it": pairs, **told_left})
    by_value = pl.DataFrame(rows)
    mo.vstack(
        [
            mo.md(
                "## One shared value taken away\nThe ten that carry most. Nothing takes the place of what goes, so less would fall."
            ),
            sheet(by_value),
        ]
    )
    return (by_value,)


@app.cell
def _(FAMILY_ROW, HYPOTHESES, PRIOR_ROW, mo, paths, pl, ring, sheet):
    # The rows of the matrix sum to the log posterior: leave one out, and normalise again.
    matrix = pl.read_parquet(paths.table("matrix")).filter(ring_id=ring.value)
    columns = [f"log10_lr_{name}" for name in HYPOTHESES]

    def leading(rows: pl.DataFrame) -> tuple[str, float]:
        sums = rows.select(pl.col(columns).fill_null(0).sum()).row(0)
        shares = [10 ** (value - max(sums)) for value in sums]
        best = max(range(len(shares)), key=shares.__getitem__)
        return HYPOTHESES[best], round(shares[best] / sum(shares), 4)

    statistics = [
        name for name in matrix["statistic"] if name != PRIOR_ROW and not name.startswith(FAMILY_ROW)
    ]
    told_by = [("nothing", *leading(matrix))]
    told_by += [(name, *leading(matrix.filter(pl.col("statistic") != name))) for name in statistics]
    by_statistic = pl.DataFrame(
        told_by, schema=["without", "leading hypothesis", "probability"], orient="row"
    )
    mo.vstack([mo.md("## One statistic taken away"), sheet(by_statistic.sort("probability", "without"))])
    return (by_statistic,)


@app.cell
def _(mo, open_run, paths, pl, queries, ring, sheet, told):
    conditions = pl.DataFrame(told(queries.conditions(open_run(paths.root), ring.value)))
    mo.vstack(
        [
            mo.md("## What an attribution asks of it"),
            mo.md(
                "This run says nothing of it: it was set apart from a ring that is attributed, or the run is of an older version."
            )
            if conditions.is_empty()
            else sheet(conditions),
        ]
    )
    return (conditions,)


if __name__ == "__main__":
    app.run()
