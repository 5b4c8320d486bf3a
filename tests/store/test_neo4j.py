"""What only a server can do wrong. Tests without the mark need no Neo4j."""

from __future__ import annotations

import contextlib
import datetime as dt
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import neo4j
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from graphattr.errors import StoreError
from graphattr.settings import Secrets
from graphattr.store.base import Store
from graphattr.store.embedded import EmbeddedStore
from graphattr.store.graph import GraphTables
from graphattr.store.neo4j import Neo4jStore
from graphattr.store.neo4j_client import Client
from graphattr.store.open import open_run, open_store
from graphattr.store.pointer import write_pointer
from graphattr.store.schema import SCHEMA_VERSION
from store.dump import said, stored
from store.worlds import World, small_world

SECRETS = Secrets(neo4j_user="neo4j", neo4j_password=SecretStr("not the password"))


@pytest.mark.parametrize(
    "uri",
    [
        *("neo4j", "bolt://", "http://host:7687", "neo4j+ssc://host", "bolt://host:0", "bolt://host:99999"),
        *("bolt://host/db", "bolt://host?x=1", "bolt://host#x", "bolt://[::1", "", "Embedded", "file:///x"),
    ],
)
def test_an_address_that_is_none(uri: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="expected embedded, or neo4j://HOST:PORT"):
        open_store(uri, tmp_path, SECRETS)


@pytest.mark.parametrize("uri", ["bolt://me:hunter2@host:7687", "bolt://hunter2@host", "bolt://a:b@[hunter2"])
def test_credentials_in_an_address_are_refused_and_not_repeated(uri: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="GRAPHATTR_NEO4J_PASSWORD") as error:
        open_store(uri, tmp_path, SECRETS)
    assert "hunter2" not in str(error.value)


def test_no_password(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no password for bolt://host\. expected GRAPHATTR_NEO4J_PASSWORD"):
        open_store("bolt://host", tmp_path, Secrets(neo4j_password=None))


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("scheme", ["bolt", "neo4j", "bolt+s", "neo4j+s"])
def test_nobody_answers(scheme: str, free_port: int, tmp_path: Path, small: GraphTables) -> None:
    store = open_store(f"{scheme}://127.0.0.1:{free_port}", tmp_path / "graph", SECRETS)
    for call in (store.check, lambda: store.writer().load(small), lambda: store.writer().clear()):
        with pytest.raises(StoreError, match=f"cannot reach Neo4j at .*{free_port}.*server start"):
            call()
    assert not (tmp_path / "graph").exists()


def test_a_server_that_says_nothing_is_given_up(
    free_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphattr.store.neo4j_client.CONNECT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", free_port)):
        store = open_store(f"bolt://127.0.0.1:{free_port}", tmp_path, SECRETS)
        with pytest.raises(StoreError, match="cannot reach Neo4j"):
            store.check()


@contextlib.contextmanager
def self_signed_server(folder: Path) -> Iterator[int]:
    """A TLS server whose certificate nobody vouches for; its port."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                with contextlib.suppress(OSError), context.wrap_socket(peer, server_side=True) as secured:
                    secured.recv(1024)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize("scheme", ["bolt+s", "neo4j+s"])
def test_an_untrusted_certificate(scheme: str, tmp_path: Path) -> None:
    with self_signed_server(tmp_path) as port:
        store = open_store(f"{scheme}://localhost:{port}", tmp_path / "graph", SECRETS)
        with pytest.raises(StoreError, match="certificate verify failed"):
            store.check()


def test_a_run_is_opened_by_its_pointer(tmp_path: Path, small: GraphTables) -> None:
    with pytest.raises(StoreError, match="no finished graph"):
        open_run(tmp_path, SECRETS)
    EmbeddedStore(tmp_path).writer().load(small)
    assert isinstance(open_run(tmp_path, SECRETS), EmbeddedStore)
    write_pointer(tmp_path, {"store": "neo4j", "uri": "bolt://host", "schema_version": SCHEMA_VERSION})
    opened = open_run(tmp_path, SECRETS)
    assert isinstance(opened, Neo4jStore)
    assert opened.uri == "bolt://host"


@pytest.mark.neo4j
class TestServer:
    def test_a_wrong_password(self, neo4j_server: Any, tmp_path: Path, small: GraphTables) -> None:
        store = open_store(neo4j_server.uri, tmp_path / "graph", SECRETS)
        for call in (store.check, lambda: store.writer().load(small)):
            with pytest.raises(StoreError, match="refused user 'neo4j'") as error:
                call()
            assert "not the password" not in str(error.value)
        assert not (tmp_path / "graph").exists()

    def test_plain_bolt_only_server_and_an_encrypted_address(self, neo4j_server: Any, tmp_path: Path) -> None:
        uri = neo4j_server.uri.replace("bolt://", "bolt+s://")
        with pytest.raises(StoreError, match="cannot reach Neo4j"):
            open_store(uri, tmp_path, neo4j_server.secrets).check()

    def test_a_routed_address(self, neo4j_store: Store, neo4j_server: Any, tmp_path: Path) -> None:
        uri = neo4j_server.uri.replace("bolt://", "neo4j://")
        store = open_store(uri, tmp_path, neo4j_server.secrets)
        store.check()
        store.close()
        store.close()

    def test_another_ones_nodes_under_our_labels(
        self, neo4j_store: Store, client: Client, small: GraphTables
    ) -> None:
        with client.session(neo4j.WRITE_ACCESS) as session:
            session.run("CREATE (:Name {id: 'theirs', foreign: true})").consume()
        for call in (neo4j_store.check, lambda: neo4j_store.writer().load(small), neo4j_store.writer().clear):
            with pytest.raises(StoreError, match="holds 1 Name nodes that graphattr did not write"):
                call()
        assert _count(client, "MATCH (n:Name {id: 'theirs'}) RETURN count(n) AS n") == 1
        assert _count(client, "MATCH (n:Account) RETURN count(n) AS n") == 0

    def test_another_ones_nodes_added_to_our_graph(
        self, neo4j_store: Store, client: Client, small: GraphTables
    ) -> None:
        neo4j_store.writer().load(small)
        with client.session(neo4j.WRITE_ACCESS) as session:
            session.run("CREATE (:Device {id: 'theirs', foreign: true})").consume()
        with pytest.raises(StoreError, match="holds 1 Device nodes"):
            neo4j_store.writer().load(small)

    def test_other_labels_are_left_alone(
        self, neo4j_store: Store, client: Client, small: GraphTables, hostile: GraphTables
    ) -> None:
        neo4j_store.writer().load(small)
        with client.session(neo4j.WRITE_ACCESS) as session:
            session.run(
                "MATCH (a:Account {id: 'a'}) SET a.note = 'mine' CREATE (:Foreign {id: 'f'})-[:ABOUT]->(a)"
            ).consume()
        neo4j_store.writer().upsert(small)
        about = "MATCH (:Foreign)-[:ABOUT]->(a:Account {note: 'mine'}) RETURN count(*) AS n"
        assert _count(client, about) == 1
        neo4j_store.writer().load(hostile)
        neo4j_store.writer().clear()
        assert _count(client, "MATCH (n:Foreign) RETURN count(n) AS n") == 1
        assert _count(client, "MATCH (n) WHERE NOT n:Foreign RETURN count(n) AS n") == 0

    def test_an_upsert_mends_what_someone_changed(
        self, neo4j_store: Store, client: Client, small: GraphTables
    ) -> None:
        neo4j_store.writer().load(small)
        with client.session(neo4j.WRITE_ACCESS) as session:
            for text in (
                "MATCH (a:Account {id: 'a'}) SET a.country = 7",
                "MATCH (:Account {id: 'a'})-[r:LINKED]->() SET r.probability = 0.1",
                "MATCH (:Account {id: 'b'})-[r:USED_DEVICE]->() DELETE r",
                "MATCH (a:Account {id: 'a'}), (b:Account {id: 'f'}) CREATE (a)-[:LINKED]->(b)",
                "MATCH (p:Phone) DETACH DELETE p",
            ):
                session.run(text).consume()
        assert stored(neo4j_store) != said(small)
        neo4j_store.writer().upsert(small)
        assert stored(neo4j_store) == said(small)

    @pytest.mark.parametrize("method", ["load", "upsert"])
    def test_an_interrupted_load_does_not_look_whole(
        self, neo4j_store: Store, tmp_path: Path, small: GraphTables, hostile: GraphTables, method: str
    ) -> None:
        neo4j_store.writer().load(small)

        def fail(what: str, _rows: int) -> None:
            if what == "USED_DEVICE":
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            getattr(neo4j_store.writer(), method)(hostile, fail)
        with pytest.raises(StoreError, match="no finished graph in"):
            neo4j_store.view()
        unfinished = {"store": "neo4j", "fingerprint": "", "schema_version": SCHEMA_VERSION}
        write_pointer(tmp_path / "graph", unfinished)  # the server knows it by itself too
        with pytest.raises(StoreError, match="no finished graph at bolt"):
            neo4j_store.view()
        neo4j_store.check()
        neo4j_store.writer().upsert(hostile)
        assert stored(neo4j_store) == said(hostile)

    def test_another_run_in_the_same_database(
        self,
        neo4j_store: Store,
        neo4j_server: Any,
        tmp_path: Path,
        small: GraphTables,
        write_world: Callable[[World], GraphTables],
    ) -> None:
        neo4j_store.writer().load(small)
        other = open_store(neo4j_server.uri, tmp_path / "other", neo4j_server.secrets)
        world = small_world()
        world.account("g")
        other.writer().load(write_world(world))
        other.view()
        with pytest.raises(StoreError, match="holds another run by now"):
            neo4j_store.view()
        other.close()

    def test_an_embedded_graph_of_the_run_goes(
        self, neo4j_store: Store, tmp_path: Path, small: GraphTables
    ) -> None:
        EmbeddedStore(tmp_path / "graph").writer().load(small)
        neo4j_store.writer().load(small)
        assert [path.name for path in (tmp_path / "graph").iterdir()] == ["pointer.json"]

    def test_the_pointer_holds_no_secret(
        self, neo4j_store: Store, neo4j_server: Any, tmp_path: Path, small: GraphTables
    ) -> None:
        neo4j_store.writer().load(small)
        text = (tmp_path / "graph" / "pointer.json").read_text(encoding="utf-8")
        assert neo4j_server.uri in text
        assert neo4j_server.secrets.neo4j_password.get_secret_value() not in text

    def test_constraints_stand(self, neo4j_store: Store, client: Client, small: GraphTables) -> None:
        neo4j_store.writer().load(small)
        with client.session(neo4j.READ_ACCESS) as session:
            rows = session.run("SHOW CONSTRAINTS YIELD labelsOrTypes, properties, type").data()
        found = {row["labelsOrTypes"][0] for row in rows if row["properties"] == ["id"]}
        assert {"Account", "Ring", "Operator", "Ip", "Device", "GraphattrRun"} <= found


def _count(client: Client, text: str) -> int:
    with client.session(neo4j.READ_ACCESS) as session:
        return int(session.run(text).single(strict=True)["n"])  # type: ignore[arg-type]
