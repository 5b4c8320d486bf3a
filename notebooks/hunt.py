"""Hunting from one account: what it holds, who holds it too, whom it is linked with and why, how far it is from others."""

import marimo

app = marimo.App(width="medium", app_title="Hunting from one account")


@app.cell
def _():
    import marimo as mo
    import polars as pl
    from opening import ask, given, rings_of, run_folder, sheet, view_of

    from graphattr.evidence import pair_page, pair_text
    from graphattr.records import RunPaths

    return RunPaths, ask, given, mo, pair_page, pair_text, pl, rings_of, run_folder, sheet, view_of


@app.cell
def _(RunPaths, given, mo, pl, rings_of, run_folder, view_of):
    run = run_folder()
    view = view_of(run)
    members = pl.read_parquet(RunPaths(run).table("members"))
    heaviest = rings_of(run)["ring_id"][0]
    surest = members.filter(ring_id=heaviest).sort("probability", "account_id", descending=[True, False])
    account = mo.ui.text(value=given("account") or surest["account_id"][0], label="Account")
    mo.vstack(
        [
            mo.md(
                "# Hunting from one account\nTo begin with, the surest member of the ring that `graphattr rings` names first."
            ),
            account,
        ]
    )
    return account, run, view


@app.cell
def _(account, mo, pl, view, sheet):
    held = view.shared_values(account.value)
    values = pl.DataFrame(
        {
            "relationship": [value.edge for value in held],
            "value": [value.value.id for value in held],
            "kind": [value.kind for value in held],
            "accounts that hold it": [value.holders for value in held],
            "uses": [value.count for value in held],
        },
        strict=False,
    )
    mo.vstack([mo.md("## What it shares with others, the rarest first"), sheet(values)])
    return held, values


@app.cell
def _(account, ask, mo, sheet, view):
    linked = ask(
        view,
        "MATCH (:Account {id: $account})-[l:LINKED]-(b:Account) RETURN b.id AS account, l.probability AS probability, "
        "l.low AS low, l.high AS high ORDER BY probability DESC, account LIMIT 50",
        account=account.value,
    )
    mo.vstack(
        [
            mo.md(
                "## Whom it is linked with\n`low` and `high`: what nine in ten simulated worlds made of such evidence."
            ),
            sheet(linked),
        ]
    )
    return (linked,)


@app.cell
def _(account, linked, mo, pair_page, pair_text, run):
    if linked.height:
        why = pair_text(pair_page(run, account.value, linked["account"][0]))
    else:
        why = "No link of this account reaches the run's least probability."
    mo.vstack([mo.md("## Why, for the surest of them"), mo.plain_text(why)])
    return (why,)


@app.cell
def _(account, linked, mo, pl, sheet, view):
    # Paths over rare values and links to accounts that it is not linked with: what an investigator would follow next.
    known = {account.value, *linked["account"].to_list()}
    ring = view.ring_of(account.value)
    others = []
    if ring is not None:
        graph = view.ring_graph(ring.target.id)
        others = sorted({node.id for node in graph.nodes if node.label == "Account"} - known)[:5]
    rows = []
    for other in others:
        path = view.shortest_path(account.value, other)
        steps = (
            " - ".join(f"{node.label} {node.id}" for node in path.nodes) if path else "no path of six steps"
        )
        rows.append({"member of its ring without a link to it": other, "shortest path": steps})
    mo.vstack(
        [
            mo.md("## Members of its ring that hang on others"),
            sheet(pl.DataFrame(rows)) if rows else mo.md("There are none."),
        ]
    )
    return others, rows


if __name__ == "__main__":
    app.run()
