"""A served explorer and a Chromium that reports every request, error and word it shows."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from explorer.runs import build

from graphattr.explorer.runs import RUN_VARIABLE
from graphattr.explorer.serve import command

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
#: Streamlit looks for its health check beside a deep link's path before it finds the root.
PROBES = ("/_stcore/health", "/_stcore/host-config")


@pytest.fixture(scope="session")
def chromium() -> str:
    names = (os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    if found is None:
        reason = "no Chromium: install Debian's chromium, or name one in the variable CHROMIUM"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of an explorer that serves the hand-made run."""
    with _served(build(tmp_path_factory.mktemp("run")), tmp_path_factory.mktemp("log")) as address:
        yield address


class _served:  # noqa: N801 (a context manager, used like a function)
    def __init__(self, run: Path, logs: Path) -> None:
        self.run, self.log = run, logs / "streamlit.log"

    def __enter__(self) -> str:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environment = {**os.environ, RUN_VARIABLE: str(self.run)}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command(port, True), env=environment, stdout=log, stderr=log)
        address = f"http://127.0.0.1:{port}"
        for _ in range(240):
            if self.process.poll() is not None:
                break
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=2).close()  # noqa: S310
            except OSError:
                time.sleep(0.25)
            else:
                return address
        self.__exit__()
        raise AssertionError(self.log.read_text())

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)


@pytest.fixture(scope="session")
def serve():  # type: ignore[no-untyped-def]
    """Serves another run: `with serve(run, folder for the log) as address`."""
    return _served


@dataclass
class Watch:
    """What a page did: addresses it asked for, errors it reported."""

    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def outside(self) -> list[str]:
        """Requests to anything but this machine."""
        kept = ("blob", "data", "about")
        hosts = {"127.0.0.1", "localhost"}
        return [
            u for u in self.requests if urlsplit(u).scheme not in kept and urlsplit(u).hostname not in hosts
        ]


@pytest.fixture(scope="session")
def browser(chromium: str):  # type: ignore[no-untyped-def]
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(params=["light"])
def page(browser, request: pytest.FixtureRequest):  # type: ignore[no-untyped-def]
    """A page with a `watch`; at the end no request has left the machine and no error was reported."""
    watch = Watch()
    context = browser.new_context(viewport={"width": 1440, "height": 1400}, color_scheme=request.param)
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.on("request", lambda r: watch.requests.append(r.url))
    page.on("websocket", lambda w: watch.requests.append(w.url))
    page.on("pageerror", lambda error: watch.errors.append(str(error)))
    page.on("console", lambda message: _heard(watch, message))
    page.watch = watch
    yield page
    context.close()
    assert watch.requests
    assert watch.outside() == []
    assert watch.errors == []


def _heard(watch: Watch, message) -> None:  # type: ignore[no-untyped-def]
    address = message.location.get("url", "")
    if message.type == "error" and not address.endswith(PROBES):
        watch.errors.append(f"{message.text} {address}")
