"""Every figure of a bundle, made again: by hand where a sum will do, by its rule everywhere."""

import marimo

app = marimo.App(width="medium", app_title="Every figure of a bundle")


@app.cell
def _():
    import io
    import json
    import tempfile
    import zipfile
    from html import escape
    from pathlib import Path

    import marimo as mo
    import polars as pl
    from opening import given, rings_of, run_folder, sheet

    from graphattr.evidence import build_bundle, verify_bundle
    from graphattr.explorer.text import code

    return (
        Path,
        build_bundle,
        code,
        escape,
        given,
        io,
        json,
        mo,
        pl,
        rings_of,
        run_folder,
        sheet,
        tempfile,
        verify_bundle,
        zipfile,
    )


@app.cell
def _(Path, build_bundle, code, escape, given, mo, rings_of, run_folder, tempfile):
    packed_before = given("bundle")
    place = tempfile.TemporaryDirectory(prefix="graphattr-figures-")
    if packed_before:
        bundle = Path(packed_before)
    else:
        run = run_folder()
        bundle = build_bundle(run, [rings_of(run)["ring_id"][0]], Path(place.name) / "case.zip").path
    mo.md(
        f"""
        # Every figure of a bundle

        The bundle {escape(code(bundle.name))} (`-- --bundle FILE` for another; without it one is made of the run's first ring). It holds its
        tables and each figure with the rule that it follows, so nothing but this file is needed.
        """
    )
    return bundle, place


@app.cell
def _(bundle, mo, pl, verify_bundle, sheet):
    report = verify_bundle(bundle)
    steps = pl.DataFrame(
        [{"step": step.number, "name": step.name, "checked": step.checked} for step in report.steps]
    )
    mo.vstack(
        [
            mo.md(
                "## By its rule, every one\nThe step `figures` computes each from the tables and compares; one that differs fails it."
            ),
            sheet(steps),
            mo.md("\n".join(f"- {note}" for note in report.notes)),
        ]
    )
    return report, steps


@app.cell
def _(io, json, mo, pl, report, zipfile, sheet):
    # Only what was verified is opened: sizes, names and digests are those that the signer stated.
    with zipfile.ZipFile(report.path) as packed:
        names = {name.split("/", 1)[1]: name for name in packed.namelist()}
        stated = json.loads(packed.read(names["data/report/figures.json"]))["figures"]
        tables = {
            name.removeprefix("data/tables/").removesuffix(".parquet"): pl.read_parquet(
                io.BytesIO(packed.read(path))
            )
            for name, path in names.items()
            if name.startswith("data/tables/") and name.endswith(".parquet")
        }
    kept = ("id", "shown", "unit", "derivation")
    figures = pl.DataFrame([{name: figure[name] for name in kept} for figure in stated])
    rows = pl.DataFrame({"table": list(tables), "rows": [table.height for table in tables.values()]})
    mo.vstack([mo.md(f"## What it states: {figures.height} figures"), sheet(figures), sheet(rows)])
    return figures, stated, tables


@app.cell
def _(mo, pl, stated, tables, sheet):
    # With nothing of graphattr: a rule is a sentence, and these three are a count, a product and a sum.
    needed = ("members", "links", "matrix")
    mo.stop(
        not set(needed) <= tables.keys(),
        mo.md("By hand: not from this bundle, whose audience gets too few of its tables."),
    )
    members, links, matrix = (tables[name] for name in needed)
    sums = matrix.group_by("ring_id").agg(pl.col("^log10_lr_.*$").fill_null(0).sum())
    weights = {name: 10 ** pl.col(name) for name in sums.columns if name != "ring_id"}
    shares = sums.with_columns(
        **{name: weight / pl.sum_horizontal(weights.values()) for name, weight in weights.items()}
    )

    def again(rule: str, args: list[str]) -> float:
        if rule == "ring.size":
            return members.filter(ring_id=args[0]).height
        if rule == "hypothesis.p":
            return shares.filter(ring_id=args[0])[f"log10_lr_{args[1]}"].item()
        link = links.filter(account_a=args[0], account_b=args[1])
        odds = 10 ** (link["log10_lr"] + link["log10_prior_odds"]).item()
        return odds / (1 + odds)

    by_hand = pl.DataFrame(
        [
            {"figure": f["id"], "stated": float(f["value"]), "by hand": float(again(f["rule"], f["args"]))}
            for f in stated
            if f["rule"] in ("ring.size", "hypothesis.p", "link.probability")
        ]
    ).with_columns(differs=(pl.col("stated") - pl.col("by hand")).abs())
    mo.vstack(
        [
            mo.md(
                "## By hand\nThe accounts of a ring counted, its hypotheses from the rows of its matrix, and its links' probabilities "
                "from their log10 likelihood ratio and prior odds. What differs is rounding."
            ),
            sheet(by_hand.sort("differs", "figure", descending=[True, False])),
        ]
    )
    return (by_hand,)


if __name__ == "__main__":
    app.run()
