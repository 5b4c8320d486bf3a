"""The explorer listens on this machine only, and hands the run over in the environment."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from graphattr.errors import RunError
from graphattr.explorer import serve
from graphattr.explorer.runs import RUN_VARIABLE


def test_every_safe_option_is_given() -> None:
    line = serve.command(8701, headless=True)
    for option in (
        "--server.address=127.0.0.1",
        "--browser.gatherUsageStats=false",
        "--client.showErrorDetails=none",
        "--server.enableCORS=true",
        "--server.enableXsrfProtection=true",
        "--server.enableStaticServing=false",
        "--client.disableDataExport=true",
        "--server.headless=true",
        "--server.port=8701",
        "--server.allowedHosts=127.0.0.1",
    ):
        assert option in line
    assert line[:4] == [sys.executable, "-m", "streamlit", "run"]
    assert Path(line[4]).name == "app.py"
    assert Path(line[4]).is_file()


def test_a_port_that_is_taken_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(serve, "FIRST_PORT", taken.getsockname()[1])
        assert serve.FIRST_PORT < serve.free_port() < serve.FIRST_PORT + 100


def test_where_to_look_is_said_and_nothing_of_streamlit_offered(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    called: list[str] = []
    monkeypatch.setattr(os, "execve", lambda _path, line, _env: called.extend(line))
    serve.serve(tmp_path, None, headless=True)
    port = next(part.split("=")[1] for part in called if part.startswith("--server.port="))
    assert f"http://127.0.0.1:{port}" in capsys.readouterr().out
    assert "--logger.hideWelcomeMessage=true" in called


def test_the_run_goes_by_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    called = {}
    monkeypatch.setattr(os, "execve", lambda path, line, env: called.update(path=path, line=line, env=env))
    serve.serve(tmp_path, None, headless=True)
    assert called["env"][RUN_VARIABLE] == str(tmp_path.resolve())
    assert not [part for part in called["line"] if str(tmp_path) in part]
    assert called["path"] == sys.executable


def test_a_missing_folder_is_an_error_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "execve", lambda *_: pytest.fail("started"))
    with pytest.raises(RunError, match="no folder"):
        serve.serve(tmp_path / "none", None, headless=True)


def test_the_bundle_and_its_licences_are_in_the_package() -> None:
    static = Path(serve.__file__).parent / "static"
    licences = (static / "LICENCES.txt").read_text()
    script = (static / "graph.js").read_text()
    for library in ("sigma 3", "graphology 0", "graphology-utils", "events", "@sigma/node-square"):
        assert library in licences
    assert "export{" in script.replace(" ", "")
    assert "http://" not in script.replace("http://www.w3.org", "")
    assert "https://" not in script
