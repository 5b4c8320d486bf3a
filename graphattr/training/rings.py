"""Rings with known truth: simulated worlds, run in process as far as the members, and judged."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from graphattr.attribution.operators import name_operators
from graphattr.attribution.statistics import ring_statistics
from graphattr.evaluate.judged import Judged, judge
from graphattr.pipeline.attributing import firm_parts
from graphattr.pipeline.grouping import Signals, write_groups, write_holdings
from graphattr.pipeline.reading import read_signals
from graphattr.pipeline.run import not_read
from graphattr.records import GROUPED_FILE, MEMBERS, RINGS
from graphattr.settings import Settings
from graphattr.simulate import simulate
from models.joining import Joining
from models.linkage import Linkage

#: Seeds below are for tests and benchmarks.
FIRST_SEED: Final = 5000
FAMILIES: Final = ("A", "B")
#: Worlds in the order of their seeds: of which families, whether their rings calibrate the error control (else the
#: classifier is fitted to them), and how many of each preset. Fewer rings of B are eligible, so it has more worlds.
WORLDS: Final = (
    ("AB", False, {"small": 30, "tiny": 12, "resellers": 12, "companies": 5, "none": 3, "sample": 4}),
    ("AB", True, {"small": 80, "tiny": 150, "resellers": 8, "companies": 3, "none": 3, "sample": 6}),
    ("AB", False, {"tiny": 30}),
    ("AB", True, {"tiny": 60}),
    ("AB", False, {"tiny": 120}),
    ("B", True, {"tiny": 160}),
    ("B", False, {"tiny": 100}),
    ("B", True, {"tiny": 500}),
    ("A", True, {"tiny": 150}),
    ("A", False, {"tiny": 100}),
    ("B", True, {"tiny": 700}),
    ("B", False, {"tiny": 600}),
)
#: Facts of a ring beside its statistics.
FACTS: Final = (
    "ring_id", "accounts", "owner", "kind", "stratum", "wrong", "innocents", "bad", "weakest_point",
    "operator", "named_right", "strangers", "all_known", "all_strangers", "all_operated", "all_innocent",
)  # fmt: skip


@dataclass(frozen=True)
class RingWorld:
    """A simulated world whose rings are used.

    Attributes:
        preset, family, seed: what is simulated.
        calibrates: its rings calibrate the error control; else the classifier is fitted to them.
    """

    preset: str
    family: str
    seed: int
    calibrates: bool

    @property
    def name(self) -> str:
        """A name for files and messages."""
        return f"{self.preset}-{self.family}-{self.seed}"


def ring_worlds(share: float = 1.0) -> list[RingWorld]:
    """The worlds of the shipped classifier, family by family; `share` of each number, one at least."""
    worlds = []
    for family in FAMILIES:
        seed = FIRST_SEED
        for families, calibrates, numbers in WORLDS:
            if family not in families:
                continue
            for preset, count in numbers.items():
                for _ in range(max(1, round(count * share))):
                    worlds.append(RingWorld(preset, family, seed, calibrates))
                    seed += 1
    return worlds


def ring_rows(
    world: RingWorld, linkage: Linkage, settings: Settings, joining: Joining
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The rings that a run finds in a world, whole, and their firm parts that are large enough to be attributed.

    Returns:
        Facts (world, family, calibrates, firm: whether it is a part, read: whether the model read the world whole, as
        else a run attributes nothing, and `FACTS`: true kind (null: none has most
        accounts) and stratum, accounts, number of the largest controller, accounts not of it, share that an
        attribution would get wrong: not of the largest controller, or innocent), the name that labels give it, members
        with that name, members who are not innocent and whose name no label knows; of the world: accounts of known
        and of unknown names, accounts that are not innocent, and innocent ones), statistics (world, ring_id, firm,
        statistic, value), and members of the whole rings (world, calibrates, probability, low, high, belongs: whether
        the account is of its ring's largest controller).
    """
    with tempfile.TemporaryDirectory(prefix="graphattr-rings-") as name:
        place = Path(name)
        simulate(place, world.preset, world.seed, family=world.family)
        signals, drift = _grouped(place, linkage, settings, joining)
        grouped = pl.read_parquet(place / "run" / GROUPED_FILE)
        part = _told(place, signals, firm_parts(grouped), joining)
        whole = _told(place, signals, grouped, joining)
    here = {
        "world": pl.lit(world.name),
        "family": pl.lit(world.family),
        "calibrates": pl.lit(world.calibrates),
        "read": pl.lit(not_read(linkage, drift) is None),
    }
    both = ((whole, pl.lit(value=False)), (part, pl.lit(value=True)))
    return (
        pl.concat(told.facts.select(*FACTS).with_columns(firm=firm, **here) for told, firm in both),
        pl.concat(told.statistics.with_columns(firm=firm, world=here["world"]) for told, firm in both),
        whole.members.with_columns(world=here["world"], calibrates=here["calibrates"]),
    )


@dataclass(frozen=True)
class _Told:
    """What is known and measured of rings."""

    facts: pl.DataFrame
    statistics: pl.DataFrame
    members: pl.DataFrame


def _told(place: Path, signals: Signals, members: pl.DataFrame, joining: Joining) -> _Told:
    run = place / "run"
    links = pl.read_parquet(run / "links.parquet")
    statistics = ring_statistics(
        signals.tables, members, links, run / "holdings.parquet", signals.lists, joining.join
    )
    named = name_operators(members, signals.tables.get("labels"), links, joining.join)
    judged, facts = judged_rings(run, place / "truth.parquet", members, named)
    return _Told(
        facts.join(pl.read_parquet(place / "weakest.parquet"), on="ring_id", how="left"),
        statistics.select("ring_id", "statistic", "value"),
        judged.accounts.drop_nulls("ring_id").select("probability", "low", "high", "belongs"),
    )


def _grouped(
    place: Path, linkage: Linkage, settings: Settings, joining: Joining
) -> tuple[Signals, dict[str, Any]]:
    """Runs the stages up to the members into place/run; the signals, and their drift as run.json has it."""
    run = place / "run"
    signals = read_signals(place / "signals", run, settings.load)
    write_holdings(signals, run / "holdings.parquet")
    facts = write_groups(signals, run, settings, linkage, lambda _name, _done: None, joining)
    return signals, facts["drift"]


def judged_rings(
    run: Path, truth: Path, members: pl.DataFrame, named: pl.DataFrame
) -> tuple[Judged, pl.DataFrame]:
    """The accounts and rings of a run folder that has no verdicts yet, beside the truth.

    Args:
        run: folder with links; the members, an empty run.json and rings without verdicts are written into it.
        truth: as `graphattr simulate` writes it.
        members: rows of `MEMBERS`.
        named: what `name_operators` says of them.
    """
    blank = {
        name: pl.lit(None, kind)
        for name, kind in RINGS.items()
        if name not in ("ring_id", "size", *named.columns)
    }
    rings = members.group_by("ring_id").agg(size=pl.len().cast(pl.Int64)).sort("ring_id")
    rings = rings.with_columns(**blank).join(named, on="ring_id", how="left", maintain_order="left")
    rings.select(*RINGS).write_parquet(run / "rings.parquet")
    members.select(*MEMBERS).write_parquet(run / "members.parquet")
    (run / "run.json").write_text(json.dumps({}), encoding="utf-8")
    judged = judge(run, truth, "mechanism")
    accounts = judged.accounts
    lost = pl.when("innocent").then(1.0).otherwise(1.0 - pl.col("right"))
    stranger = ~pl.col("innocent") & ~pl.col("known")
    of_ring = (
        accounts.drop_nulls("ring_id")
        .group_by("ring_id")
        .agg(
            bad=lost.mean(),
            named_right=(pl.col("operator") == pl.col("said")).fill_null(False).sum(),
            strangers=stranger.sum(),
        )
    )
    world = {
        "all_known": int(accounts["known"].sum()),
        "all_strangers": int(accounts.select(stranger.sum()).item()),
        "all_operated": int((~accounts["innocent"]).sum()),
        "all_innocent": int(accounts["innocent"].sum()),
    }
    totals = {name: pl.lit(count, pl.Int64) for name, count in world.items()}
    return judged, judged.rings.join(of_ring, on="ring_id").with_columns(**totals).sort("ring_id")
