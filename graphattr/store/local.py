"""A local Neo4j server on loopback, from Maven artefacts.

Its home folder holds the data, the configuration, the logs and, if the password was made up here, the
password in a file that only its owner may read.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from graphattr.errors import StoreError
from graphattr.settings import Secrets
from graphattr.store.java import SERVER_CLASS, Java, environment, find_java, tail, write_private
from graphattr.store.neo4j_client import PASSWORD, Client

HOME: Final = Path(".neo4j")
BOLT_PORT: Final = 7687
HTTP_PORT: Final = 7474
START_SECONDS: Final = 120.0
STOP_SECONDS: Final = 60.0
STATE: Final = "server.json"
MIN_PASSWORD: Final = 8  # Neo4j's own rule

_CONFIG: Final = """# written by graphattr.store.server at every start
server.default_listen_address=127.0.0.1
server.bolt.listen_address=127.0.0.1:{bolt}
server.bolt.advertised_address=127.0.0.1:{bolt}
server.http.enabled={http_enabled}
server.http.listen_address=127.0.0.1:{http}
server.http.advertised_address=127.0.0.1:{http}
server.https.enabled=false
server.memory.pagecache.size=512m
dbms.security.auth_enabled=true
dbms.security.allow_csv_import_from_file_urls=false
dbms.usage_report.enabled=false
"""


class Server:
    """One server home.

    Args:
        home: its folder; made by the first start.
        bolt_port: port for Bolt on 127.0.0.1.
        http_port: port for Neo4j's browser; None turns HTTP off.
        password: of user neo4j, set at the first start (default: one is made up and kept in the home).
        artefacts: folder that remembers where Maven's artefacts are (default: home).
    """

    def __init__(
        self,
        home: Path,
        bolt_port: int = BOLT_PORT,
        http_port: int | None = HTTP_PORT,
        password: SecretStr | None = None,
        artefacts: Path | None = None,
    ) -> None:
        self.home = home.absolute()
        self.bolt_port = bolt_port
        self.http_port = http_port
        self._artefacts = (artefacts or home).absolute()
        self._given = password

    @property
    def uri(self) -> str:
        """Its Bolt address."""
        return f"bolt://127.0.0.1:{self.bolt_port}"

    @property
    def password_file(self) -> Path:
        """Where a made-up password lies."""
        return self.home / "password"

    def java(self) -> Java:
        """Java and the artefacts.

        Raises:
            StoreError: as java.find_java.
        """
        return find_java(self._artefacts)

    def secrets(self) -> Secrets:
        """User and password: as given, else from the home.

        Raises:
            StoreError: there is neither.
        """
        if self._given is not None:
            return Secrets(neo4j_user="neo4j", neo4j_password=self._given)
        if not self.password_file.exists():
            raise StoreError(f"no password for the server in {self.home}", PASSWORD, "start it first")
        password = self.password_file.read_text(encoding="utf-8").strip()
        return Secrets(neo4j_user="neo4j", neo4j_password=SecretStr(password))

    def pid(self) -> int | None:
        """Process id of the running server of this home, or None."""
        pid: int | None = last_start(self.home).get("pid")
        if not pid or not _alive(pid):
            return None
        command = Path(f"/proc/{pid}/cmdline")  # where there is one: the id may be another program's by now
        if command.exists() and f"--home-dir={self.home}" not in command.read_text(errors="replace"):
            return None
        return pid

    def start(self) -> None:
        """Start it and wait until Bolt answers with the password; does nothing if it runs.

        Raises:
            StoreError: something is missing, the port is taken, or it did not come up; it is stopped then.
        """
        if self.pid() is not None:
            used = last_start(self.home)["bolt"]
            if used != self.bolt_port:
                raise StoreError(
                    f"the server in {self.home} runs on port {used}",
                    f"port {self.bolt_port}",
                    "stop it first",
                )
            return
        java = self.java()
        for port in (self.bolt_port, self.http_port):
            _see_free(port)
        self._prepare(java)
        log = self.home / "logs" / "console.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                java.arguments(
                    "1g", SERVER_CLASS, f"--home-dir={self.home}", f"--config-dir={self.home / 'conf'}"
                ),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=environment(self.home),
                cwd=self.home,
                start_new_session=True,
            )
        state = {"pid": process.pid, "bolt": self.bolt_port, "http": self.http_port}
        (self.home / STATE).write_text(json.dumps(state), encoding="utf-8")
        try:
            self._wait(process, log)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop it and wait until it has gone; does nothing if it does not run.

        Raises:
            StoreError: it does not go.
        """
        pid = self.pid()
        if pid is not None:
            os.kill(pid, signal.SIGTERM)
            end = time.monotonic() + STOP_SECONDS
            while _alive(pid):
                if time.monotonic() > end:
                    raise StoreError(f"process {pid} still runs after {STOP_SECONDS:g} s", hint=f"kill {pid}")
                time.sleep(0.1)

    def _prepare(self, java: Java) -> None:
        """Folders, configuration, and at the first start the password."""
        for folder in (self.home, self.home / "conf", self.home / "logs"):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
        text = _CONFIG.format(
            bolt=self.bolt_port,
            http=self.http_port or HTTP_PORT,
            http_enabled=str(self.http_port is not None).lower(),
        )
        (self.home / "conf" / "neo4j.conf").write_text(text, encoding="utf-8")
        if (self.home / "data" / "dbms").exists():
            return
        if self._given is None and not self.password_file.exists():
            write_private(self.password_file, secrets.token_urlsafe(24) + "\n")
        password = self.secrets().neo4j_password
        secret = password.get_secret_value() if password else ""
        if len(secret) < MIN_PASSWORD or any(mark in secret for mark in "\r\n"):
            raise StoreError(
                f"a {PASSWORD} of {len(secret)} characters", f"{MIN_PASSWORD} or more, in one line"
            )
        # "--" ends the options: one made-up password in 64 begins with a dash.
        java.admin(self.home, ["dbms", "set-initial-password", "--"], secret)

    def _wait(self, process: subprocess.Popen[bytes], log: Path) -> None:
        end = time.monotonic() + START_SECONDS
        while True:
            if process.poll() is not None:
                said = tail(log.read_text(encoding="utf-8", errors="replace"))
                raise StoreError(f"Neo4j ended at its start: {said}", "a running server", f"see {log}")
            try:
                _see_answer(self.bolt_port)
                with contextlib.closing(Client(self.uri, self.secrets())) as client:
                    client.marker()
            except (OSError, StoreError) as error:
                refused = "refused user" in str(error)
                if refused or time.monotonic() > end:
                    raise StoreError(
                        f"Neo4j in {self.home} gave no answer: {error}",
                        hint=f"see {log}; the password is the one of its first start"
                        if refused
                        else f"see {log}",
                    ) from error
                time.sleep(0.2)
            else:
                return


@contextlib.contextmanager
def local_server(home: Path, artefacts: Path) -> Iterator[Server]:
    """A server of its own on a free port, for tests; it is stopped at the end, or when this process is killed."""
    server = Server(home, _free_port(), None, artefacts=artefacts)
    with stopped_with_us(home):
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def stopped_with_us(home: Path) -> Iterator[None]:
    """Whatever ends this process, the server of `home` ends too: another process waits for our end of a pipe."""
    wait = "import sys, pathlib, graphattr.store.local as local; sys.stdin.read()"
    command = [sys.executable, "-c", f"{wait}; local.Server(pathlib.Path(sys.argv[1])).stop()", str(home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True):
        yield  # leaving closes the pipe and waits


def last_start(home: Path) -> dict[str, int]:
    """`pid`, `bolt` and `http` port of the last start in a home; empty if there was none."""
    try:
        found = json.loads((home / STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {key: int(found[key]) for key in ("pid", "bolt", "http") if isinstance(found.get(key), int)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _see_free(port: int | None) -> None:
    """Raise StoreError if something listens on the port."""
    if port is None:
        return
    try:
        _see_answer(port)
    except OSError:
        return
    raise StoreError(
        f"port {port} of this machine is taken", "a free one", "choose another with --bolt-port, --http-port"
    )


def _see_answer(port: int) -> None:
    socket.create_connection(("127.0.0.1", port), timeout=1).close()


def _alive(pid: int) -> bool:
    """Whether a process runs; one that we started ourselves is taken note of when it ends."""
    with contextlib.suppress(ChildProcessError):
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
