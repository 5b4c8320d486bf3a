"""A run into a real Neo4j gives the same tables and the same graph as the embedded store."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from graphattr.pipeline import Plan, run
from graphattr.records import TABLES
from graphattr.settings import Secrets
from graphattr.store.open import open_run

QUESTIONS = (
    "MATCH (r:Ring) RETURN r.id AS ring, r.size AS size, r.hypothesis AS hypothesis ORDER BY ring",
    "MATCH (a:Account)-[m:MEMBER_OF]->(r:Ring) RETURN a.id AS account, r.id AS ring, m.tier AS tier ORDER BY account",
    "MATCH (a:Account)-[u:USED_DEVICE]->(d:Device) RETURN a.id AS account, d.id AS device, u.count AS times"
    " ORDER BY account, device LIMIT 200",
)


@pytest.mark.neo4j
def test_same_rings_in_both_stores(world: Path, finished: Path, tmp_path: Path, neo4j_server) -> None:  # type: ignore[no-untyped-def]
    out = tmp_path / "run"
    run(Plan(str(world / "signals"), out, store=neo4j_server.uri), neo4j_server.secrets)
    for name in TABLES:
        assert (out / f"{name}.parquet").read_bytes() == (finished / f"{name}.parquet").read_bytes(), name
    for question in QUESTIONS:
        answers = []
        for folder, secrets in ((out, neo4j_server.secrets), (finished, Secrets())):
            store = open_run(folder / "graph", secrets)
            with store.view() as view:
                answers.append(view.query(question))
            store.close()
        assert answers[0].rows == answers[1].rows
        assert len(answers[0].rows) > 5
    secret = neo4j_server.secrets.neo4j_password.get_secret_value()
    assert all(secret not in path.read_text() for path in out.rglob("*.json"))


@pytest.mark.neo4j
def test_a_wrong_password_is_told_before_any_work(world: Path, tmp_path: Path, neo4j_server) -> None:  # type: ignore[no-untyped-def]
    line = [
        sys.executable,
        "-m",
        "graphattr",
        "run",
        str(world / "signals"),
        "--out",
        str(tmp_path / "run"),
        "--json",
    ]
    done = subprocess.run(
        [*line, "--store", neo4j_server.uri, "--quiet"],
        env={**os.environ, "GRAPHATTR_NEO4J_PASSWORD": "not-the-password"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "password" in json.loads(done.stdout)["error"]
    assert not (tmp_path / "run").exists()
