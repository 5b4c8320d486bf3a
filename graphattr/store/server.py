"""A local Neo4j server: `python -m graphattr.store.server start|stop|status|import RUN`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from graphattr.errors import GraphattrError
from graphattr.settings import Secrets
from graphattr.store.java import VERSION
from graphattr.store.local import BOLT_PORT, HOME, HTTP_PORT, Server, last_start
from graphattr.store.neo4j_client import PASSWORD
from graphattr.store.offline import import_run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0, 1 for a server that does not run, or 2 for bad input."""
    chosen = _parser().parse_args(arguments)
    last = last_start(chosen.home)
    bolt = chosen.bolt_port or last.get("bolt", BOLT_PORT)
    http = chosen.http_port or last.get("http", HTTP_PORT)
    server = Server(chosen.home, bolt, http, Secrets().neo4j_password)
    try:
        if chosen.command == "stop":
            server.stop()
            print(f"Neo4j in {server.home} does not run")
            return 0
        if chosen.command == "status" and server.pid() is None:
            print(f"Neo4j in {server.home} does not run")
            return 1
        if chosen.command == "import":
            import_run(server, chosen.run, _tell)
        elif chosen.command == "start":
            _tell(f"Neo4j {VERSION} starts in {server.home}; the first time Maven fetches it")
            server.start()
        print(_how_to_use(server))
    except GraphattrError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m graphattr.store.server", description=__doc__)
    parser.add_argument("--home", type=Path, default=HOME, help="folder of the server (default: %(default)s)")
    parser.add_argument("--bolt-port", type=int, help=f"default: as last time, else {BOLT_PORT}")
    parser.add_argument("--http-port", type=int, help=f"default: as last time, else {HTTP_PORT}")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("start", help=f"start it; its password comes from {PASSWORD} or is made up")
    commands.add_parser("stop", help="stop it")
    commands.add_parser("status", help="say whether it runs, and where")
    offline = commands.add_parser(
        "import", help="load a big run offline, in place of everything that is there"
    )
    offline.add_argument("run", type=Path, help="a run folder")
    return parser


def _how_to_use(server: Server) -> str:
    lines = [f"Neo4j {VERSION} answers at {server.uri}"]
    if server.password_file.exists():
        lines.append(f'  export {PASSWORD}="$(cat {server.password_file})"')
    lines.append(f"  graphattr run SIGNALS --out RUN --store {server.uri}")
    return "\n".join(lines)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
