"""Hubs and confounders: what many share, how little it counts, and which innocent explanations share it."""

import marimo

app = marimo.App(width="medium", app_title="Hubs and confounders")


@app.cell
def _():
    import altair as alt
    import marimo as mo
    import polars as pl
    from opening import rings_of, run_folder, sheet

    from graphattr.records import INNOCENT, RunPaths

    return INNOCENT, RunPaths, alt, mo, pl, rings_of, run_folder, sheet


@app.cell
def _(RunPaths, mo, pl, run_folder, sheet):
    paths = RunPaths(run_folder())
    holdings, evidence = (pl.scan_parquet(paths.table(name)) for name in ("holdings", "evidence"))
    crowds = (
        holdings.group_by("signal", "value")
        .agg(
            kind=pl.col("kind").drop_nulls().first(),
            accounts=pl.col("account_id").n_unique(),
            uses=pl.col("count").sum(),
        )
        .sort("accounts", "signal", "value", descending=[True, False, False])
        .head(20)
        .collect()
    )
    mo.vstack(
        [
            mo.md(
                """
                # Hubs and confounders

                A mobile operator's address, a dormitory, a browser build, a mail provider: shared by many, and by whole rings of
                people who have nothing to do with each other. These values are held by most accounts.
                """
            ),
            sheet(crowds),
        ]
    )
    return crowds, evidence, paths


@app.cell
def _(alt, evidence, mo, pl, sheet):
    weight = (
        evidence.filter(pl.col("holders").is_not_null())
        .with_columns(crowd=2 ** pl.col("holders").cast(pl.Float64).log(2).floor())
        .group_by("signal", "crowd")
        .agg(pieces=pl.len(), log10_lr=pl.col("log10_lr").median())
        .sort("signal", "crowd")
        .collect()
    )
    chart = (
        alt.Chart(weight)
        .mark_line(point=True)
        .encode(
            x=alt.X("crowd", scale=alt.Scale(type="log"), title="accounts that hold the value (at least)"),
            y=alt.Y("log10_lr", title="median log10 likelihood ratio"),
            color="signal",
            tooltip=["signal", "crowd", "pieces", "log10_lr"],
        )
        .properties(width=620, height=320)
    )
    mo.vstack(
        [
            mo.md(
                "## What sharing a value counts, by how many share it\n"
                "Among linked pairs: the more hold a value, the less it says. Below 0 it speaks against common control."
            ),
            chart,
            sheet(weight),
        ]
    )
    return (weight,)


@app.cell
def _(INNOCENT, mo, paths, pl, rings_of, sheet):
    told = rings_of(paths.root).filter(pl.col("hypothesis").is_in(INNOCENT))
    kinds = told.group_by("hypothesis").agg(
        rings=pl.len(), accounts=pl.col("size").sum(), attributed=(pl.col("status") == "attributed").sum()
    )
    mo.vstack(
        [
            mo.md(
                "## Rings with an innocent explanation in the lead\n"
                "Grouped, because they share much. None is attributed unless the explanations by common control, taken together, are more probable than not."
            ),
            sheet(kinds.sort("hypothesis")),
        ]
    )
    return kinds, told


@app.cell
def _(evidence, mo, paths, pl, told, sheet):
    # What holds the largest of them together, beside how common it is in the whole run.
    if told.height:
        ring = told["ring_id"][0]
        inside = pl.scan_parquet(paths.table("members")).filter(ring_id=ring).select("account_id")
        shared = (
            evidence.join(inside, left_on="account_a", right_on="account_id", how="semi")
            .join(inside, left_on="account_b", right_on="account_id", how="semi")
            .filter(pl.col("value").is_not_null())
            .group_by("signal", "value")
            .agg(
                pairs=pl.len(), counted=pl.col("used").sum(), holders=pl.col("holders").first(),
                median_log10_lr=pl.col("log10_lr").median(),
            )
            .sort("pairs", "signal", "value", descending=[True, False, False])
            .head(15)
            .collect()
        )  # fmt: skip
        said = mo.vstack([mo.md(f"## What `{ring}` shares"), sheet(shared)])
    else:
        shared = pl.DataFrame()
        said = mo.md("No ring has an innocent explanation in the lead.")
    said
    return (shared,)


if __name__ == "__main__":
    app.run()
