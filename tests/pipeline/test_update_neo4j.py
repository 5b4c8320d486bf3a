"""An update of a run whose graph lies in a real Neo4j: the graph follows, and what a user added there stays."""

from __future__ import annotations

from pathlib import Path

import neo4j
import polars as pl
import pytest
from pydantic import SecretStr

from graphattr.errors import StoreError
from graphattr.pipeline import Plan, run
from graphattr.pipeline.update import UpdatePlan, update
from graphattr.settings import Secrets
from graphattr.store.open import open_run

from .halves import cut


@pytest.mark.neo4j
def test_the_graph_follows(world: Path, finished: Path, tmp_path: Path, neo4j_server) -> None:  # type: ignore[no-untyped-def]
    first, later = cut(world / "signals", tmp_path / "cut", 0.5)
    out, secrets = tmp_path / "run", neo4j_server.secrets
    run(Plan(str(first), out, store=neo4j_server.uri), secrets)
    account = pl.read_parquet(out / "members.parquet")["account_id"][0]
    login = (secrets.neo4j_user, secrets.neo4j_password.get_secret_value())
    with neo4j.GraphDatabase.driver(neo4j_server.uri, auth=login) as driver:
        driver.execute_query("MATCH (a:Account {id: $id}) SET a.note = 'mine'", id=account)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with pytest.raises(StoreError, match="password"):
        update(UpdatePlan(out, str(later)), Secrets(neo4j_password=SecretStr("not-the-password")))
    assert before == {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    update(UpdatePlan(out, str(later)), secrets)
    assert (out / "links.parquet").read_bytes() == (finished / "links.parquet").read_bytes()
    store = open_run(out / "graph", secrets)
    with store.view() as view:
        members = view.query("MATCH (a:Account)-[:MEMBER_OF]->(r:Ring) RETURN a.id, r.id", limit=10_000).rows
        note = view.query("MATCH (a:Account {id: $id}) RETURN a.note", {"id": account}).rows
    store.close()
    assert set(members) == set(
        pl.read_parquet(out / "members.parquet").select("account_id", "ring_id").iter_rows()
    )
    assert note == (("mine",),)
