"""Reading from Neo4j: against a scripted driver, and, with the marker, against a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import neo4j
import pytest
from neo4j import exceptions
from neo4j.time import DateTime
from signal_files import Load

from loaders import LoadError

URI = "neo4j://db.example:7687"
SEEN = DateTime(2025, 3, 1, 12, 0, 0, 123456789, tzinfo=UTC)
MAPPING = """
[[tables.accounts]]
query = "MATCH (a:Person) RETURN a.id AS who, a.since AS created_at, a.mail AS email"
columns = { account_id = "who" }
[[tables.devices]]
query = "MATCH devices"
[[tables.payments]]
query = "MATCH payments"
constants = { kind = "bank" }
accounts_only = true
"""


@dataclass
class Script:
    """What a scripted server answers, and what it was asked."""

    answers: dict[str, list[dict[str, Any]]]
    error: Exception | None = None
    asked: list[str] = field(default_factory=list)
    access: set[str] = field(default_factory=set)
    closed: bool = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def verify_connectivity(self) -> None:
        if self.error is not None:
            raise self.error

    def session(self, *, default_access_mode: str, fetch_size: int = 1000) -> Script:
        self.access.add(default_access_mode)
        return self

    def begin_transaction(self) -> Script:
        return self

    def run(self, query: str) -> Answer:
        self.asked.append(query)
        plan = query.startswith("EXPLAIN ")
        text = query.removeprefix("EXPLAIN ")
        key = next(key for key in self.answers if key in text)
        return Answer(self.answers[key], plan, query_type="rw" if "SET" in text else "r")

    def close(self) -> None:
        self.closed = True


@dataclass
class Answer:
    rows: list[dict[str, Any]]
    plan: bool
    given: int = 0

    query_type: str = "r"

    def keys(self) -> list[str]:
        return list(self.rows[0])

    def consume(self) -> Answer:
        return self

    def fetch(self, size: int) -> list[neo4j.Record]:
        part = [] if self.plan else self.rows[self.given : self.given + size]
        self.given += len(part)
        return [neo4j.Record(row) for row in part]


Scripted = Callable[..., Script]


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    def make(answers: dict[str, list[dict[str, Any]]], error: Exception | None = None) -> Script:
        script = Script(answers, error)
        monkeypatch.setattr(neo4j.GraphDatabase, "driver", lambda *_, **__: script)
        return script

    return make


def answers() -> dict[str, list[dict[str, Any]]]:
    return {
        "Person": [
            {"who": "a1", "created_at": DateTime(2025, 1, 1, tzinfo=UTC), "email": "Ann@example.org"},
            {"who": "a2", "created_at": None, "email": None},
            {"who": 3, "created_at": "2025-01-01", "email": "x"},
        ],
        "devices": [
            {
                "account_id": "a1",
                "device_id": "d",
                "observed_at": SEEN,
                "utc_offset_minutes": 60,
                "os": True,
                "extra": None,
            },
            {
                "account_id": "a2",
                "device_id": "d",
                "observed_at": SEEN,
                "utc_offset_minutes": 1.5,
                "os": None,
                "extra": 2,
            },
        ],
        "payments": [
            {"account_id": "a1", "instrument_id": "i", "observed_at": 1740823200, "amount": 2.5},
            {"account_id": "zz", "instrument_id": "i", "observed_at": 1740823200, "amount": 2.5},
        ],
    }


def mapped(folder: Path, text: str = MAPPING) -> Path:
    path = folder / "mapping.toml"
    path.write_text(text)
    return path


def test_queries_feed_tables(
    loading: Load, tmp_path: Path, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loaders.neo4j_source.BATCH_ROWS", 4)
    script = scripted(answers())
    loaded = loading(URI, mapping=mapped(tmp_path), credentials=("reader", "secret"))
    assert loaded.table("accounts")["account_id"].to_list() == ["a1", "3"]
    assert loaded.reasons("accounts") == ["missing:created_at"]
    assert loaded.table("accounts")["email_domain"].to_list() == ["example.org", None]
    assert loaded.table("devices")["observed_at"].to_list() == [datetime(2025, 3, 1, 12, 0, 0, 123456, UTC)]
    assert loaded.table("devices")["os"].to_list() == ["true"]
    assert loaded.reasons("devices") == ["bad_number:utc_offset_minutes"]
    assert loaded.report("devices")["unknown_columns"] == ["extra"]
    payment = loaded.table("payments").to_dicts()[0]
    assert (payment["kind"], payment["amount"], payment["row"]) == ("bank", 2.5, 0)
    assert loaded.report("payments")["not_selected"] == 1
    assert loaded.report("payments")["sources"] == ["query 1 of payments"]
    assert script.access == {neo4j.READ_ACCESS}
    assert script.closed
    assert loaded.result.inputs == {}


def test_a_raw_column_without_a_key_and_a_value_that_is_no_cell(
    loading: Load, tmp_path: Path, scripted: Scripted
) -> None:
    script = scripted(answers())
    with pytest.raises(LoadError, match="query 1 of accounts: column email holds raw"):
        loading(URI, mapping=mapped(tmp_path), key=None)
    assert script.closed
    broken = answers()
    broken["devices"][1]["device_id"] = ["d"]
    scripted(broken)
    with pytest.raises(LoadError, match="query 1 of devices: column device_id holds a list"):
        loading(URI, mapping=mapped(tmp_path))
    assert not list(tmp_path.glob("out-*"))


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (
            exceptions.ServiceUnavailable("no route"),
            "cannot read from Neo4j at neo4j://db.example:7687: no route",
        ),
        (exceptions.AuthError("bad"), "refused the user or the password"),
        (exceptions.ClientError("Writing in read access mode not allowed"), "refused a query"),
        (OSError("down"), "cannot read from Neo4j"),
    ],
)
def test_errors_of_the_server_are_one_clear_error(
    loading: Load, tmp_path: Path, scripted: Scripted, error: Exception, named: str
) -> None:
    script = scripted(answers(), error)
    with pytest.raises(LoadError, match=named) as caught:
        loading(URI, mapping=mapped(tmp_path), credentials=("reader", "secret-word"))
    assert "secret-word" not in str(caught.value)
    assert script.closed
    assert not list(tmp_path.glob("out-*"))


@pytest.mark.parametrize("uri", ["neo4j://user:secret-word@db.example", "bolt://", "neo4j://user@db.example"])
def test_a_uri_with_a_password_is_refused_and_not_repeated(loading: Load, uri: str) -> None:
    with pytest.raises(LoadError, match="not scheme://host:port") as caught:
        loading(uri)
    assert "secret-word" not in str(caught.value)


def test_a_mapping_of_files_does_not_fit_a_database(loading: Load, tmp_path: Path) -> None:
    path = mapped(tmp_path, '[[tables.accounts]]\nfile = "accounts.csv"\n')
    with pytest.raises(LoadError, match="does not name a query alone"):
        loading(URI, mapping=path)


def test_a_query_that_writes_is_refused(loading: Load, tmp_path: Path, scripted: Scripted) -> None:
    script = scripted(answers())
    text = MAPPING.replace("MATCH devices", "MATCH devices SET d.x = 1")
    with pytest.raises(LoadError, match="query 1 of devices does more than read"):
        loading(URI, mapping=mapped(tmp_path, text))
    assert all(query.startswith("EXPLAIN") for query in script.asked)


def test_lists_lie_beside_the_mapping(loading: Load, tmp_path: Path, scripted: Scripted) -> None:
    scripted(answers())
    (tmp_path / "hubs.csv").write_text("address\n0xA\n")
    text = MAPPING + '[[lists.hubs]]\nfile = "hubs.csv"\ncolumn = "address"\nsignal = "instrument"\n'
    loaded = loading(URI, mapping=mapped(tmp_path, text))
    assert loaded.result.report["lists"]["known_hub"] == 1
    assert list(loaded.result.inputs) == ["hubs.csv"]


@pytest.fixture
def graph(neo4j_server: Any) -> Iterator[tuple[neo4j.Session, str, tuple[str, str]]]:
    """A session on an emptied real server, its URI, and its user and password."""
    secrets = neo4j_server.secrets
    credentials = (secrets.neo4j_user, secrets.neo4j_password.get_secret_value())
    with (
        neo4j.GraphDatabase.driver(neo4j_server.uri, auth=credentials) as driver,
        driver.session() as session,
    ):
        session.run("MATCH (n) DETACH DELETE n").consume()
        yield session, neo4j_server.uri, credentials
        session.run("MATCH (n) DETACH DELETE n").consume()


OWN_GRAPH = """
UNWIND range(1, 3) AS i
CREATE (a:Account {id: 'a' + i, created_at: datetime('2025-01-01T00:00:00Z'), country: 'DE'})
WITH collect(a) AS accounts
CREATE (d:Device {id: 'd'}), (ip:Ip {id: '198.51.100.7'}), (hash:Ip {id: 'hashed'}), (t:Template {id: 't'}),
  (card:Instrument {id: 'card'}), (mail:Email {id: 'mail'}), (domain:EmailDomain {id: 'example.org'}),
  (staff:Actor {id: 'staff'})
FOREACH (a IN accounts |
  CREATE (a)-[:USED_DEVICE
    {first_seen: datetime('2025-02-01'), last_seen: datetime('2025-02-03'), count: 5}]->(d)
  CREATE (a)-[:USED_IP
    {first_seen: datetime('2025-02-01'), last_seen: datetime('2025-02-01'), count: 1, kind: 'mobile'}]->(ip)
  CREATE (a)-[:USED_TEMPLATE
    {first_seen: datetime('2025-02-01'), last_seen: datetime('2025-02-03'), count: 7}]->(t)
  CREATE (a)-[:PAID_WITH {count: 2, kind: 'own'}]->(card)
  CREATE (a)-[:HAS_EMAIL {count: 1}]->(mail)
  CREATE (a)-[:HAS_EMAIL_DOMAIN {count: 1}]->(domain))
WITH accounts[0] AS a, hash, staff
CREATE (a)-[:USED_IP {first_seen: datetime('2025-02-01T00:00:00Z'), count: 1}]->(hash)
CREATE (a)-[:ACTED_ON_BY {first_seen: datetime('2025-02-02T00:00:00Z'), count: 1}]->(staff)
"""


@pytest.mark.neo4j
def test_the_graph_that_graphattr_writes_is_read_without_a_mapping(
    loading: Load, graph: tuple[neo4j.Session, str, tuple[str, str]]
) -> None:
    session, uri, credentials = graph
    session.run(OWN_GRAPH).consume()
    loaded = loading(uri, credentials=credentials)
    assert list(loaded.result.tables) == ["accounts", "payments", "ips", "devices", "usage", "events"]
    assert loaded.result.timeless == {"payments"}
    assert all(loaded.report(table)["quarantined"] == 0 for table in loaded.result.tables)
    accounts = loaded.table("accounts").select("account_id", "email_id", "email_domain", "country").rows()
    assert accounts == [(f"a{number}", "mail", "example.org", "DE") for number in (1, 2, 3)]
    first, last = datetime(2025, 2, 1, tzinfo=UTC), datetime(2025, 2, 3, tzinfo=UTC)
    assert loaded.table("devices").select("account_id", "device_id", "observed_at").rows()[:2] == [
        ("a1", "d", first),
        ("a1", "d", last),
    ]
    assert loaded.table("ips").select("ip", "ip_id", "network_kind").rows()[:2] == [
        ("198.51.100.7", None, "mobile"),
        (None, "hashed", None),
    ]
    assert loaded.table("usage").select("observed_at", "requests").rows()[:2] == [(first, 6), (last, 1)]
    assert loaded.table("payments").select("instrument_id", "kind").rows() == [("card", None)] * 3
    assert loaded.table("events").select("event", "actor_id").rows() == [("acted_on", "staff")]


@pytest.mark.neo4j
def test_queries_on_a_real_server(
    loading: Load, tmp_path: Path, graph: tuple[neo4j.Session, str, tuple[str, str]]
) -> None:
    session, uri, credentials = graph
    session.run(OWN_GRAPH).consume()
    text = """
[[tables.accounts]]
query = "MATCH (a:Account) RETURN a.id AS account_id, a.created_at AS created_at ORDER BY account_id"
[[tables.usage]]
query = "UNWIND range(1, 1000) AS i RETURN 'a1' AS account_id, datetime('2025-03-01') AS observed_at, i AS n"
columns = { requests = "n" }
"""
    loaded = loading(uri, mapping=mapped(tmp_path, text), credentials=credentials)
    assert loaded.table("usage")["requests"].to_list() == list(range(1, 1001))
    for query, named in (
        ("CREATE (a:Account {id: 'x'}) RETURN a.id AS account_id, a.id AS created_at", "does more than read"),
        ("MATCH (a RETURN a", "refused a query"),
    ):
        wrong = mapped(tmp_path, f'[[tables.accounts]]\nquery = "{query}"\n')
        with pytest.raises(LoadError, match=named):
            loading(uri, mapping=wrong, credentials=credentials)
    left = session.run("MATCH (a:Account) RETURN count(a) AS n").single()
    assert left is not None
    assert left["n"] == 3


@pytest.mark.neo4j
def test_a_wrong_password_and_a_closed_port_on_a_real_server(
    loading: Load, graph: tuple[neo4j.Session, str, tuple[str, str]]
) -> None:
    _, uri, (user, _) = graph
    with pytest.raises(LoadError, match="refused the user or the password"):
        loading(uri, credentials=(user, "wrong-word"))
    with pytest.raises(LoadError, match=r"cannot read from Neo4j at bolt://127\.0\.0\.1:9"):
        loading("bolt://127.0.0.1:9", credentials=(user, "wrong-word"))
