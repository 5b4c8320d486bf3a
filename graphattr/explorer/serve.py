"""Starts the explorer: Streamlit on this machine's loopback address, with nothing sent elsewhere."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import graphattr
from graphattr.errors import RunError
from graphattr.explorer.runs import RUN_VARIABLE

_HOST = "127.0.0.1"
#: Where the explorer listens if nobody else does.
FIRST_PORT = 8501
#: Every option is given here, so that no configuration file of the user's can undo one.
OPTIONS: dict[str, str] = {
    "server.address": _HOST,
    "browser.serverAddress": _HOST,
    "browser.gatherUsageStats": "false",
    "server.enableCORS": "true",
    "server.enableXsrfProtection": "true",
    "server.enableStaticServing": "false",
    "server.fileWatcherType": "none",
    "server.showEmailPrompt": "false",
    "server.maxUploadSize": "1",
    "client.showErrorDetails": "none",
    "client.showErrorLinks": "false",
    "client.toolbarMode": "viewer",
    "client.disableDataExport": "true",  # the pages' own CSV is safe in spreadsheets; the built-in one is not
    "runner.magicEnabled": "false",
    "logger.level": "warning",
    # With Streamlit's own greeting goes its offer to install other things, which it shows on every page besides.
    "logger.hideWelcomeMessage": "true",
    "theme.baseFontSize": "14",
    "theme.baseRadius": "6px",
    "theme.showWidgetBorder": "true",
    "theme.paddingTop": "1.2rem",
    "theme.headingFontSizes": '["1.9rem", "1.55rem", "1.2rem", "1.1rem", "1.05rem", "1rem"]',
    "theme.light.codeTextColor": "#1c2333",
    "theme.light.codeBackgroundColor": "#eef1f6",
    "theme.dark.codeTextColor": "#e6e9ef",
    "theme.dark.codeBackgroundColor": "#242c3a",
    "theme.light.primaryColor": "#1d4ed8",
    "theme.light.backgroundColor": "#ffffff",
    "theme.light.secondaryBackgroundColor": "#f5f7fa",
    "theme.light.textColor": "#1c2333",
    "theme.light.borderColor": "#dde3ec",
    "theme.dark.primaryColor": "#60a5fa",
    "theme.dark.backgroundColor": "#12161f",
    "theme.dark.secondaryBackgroundColor": "#1b212d",
    "theme.dark.textColor": "#e6e9ef",
    "theme.dark.borderColor": "#2d3645",
}


def app_path() -> Path:
    """The app's file, which lies beside the package."""
    return Path(graphattr.__file__).resolve().parent.parent / "app.py"


def command(port: int, headless: bool) -> list[str]:
    """The command line that serves the app.

    Args:
        port: where to listen.
        headless: True opens no browser.
    """
    options = {**OPTIONS, "server.headless": str(headless).lower(), "server.port": str(port)}
    hosts = [f"--server.allowedHosts={host}" for host in (_HOST, "localhost")]
    return [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(app_path()),
        *(f"--{name}={value}" for name, value in options.items()),
        *hosts,
    ]


def free_port() -> int:
    """The first port from `FIRST_PORT` on that nobody listens on here.

    Raises:
        RunError: a hundred ports are taken.
    """
    for port in range(FIRST_PORT, FIRST_PORT + 100):
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind((_HOST, port))
            except OSError:
                continue
            return port
    raise RunError(
        f"ports {FIRST_PORT} to {FIRST_PORT + 99} of {_HOST} are taken", "a free one", "give --port"
    )


def serve(run: Path, port: int | None, headless: bool) -> int:
    """Serves the explorer on a run until it is stopped. This process becomes Streamlit's: it does not return.

    Args:
        run: the run folder; its path goes to the app in the environment, never on the command line.
        port: where to listen on 127.0.0.1; None takes 8501 or the next free one.
        headless: True opens no browser.

    Raises:
        RunError: there is no such folder, the app is not installed beside the package, or no port is free.
    """
    if not run.is_dir():
        raise RunError(f"there is no folder {run}", "the folder of a finished run")
    if not app_path().is_file():
        raise RunError(f"the explorer's app is missing at {app_path()}", hint="install graphattr again")
    port = free_port() if port is None else port
    arguments = command(port, headless)
    print(f"The explorer is at http://{_HOST}:{port}; stop it with Ctrl-C.")
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(arguments[0], arguments, {**os.environ, RUN_VARIABLE: str(run.resolve())})  # noqa: S606
