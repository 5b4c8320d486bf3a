"""The local server's own business: what is missing, where the password goes, what is running."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from graphattr.errors import StoreError
from graphattr.store import java, server
from graphattr.store.java import Java, find_java
from graphattr.store.local import Server


def program(folder: Path, name: str, script: str) -> None:
    """A program that stands in for a real one."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole PATH, with /bin for the shell."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return folder


def test_no_java(programs: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no `java` on this machine. expected JDK 17 or 21. .*openjdk-17"):
        find_java(tmp_path)


def test_an_old_java(programs: Path, tmp_path: Path) -> None:
    program(programs, "java", "echo 'openjdk version \"11.0.2\"' >&2")
    with pytest.raises(StoreError, match=r"11\.0\.2.*expected JDK 17"):
        find_java(tmp_path)


def test_java_home_comes_first(programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(programs, "java", "echo 'openjdk version \"11.0.2\"' >&2")
    home = tmp_path / "jdk"
    program(home / "bin", "java", "echo 'openjdk version \"17.0.1\"' >&2")
    monkeypatch.setenv("JAVA_HOME", str(home))
    with pytest.raises(StoreError, match="no `mvn`"):
        find_java(tmp_path)


def test_no_maven(programs: Path, tmp_path: Path) -> None:
    program(programs, "java", "echo 'openjdk version \"17.0.1\"' >&2")
    with pytest.raises(
        StoreError, match=r"no `mvn` on this machine. expected Maven. .*apt-get install maven"
    ):
        find_java(tmp_path)


def test_maven_fails(programs: Path, tmp_path: Path) -> None:
    program(programs, "java", "echo 'openjdk version \"17.0.1\"' >&2")
    program(programs, "mvn", "echo '[ERROR] no line out'; exit 1")
    with pytest.raises(
        StoreError, match=r"could not fetch org\.neo4j:neo4j:5\.26\.20: \[ERROR\] no line out"
    ):
        find_java(tmp_path)


def test_maven_is_asked_once(programs: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    jar = tmp_path / "a.jar"
    jar.touch()
    program(programs, "java", "echo 'openjdk version \"17.0.1\"' >&2")
    program(
        programs,
        "mvn",
        f'echo asked >> {tmp_path}/asked\nfor one in "$@"; do case "$one" in '
        f'-Dmdep.outputFile=*) echo {jar} > "${{one#*=}}";; esac; done',
    )
    assert find_java(home).classpath == str(jar)
    assert find_java(home).classpath == str(jar)
    assert (tmp_path / "asked").read_text(encoding="utf-8") == "asked\n"
    assert "http" not in (home / "pom.xml").read_text(encoding="utf-8")
    jar.rename(tmp_path / "gone.jar")  # Maven's cache was emptied: ask again
    find_java(home)
    assert (tmp_path / "asked").read_text(encoding="utf-8") == "asked\nasked\n"


def test_the_password_is_never_on_a_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = 'a "quoted" \\ pass word'
    seen: dict[str, Any] = {}

    def fake(command: list[str], **kwargs: Any) -> subprocess.CompletedProcess[str]:
        file = Path(command[1].removeprefix("@"))
        seen.update(command=command, env=kwargs["env"], text=file.read_text(encoding="utf-8"))
        seen["mode"] = stat.S_IMODE(file.stat().st_mode)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(java.subprocess, "run", fake)
    monkeypatch.setenv("GRAPHATTR_NEO4J_PASSWORD", secret)
    Java("java", "x.jar").admin(tmp_path, ["dbms", "set-initial-password"], secret)
    assert secret not in " ".join(seen["command"])
    assert not any(secret in value for value in seen["env"].values())
    assert seen["text"].splitlines()[-1] == '"a \\"quoted\\" \\\\ pass word"'
    assert seen["mode"] == 0o600
    assert not list(tmp_path.iterdir())


def test_a_failing_admin_tool_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="neo4j-admin database import full failed"):
        Java("false", "x.jar").admin(tmp_path, ["database", "import", "full", "neo4j"])


@pytest.mark.parametrize("password", ["short", "two\nlines of it"])
def test_a_password_that_neo4j_would_refuse(tmp_path: Path, password: str) -> None:
    one = Server(tmp_path, 1, None, SecretStr(password))
    with pytest.raises(StoreError, match="8 or more, in one line") as error:
        one._prepare(Java("false", ""))
    assert password not in str(error.value)


def test_another_programs_process_is_not_ours(tmp_path: Path) -> None:
    state = {"pid": os.getpid(), "bolt": 7687, "http": 7474}
    (tmp_path / "server.json").write_text(json.dumps(state), encoding="utf-8")
    one = Server(tmp_path)
    assert one.pid() is None
    one.stop()  # does not end this test


def test_a_killed_process_takes_its_server_along(tmp_path: Path) -> None:
    stand_in = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)", f"--home-dir={tmp_path}"]
    )
    (tmp_path / "server.json").write_text(json.dumps({"pid": stand_in.pid}), encoding="utf-8")
    holding = (
        "import pathlib, sys, time, graphattr.store.local as l\n"
        "with l.stopped_with_us(pathlib.Path(sys.argv[1])): print('here', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holding, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as us:
        assert us.stdout is not None
        assert us.stdout.readline() == "here\n"
        assert stand_in.poll() is None
        us.kill()
    assert stand_in.wait(timeout=30) == -signal.SIGTERM


def test_status_and_stop_of_no_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = ["--home", str(tmp_path / "none")]
    assert server.main([*home, "status"]) == 1
    assert server.main([*home, "stop"]) == 0
    assert "does not run" in capsys.readouterr().out
    assert not (tmp_path / "none").exists()


def test_a_missing_thing_is_one_line_and_exit_2(
    programs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert server.main(["--home", str(tmp_path / "home"), "start"]) == 2
    assert "error: no `java` on this machine" in capsys.readouterr().err


@pytest.mark.neo4j
class TestRunning:
    def test_it_runs_once(self, neo4j_server: Any) -> None:
        local = _local(neo4j_server)
        pid = local.pid()
        assert pid is not None
        local.start()
        assert local.pid() == pid
        with pytest.raises(StoreError, match="runs on port"):
            Server(local.home, 1, None).start()

    def test_a_taken_port(self, neo4j_server: Any, tmp_path: Path) -> None:
        local = _local(neo4j_server)
        other = Server(tmp_path / "other", local.bolt_port, None, artefacts=local._artefacts)
        with pytest.raises(StoreError, match=f"port {local.bolt_port} of this machine is taken"):
            other.start()

    def test_it_listens_on_loopback_only(self, neo4j_server: Any) -> None:
        text = (_local(neo4j_server).home / "conf" / "neo4j.conf").read_text(encoding="utf-8")
        listening = [line.split("=")[1] for line in text.splitlines() if "listen_address" in line]
        assert listening
        assert all(one.startswith("127.0.0.1") for one in listening)

    def test_a_password_may_begin_with_a_dash(self, neo4j_server: Any, tmp_path: Path) -> None:
        java = _local(neo4j_server).java()
        Server(tmp_path / "dash", 1, None, SecretStr("-begins-with-a-dash"))._prepare(java)
        assert list((tmp_path / "dash" / "data" / "dbms").iterdir())

    def test_the_made_up_password_is_its_owners(self, neo4j_server: Any) -> None:
        local = _local(neo4j_server)
        assert stat.S_IMODE(local.password_file.stat().st_mode) == 0o600
        assert stat.S_IMODE(local.home.stat().st_mode) == 0o700
        secret = local.secrets().neo4j_password
        assert secret is not None
        pid = local.pid()
        assert secret.get_secret_value() not in Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")
        assert secret.get_secret_value() not in Path(f"/proc/{pid}/environ").read_text(encoding="utf-8")
        logs = [path.read_text(encoding="utf-8", errors="replace") for path in local.home.glob("logs/*")]
        assert not any(secret.get_secret_value() in log for log in logs)


def _local(neo4j_server: Any) -> Server:
    if neo4j_server.local is None:
        pytest.skip("GRAPHATTR_TEST_NEO4J_URI names a server that is not ours to look into")
    return neo4j_server.local  # type: ignore[no-any-return]
