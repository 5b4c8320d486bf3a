"""A case: the rings asked for, every row that bears on them, and the facts of the run they come from.

A case is all that a bundle's derived files may be computed from. In a bundle it is data/tables/*.jsonl plus
data/provenance/{case,run}.json.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import polars as pl

from graphattr.errors import BundleError, RunError
from graphattr.evidence.tables import normalise
from graphattr.records import CONDITIONS, TABLES, RunPaths

Audience = Literal["full", "legal", "policy", "public"]
AUDIENCES: Final[tuple[Audience, ...]] = ("full", "legal", "policy", "public")

#: Result tables of a bundle with their schemas and sort keys.
BUNDLED: Final = TABLES | {"conditions": (CONDITIONS, ("ring_id", "condition"))}
#: Signal tables by the data contract.
SIGNAL_TABLES: Final = ("accounts", "devices", "events", "ips", "labels", "payments", "usage")
#: What is taken over from run.json. Seconds and memory stay behind: they differ between equal runs.
FACTS: Final = (
    "graphattr",
    "schema",
    "versions",
    "seed",
    "settings",
    "model",
    "store",
    "inputs",
    "outputs",
    "links",
    "guarantee",
)
#: Taken over too, where run.json has them.
MORE_FACTS: Final = ("known_rings", "stages")


@dataclass(frozen=True)
class Case:
    """What a bundle or a page speaks about.

    Attributes:
        ring_ids: the rings, sorted.
        audience: `full`, or the audience that the rows were redacted for.
        tables: frames by name: the tables of `BUNDLED`, and `signals/<table>` in a full case.
        facts: of the run, out of run.json.
        hidden: "table.column" names whose cells an audience does not get.
    """

    ring_ids: tuple[str, ...]
    audience: Audience
    tables: dict[str, pl.DataFrame]
    facts: dict[str, Any]
    hidden: frozenset[str] = field(default=frozenset())

    def has(self, name: str) -> bool:
        """Whether a table, or a column given as table.column, is there and not hidden."""
        return name.split(".")[0] in self.tables and name not in self.hidden

    def of_ring(self, table: str, ring_id: str) -> pl.DataFrame:
        """Rows of a table with a ring_id."""
        return self.tables[table].filter(pl.col("ring_id") == ring_id)

    def accounts(self, ring_id: str) -> list[str]:
        """Members of a ring, sorted."""
        return self.of_ring("members", ring_id)["account_id"].sort().to_list()

    def inner(self, table: str, ring_id: str) -> pl.DataFrame:
        """Rows of links or evidence with both accounts in the ring."""
        ours = self.accounts(ring_id)
        return self.tables[table].filter(pl.col("account_a").is_in(ours) & pl.col("account_b").is_in(ours))

    def outer(self, table: str, ring_id: str) -> pl.DataFrame:
        """Rows of links or evidence with one account in the ring and one outside."""
        ours = self.accounts(ring_id)
        return self.tables[table].filter(pl.col("account_a").is_in(ours) ^ pl.col("account_b").is_in(ours))


def key_of(table: str) -> list[str]:
    """Sort key of a table in a bundle."""
    return list(BUNDLED[table][1]) if table in BUNDLED else ["row"]


def ordered(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame in the order of its key."""
    return frame.sort(key_of(table), nulls_last=False, maintain_order=True)


def read_facts(run: Path) -> dict[str, Any]:
    """The facts that run.json states.

    Raises:
        RunError: the run is missing, unfinished or unreadable.
    """
    path = RunPaths(run).run_json
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        hint = "without run.json a run is unfinished: give `graphattr run` the same command again"
        raise RunError(
            f"cannot read {path.name} in {run}: {error.strerror}", "a finished run folder", hint
        ) from error
    except ValueError as error:
        raise RunError(f"run.json in {run} is not JSON: {error}") from error
    missing = [name for name in FACTS if name not in found]
    if missing:
        raise RunError(f"run.json in {run} lacks {', '.join(missing)}", "the run.json of a finished run")
    facts = {name: found[name] for name in FACTS}
    uri = str(facts["store"].get("uri", ""))
    facts["store"] = {"uri": re.sub(r"//[^/@]*@", "//", uri)}
    facts["known_rings"] = found.get("known_rings")
    facts["stages"] = [stage["name"] for stage in found.get("stages", [])]
    return facts


def read_case(run: Path, ring_ids: Sequence[str]) -> Case:
    """The full case of some rings, every file checked against the digest that run.json states for it.

    Raises:
        RunError: the run is unfinished, lacks a table, or a file is not the one that run.json names.
        BundleError: no ring was named, or one that the run does not have.
    """
    facts = read_facts(run)
    wanted = sorted(set(ring_ids))
    if not wanted:
        raise BundleError("no ring was named", "at least one ring_id of rings.parquet")
    check_digests(run, facts)
    return select(run, facts, wanted)


def select(run: Path, facts: dict[str, Any], ring_ids: list[str]) -> Case:
    """The rows that bear on the rings, unchecked against run.json.

    Of the links that lead out of the rings the most probable one of each member is taken, with its evidence.
    """
    rings = rows(run, "rings", pl.col("ring_id").is_in(ring_ids))
    absent = sorted(set(ring_ids) - set(rings["ring_id"]))
    if absent:
        raise BundleError(f"the run has no ring {', '.join(absent)}", "a ring_id of rings.parquet")
    members = rows(run, "members", pl.col("ring_id").is_in(ring_ids))
    accounts = members["account_id"].unique().sort().to_list()
    mine = pl.col("account_id").is_in(accounts)
    either = pl.col("account_a").is_in(accounts) | pl.col("account_b").is_in(accounts)
    links = _telling(rows(run, "links", either), accounts)
    pairs = ["account_a", "account_b"]
    tables = {
        "holdings": rows(run, "holdings", mine),
        "links": links,
        "evidence": rows(run, "evidence", either).join(links, on=pairs, how="semi", maintain_order="left"),
        "rings": rings,
        "members": members,
        "matrix": rows(run, "matrix", pl.col("ring_id").is_in(ring_ids)),
    }
    # Runs of earlier versions have none; there is no bundle of them (`check_digests`), but a page.
    there = RunPaths(run).conditions.is_file()
    tables["conditions"] = (
        rows(run, "conditions", pl.col("ring_id").is_in(ring_ids))
        if there
        else pl.DataFrame(schema=CONDITIONS)
    )
    for path in signal_files(run):
        name = f"signals/{path.stem}"
        tables[name] = ordered(
            name, normalise(name, _scan(path, ("account_id", "row")).filter(mine).collect())
        )
    return Case(tuple(ring_ids), "full", tables, facts)


def _telling(links: pl.DataFrame, accounts: list[str]) -> pl.DataFrame:
    """Links among the accounts, and of each account its most probable link to another one.

    The others that lead out are many, mostly weak, and about accounts that nothing is claimed of.
    """
    ends = pl.concat(
        [
            links.with_columns(own=pl.col(own), other=pl.col(other))
            for own, other in (("account_a", "account_b"), ("account_b", "account_a"))
        ]
    ).filter(pl.col("own").is_in(accounts) & ~pl.col("other").is_in(accounts))
    ends = ends.sort("own", "probability", "other", descending=[False, True, False])
    best = ends.unique("own", keep="first", maintain_order=True).select(links.columns)
    inner = links.filter(pl.col("account_a").is_in(accounts) & pl.col("account_b").is_in(accounts))
    return ordered("links", pl.concat([inner, best]).unique())


def rows(run: Path, table: str, condition: pl.Expr) -> pl.DataFrame:
    """Rows of a result table that meet a condition, with exactly the columns of its schema, in order.

    Raises:
        RunError: the table is missing, unreadable or lacks a column.
    """
    schema: Any = BUNDLED[table][0]
    scanned = _scan(RunPaths(run).table(table), tuple(schema))
    try:
        frame = scanned.select(list(schema)).filter(condition).cast(schema).collect()
    except pl.exceptions.PolarsError as error:
        raise RunError(f"{table}.parquet in {run} cannot be read: {error}") from error
    return ordered(table, frame)


def signal_files(run: Path) -> list[Path]:
    """The signal tables of a run, sorted by name; what else lies there (lists of known hubs) is no signal."""
    found = (RunPaths(run).signals / f"{name}.parquet" for name in SIGNAL_TABLES)
    return [path for path in found if path.is_file()]


def _scan(path: Path, needed: tuple[str, ...]) -> pl.LazyFrame:
    try:
        frame = pl.scan_parquet(path, glob=False)
        missing = [name for name in needed if name not in frame.collect_schema()]
    except (OSError, pl.exceptions.PolarsError) as error:
        raise RunError(f"cannot read {path}: {error}", "a table of a finished run") from error
    if missing:
        raise RunError(f"{path} lacks the columns {', '.join(missing)}", "a table of a finished run")
    return frame


def check_digests(run: Path, facts: dict[str, Any]) -> None:
    """Refuse a run whose tables are not the ones that it wrote.

    Raises:
        RunError: a table is not in run.json, or its digest differs.
    """
    stated = facts["outputs"]
    used = [RunPaths(run).table(name) for name in BUNDLED] + signal_files(run)
    for path in used:
        name = path.relative_to(run).as_posix()
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise RunError(
                f"cannot read {name} in {run}: {error.strerror}", "a finished run folder"
            ) from error
        if stated.get(name) != digest:
            got = "is not named in run.json" if name not in stated else "is not the file that run.json names"
            raise RunError(f"{name} in {run} {got}", "an unaltered run", "run `graphattr run` again")
