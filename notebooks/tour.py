"""The graph by Cypher: what is in it, how it hangs together, and a place for queries of one's own."""

import marimo

app = marimo.App(width="medium", app_title="A tour of the graph")


@app.cell
def _():
    import marimo as mo
    import polars as pl
    from opening import ask, run_folder, sheet, view_of

    from graphattr.store.schema import EDGES, NODES

    return EDGES, NODES, ask, mo, pl, run_folder, sheet, view_of


@app.cell
def _(mo, run_folder, view_of):
    run = run_folder()
    view = view_of(run)
    mo.md(
        f"""
        # A tour of the graph

        The run `{run.name}`: accounts, the values that they hold (addresses, devices, cards ...), links between accounts
        with their probability, and rings. Every query here only reads, and runs alike on the embedded store and on Neo4j.
        What a ring is consistent with is alleged at most.
        """
    )
    return run, view


@app.cell
def _(EDGES, NODES, ask, mo, pl, view, sheet):
    nodes = pl.DataFrame(
        {
            "label": [node.label for node in NODES],
            "nodes": [ask(view, f"MATCH (n:{node.label}) RETURN count(*) AS n").item() for node in NODES],
        }
    )
    edges = pl.DataFrame(
        {
            "from": [edge.source for edge in EDGES],
            "relationship": [edge.type for edge in EDGES],
            "to": [edge.target for edge in EDGES],
            "number": [
                ask(view, f"MATCH (:{e.source})-[r:{e.type}]->(:{e.target}) RETURN count(*) AS n").item()
                for e in EDGES
            ],
        }
    )
    mo.vstack([mo.md("## What is in it"), sheet(nodes), sheet(edges)])
    return edges, nodes


@app.cell
def _(ask, mo, sheet, view):
    largest = ask(
        view,
        "MATCH (r:Ring) RETURN r.id AS ring, r.size AS accounts, r.hypothesis AS hypothesis, r.status AS status "
        "ORDER BY accounts DESC, ring LIMIT 10",
    )
    mo.vstack(
        [
            mo.md("## The largest rings\n`status` says what the error control lets be said of each."),
            sheet(largest),
        ]
    )
    return (largest,)


@app.cell
def _(ask, mo, view, sheet):
    crowds = ask(
        view,
        "MATCH (a:Account)-[u:USED_IP]->(v:Ip) RETURN v.id AS address, v.kind AS kind, count(*) AS accounts, "
        "sum(u.count) AS uses ORDER BY accounts DESC, address LIMIT 10",
    )
    mo.vstack(
        [
            mo.md(
                "## Crowds\nThe addresses of most accounts: what many share says little of any two of them."
            ),
            sheet(crowds),
        ]
    )
    return (crowds,)


@app.cell
def _(ask, largest, mo, view, sheet):
    first = largest["ring"][0] if largest.height else None
    inside = ask(
        view,
        "MATCH (a:Account)-[m:MEMBER_OF]->(r:Ring {id: $ring}), (a)-[:USED_DEVICE]->(d:Device) "
        "RETURN d.id AS device, count(DISTINCT a.id) AS members ORDER BY members DESC, device LIMIT 10",
        ring=first or "",
    )
    mo.vstack(
        [
            mo.md(f"## Devices inside `{first}`\nValues are given as parameters, never pasted into a query."),
            sheet(inside),
        ]
    )
    return (inside,)


@app.cell
def _(mo):
    cypher = mo.ui.text_area(
        value="MATCH (a:Account)-[l:LINKED]->(b:Account) WHERE l.probability > 0.9 RETURN a.id, b.id, l.probability LIMIT 10",
        label="A query of your own (reading only)",
        full_width=True,
    )
    cypher
    return (cypher,)


@app.cell
def _(ask, cypher, mo, view, sheet):
    from graphattr.errors import GraphattrError

    try:
        own = ask(view, cypher.value)
        said = sheet(own)
    except GraphattrError as error:
        own = None
        said = mo.md(f"```\n{error}\n```")
    said
    return (own,)


if __name__ == "__main__":
    app.run()
