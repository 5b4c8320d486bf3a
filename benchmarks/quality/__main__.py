"""`python -m benchmarks.quality --out docs/results.md`: every figure of the page, from worlds to words."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.quality import control, missing, real, results, suites, tuning
from benchmarks.quality.methods import Tuned
from benchmarks.quality.work import Workers
from graphattr.errors import GraphattrError, InputError

SUITES: Final = ("worlds", "presets", "hop", "small", "mechanisms", "tables")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the suites and writes the page; returns the exit status (0, or 2 on bad input)."""
    given = _parser().parse_args(arguments)
    unknown = sorted(set(given.what.split(",")) - set(SUITES))
    if unknown:
        print(f"no suite {', '.join(unknown)}: expected some of {', '.join(SUITES)}", file=sys.stderr)
        return 2
    typed = sys.argv[1:] if arguments is None else list(arguments)
    try:
        named = [word for word in typed if word != "--kept"]
        page = _work(given, shlex.join(["python", "-m", "benchmarks.quality", *named]))
    except GraphattrError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(page, encoding="utf-8")
    print(f"{given.out} written", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the page to write")
    parser.add_argument("--what", default=",".join(SUITES), help=f"suites, of {', '.join(SUITES)}")
    parser.add_argument("--preset", default="sample", help="size of test and training worlds")
    parser.add_argument("--worlds", type=int, default=5, help="test worlds of each family")
    parser.add_argument(
        "--innocent-worlds", type=int, default=2, help="worlds of each preset without operators"
    )
    parser.add_argument("--small", type=int, default=200, help="little worlds")
    parser.add_argument("--small-preset", default="small", help="preset of the little worlds")
    parser.add_argument("--table-worlds", type=int, default=5, help="worlds of each family without a table")
    parser.add_argument("--mechanism-worlds", type=int, default=3, help="worlds a mechanism")
    parser.add_argument(
        "--training", type=int, nargs=2, default=None, metavar=("FIT", "HOLD"), help="worlds to learn on"
    )
    parser.add_argument(
        "--seed", type=int, default=suites.FIRST_SEED, help="seed of the first world of a suite"
    )
    parser.add_argument("--hop", type=Path, default=Path("../shared/data/hop"), help="folder of the hop data")
    parser.add_argument("--folder", type=Path, default=Path("build/benchmark"), help="cache of worlds")
    parser.add_argument("--workers", type=int, default=2, help="processes; 0 for none")
    parser.add_argument(
        "--kept",
        action="store_true",
        help="run no suite: word the page anew from the outcomes that the same command kept in --folder",
    )
    return parser


def _work(given: argparse.Namespace, command: str) -> str:
    begin = time.perf_counter()
    workers = Workers(given.workers)
    training = tuple(given.training) if given.training else None
    tuned = tuning.tune(given.folder, workers, given.preset, training)
    kept = given.folder / "outcomes.json"
    if given.kept:
        return results.page(command, _kept(kept, command), tuned)
    outcomes: dict[str, Any] = {}
    for name in (suite for suite in SUITES if suite in given.what.split(",")):
        started = time.perf_counter()
        outcomes[name] = _SUITES[name](given, workers, tuned)
        print(f"suite {name}: {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
    kept.parent.mkdir(parents=True, exist_ok=True)
    stored = {"command": command, "outcomes": outcomes}
    kept.write_text(json.dumps(stored, indent=1), encoding="utf-8")
    print(f"all: {time.perf_counter() - begin:.0f} s", file=sys.stderr, flush=True)
    return results.page(command, outcomes, tuned)


def _kept(path: Path, command: str) -> dict[str, Any]:
    """The outcomes that `command` kept."""
    try:
        stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        made_by, outcomes = stored["command"], stored["outcomes"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"cannot read {path}: {error}", "outcomes of a run", "run it without --kept"
        ) from error
    if made_by != command:
        raise InputError(f"{path} was kept by: {made_by}", command, "run it without --kept")
    return dict(outcomes)


def _hop(given: argparse.Namespace, _workers: Workers, tuned: Tuned) -> Any:
    if not (given.hop / "accounts.csv").is_file():
        print(f"hop: no data at {given.hop}, left out", file=sys.stderr)
        return "The hop data was not at hand when this page was written: this section is left out."
    return real.reports(given.hop, tuned, given.folder)


_SUITES: Final[dict[str, Callable[[argparse.Namespace, Workers, Tuned], Any]]] = {
    "worlds": lambda g, w, t: suites.family_worlds(g.folder, w, t, g.preset, g.worlds, g.seed),
    "presets": lambda g, w, t: suites.innocent_worlds(g.folder, w, t, g.innocent_worlds, g.seed),
    "hop": _hop,
    "small": lambda g, w, _: control.small_worlds(g.folder, w, g.small_preset, g.small, g.seed),
    "mechanisms": lambda g, w, t: suites.mechanism_worlds(
        g.folder, w, t, g.small_preset, g.mechanism_worlds, g.seed
    ),
    "tables": lambda g, w, _: missing.missing_tables(g.folder, w, g.preset, g.table_worlds, g.seed),
}

if __name__ == "__main__":
    sys.exit(main())
