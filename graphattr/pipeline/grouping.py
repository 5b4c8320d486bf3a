"""Signals to links and members: blocking, scoring and grouping, in passes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from graphattr.errors import InputError
from graphattr.links.drift import RANDOM, TOO_ALIKE, Drift, drift, strangers
from graphattr.links.graph_input import graph_of, log10_odds, pairs_of
from graphattr.links.holdings import holdings, occasions
from graphattr.links.hope import hopeful
from graphattr.links.index import Index, build_index
from graphattr.links.likeness import compared, random_pairs
from graphattr.links.pieces import CandidatePairs, Candidates, candidate_pairs, located
from graphattr.links.profiles import Profiles, profiles
from graphattr.links.reasons import evidence_table, links_table
from graphattr.links.recalibration import Labelled, recalibration, tempered
from graphattr.links.score import Scored, Traits, part_of_scored, score, traits, with_network
from graphattr.records import GROUPED, GROUPED_FILE, HOLDINGS, SIGNALS, TABLES
from graphattr.rings.between import LEAST_LINK, Links
from graphattr.rings.group import Grouping, group, resolve
from graphattr.rings.guards import Vetoes, firm, vetoes
from graphattr.rings.joining import cells, joined
from graphattr.rings.membership import Membership, belonging, supported
from graphattr.rings.weakest import weakest_points
from graphattr.settings import LinkSettings, Settings
from models import AdditiveModel
from models.joining import Joining, Judge, shipped_joining
from models.linkage import Linkage

#: Candidate pairs with less than this share of the least probability of a link are dropped after a first look.
HOPELESS: Final = 0.01
#: The same where a graph network is still to be asked.
HOPELESS_WITH_NETWORK: Final = 0.001

Step = Callable[[str, float], None]
Array = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Signals:
    """Canonical tables of a run.

    Attributes:
        tables: path by table name.
        timeless: tables without times.
        lists: known hubs and public mailbox domains, or None.
    """

    tables: dict[str, Path]
    timeless: frozenset[str]
    lists: Path | None


def write_holdings(signals: Signals, out: Path) -> int:
    """Writes holdings.parquet; returns its rows."""
    frame = holdings(signals.tables, signals.timeless).select(*HOLDINGS).cast(pl.Schema(HOLDINGS))
    frame.sort(TABLES["holdings"][1]).sink_parquet(out, row_group_size=262_144, maintain_order=True)
    return int(pl.scan_parquet(out).select(pl.len()).collect().item())


def find_pairs(signals: Signals, holdings: Path, settings: LinkSettings) -> tuple[Index, CandidatePairs]:
    """Numbers the accounts and shared values of the signals, and finds the candidate pairs."""
    index = build_index(signals.tables, holdings, signals.lists, settings)
    hubs = index.values.filter("hub").select("signal", value="text")
    return index, candidate_pairs(index, occasions(signals.tables, signals.timeless, hubs), settings)


@dataclass(frozen=True)
class _Told:
    """What is said of the candidate pairs that have any hope, whatever entities they resolve to.

    Attributes:
        found: those pairs.
        traits: of each.
        drift: how far the signals are from the training's, with the model as it is used.
        strangers: what the graph network makes of random pairs (`drift.strangers`); None where none was asked.
    """

    found: Candidates
    traits: Traits
    drift: Drift
    strangers: float | None

    def again(self, index: Index, seen: Profiles, model: AdditiveModel) -> Traits:
        """The traits as another model weighs them."""
        of_pair = traits(seen, self.found, index, model)
        odds = self.traits.gnn
        return of_pair if odds is None else with_network(of_pair, odds, model)

    def document(self) -> dict[str, Any]:
        """What run.json says of the drift."""
        index = self.drift.index.items()
        return {
            "index": {name: None if np.isnan(value) else round(value, 3) for name, value in index},
            "unfamiliar": list(self.drift.strange),
            "fitted": self.drift.familiar,
            "strangers": None if self.strangers is None else round(self.strangers, 3),
            "network": self.strangers is not None and self.strangers <= TOO_ALIKE,
        }


def _weighed(
    index: Index, pairs: CandidatePairs, seen: Profiles, linkage: Linkage, settings: Settings, step: Step
) -> _Told:
    """Weighs what does not come from shared values, drops hopeless pairs, and asks the graph network of the others."""
    moved = drift(index, seen, pairs.a, pairs.b, linkage.model)
    model = moved.model
    network = linkage.network if moved.familiar else None
    # Later scores only count fewer rivals for a value, and the network adds so much at most: what is this far below a
    # link stays below.
    least = settings.links.min_probability * (HOPELESS if network is None else HOPELESS_WITH_NETWORK)
    some = hopeful(index, pairs, seen, model, settings.links, least, estimate=moved.familiar)
    if network is None:
        return _Told(some.found, some.traits, moved, None)
    step("ask the graph network", 0.25)
    graph = graph_of(index, seen)
    strange = random_pairs(index.size, RANDOM, settings.seed)
    linked = probability_of(index, pairs, some.probability, *strange)
    alike = strangers(model, log10_odds(graph, pairs_of(index, some.found, *strange), network), linked)
    if alike > TOO_ALIKE:
        return _Told(some.found, some.traits, moved, alike)
    asked = pairs_of(index, some.found, some.found.a, some.found.b)
    of_pair = with_network(some.traits, log10_odds(graph, asked, network), model)
    return _Told(some.found, of_pair, moved, alike)


def probability_of(
    index: Index, pairs: Candidates | CandidatePairs, probability: Array, a: Whole, b: Whole
) -> Array:
    """Probability of pairs of accounts, shape (p,): that of the candidate pair, 0 where there is none."""
    place, here = located(pairs.a * index.size + pairs.b, a * index.size + b)
    told = np.zeros(len(a))
    told[here] = probability[place[here]]
    return told


@dataclass(frozen=True)
class Weighed:
    """All that the grouping needs.

    Attributes:
        index: accounts and values.
        seen: the accounts' profiles.
        scored: the pairs with any hope, scored.
        entity: community of each account, shape (N,); of the pass before where `familiar`, as nothing reads it then.
        veto: what labels rule out.
        model: the evidence model as it was used.
        familiar: whether its links are calibrated on such signals.
        facts: counts and findings for run.json.
    """

    index: Index
    seen: Profiles
    scored: Scored
    entity: Whole
    veto: Vetoes
    model: AdditiveModel
    familiar: bool
    facts: dict[str, Any]


def weigh(signals: Signals, out: Path, settings: Settings, linkage: Linkage, step: Step) -> Weighed:
    """Finds and scores the pairs of a run whose holdings lie in `out`."""
    model = linkage.model
    missing = sorted({signal.name for signal in SIGNALS} - set(model.signals))
    if missing:
        raise InputError(
            f"the model '{model.name}' has no signal {', '.join(missing)}", "parameters of every signal"
        )
    step("find candidate pairs", 0.1)
    index, pairs = find_pairs(signals, out / "holdings.parquet", settings.links)
    veto = vetoes(index, signals.tables.get("labels"))
    entity = np.arange(index.size)
    step("compare profiles", 0.2)
    seen = profiles(index, signals.tables, signals.timeless, out / "holdings.parquet")
    seen = compared(seen, settings.seed)
    told = _weighed(index, pairs, seen, linkage, settings, step)
    looked_at = len(pairs)
    del pairs
    model = told.drift.model
    found, of_pair, familiar = told.found, told.traits, told.drift.familiar
    for number in range(settings.links.passes):
        step(
            f"score and group, pass {number + 1} of {settings.links.passes}",
            0.3 + 0.4 * number / settings.links.passes,
        )
        scored = score(index, found, of_pair, entity, model, settings.links, estimate=familiar)
        # The last communities are asked for below, where anything reads them.
        if number + 1 < settings.links.passes:
            entity = resolve(scored, veto, index.size, settings.seed, settings.links, settings.rings)
            del scored  # half a gigabyte at 100,000 accounts
    said = recalibration(
        scored, Labelled.of(index, signals.tables.get("labels"), veto.operator, veto.independent)
    )
    if said.scale < 1:
        step("score again, as labels say", 0.66)
        entity = resolve(scored, veto, index.size, settings.seed, settings.links, settings.rings)
        del scored
        model = tempered(model, said.scale)
        of_pair = told.again(index, seen, model)
        scored = score(index, found, of_pair, entity, model, settings.links, estimate=familiar)
    if not familiar:
        entity = resolve(scored, veto, index.size, settings.seed, settings.links, settings.rings)
    facts = {
        "candidates": looked_at,
        "log10_prior_odds": scored.prior,
        "drift": told.document(),
        "labels": said.document(),
    }
    return Weighed(index, seen, scored, entity, veto, model, familiar, facts)


def grouped(
    weighed: Weighed, settings: Settings, joining: Joining, step: Step
) -> tuple[Grouping, Membership]:
    """Rings and their members.

    Calibrated links make cells that are joined into rings; others, whose odds nobody has measured, are grouped by
    community detection alone (docs/decisions/0012-joined-cells.md).
    """
    step("group", 0.7)
    index, scored, rings, seed = weighed.index, weighed.scored, settings.rings, settings.seed
    grouping = rings_of(weighed, settings, joining.join)
    if not weighed.familiar:
        return supported(index, scored, grouping, weighed.model, rings, seed)
    step("weigh memberships", 0.75)
    links = links_of(weighed, settings)
    return belonging(index, scored, grouping, links, weighed.model, joining, rings, seed)


def links_of(weighed: Weighed, settings: Settings) -> Links:
    """The pairs that may hold a ring together: probable enough, and no label contradicts them."""
    used = weighed.veto.usable(weighed.scored, max(settings.links.min_probability, LEAST_LINK))
    return Links.of(weighed.scored, used, weighed.index.size)


def rings_of(weighed: Weighed, settings: Settings, judge: Judge) -> Grouping:
    """Joined cells where links are calibrated, else communities; no member has been weighed yet."""
    if weighed.familiar:
        return joined_rings(weighed, settings, judge)
    return group(weighed.scored, weighed.entity, weighed.veto, settings.links, settings.rings)


def joined_rings(weighed: Weighed, settings: Settings, judge: Judge) -> Grouping:
    """Cells joined into rings, as two kinds of evidence hold them together."""
    links, rings = links_of(weighed, settings), settings.rings
    start = cells(links, settings.seed, rings.leiden_iterations)
    entity = joined(links, start, judge, weighed.veto, rings.join_probability)
    return group(weighed.scored, entity, weighed.veto, settings.links, rings)


def write_groups(
    signals: Signals,
    out: Path,
    settings: Settings,
    linkage: Linkage,
    step: Step,
    joining: Joining | None = None,
) -> dict[str, Any]:
    """Writes links, evidence and grouped into `out`, weakest (ring_id, weakest_point) beside it; returns counts.

    Args:
        signals: canonical tables.
        out: folder with the holdings.
        settings: of the run.
        linkage: what scores the links.
        step: told of the progress.
        joining: how sets of accounts are joined; None: as what ships says.
    """
    weighed = weigh(signals, out, settings, linkage, step)
    index, scored, model = weighed.index, weighed.scored, weighed.model
    grouping, members_of = grouped(weighed, settings, joining or shipped_joining(), step)
    step("look for weakest points", 0.8)
    weakest = weakest_points(
        index, scored, grouping, model, settings.links, settings.rings, joined=weighed.familiar
    )
    names = ring_names(index, grouping)
    members = _members_table(
        index, grouping, members_of, names, firm(scored, grouping.links, grouping.entity)
    )
    members.write_parquet(out / GROUPED_FILE)
    rows = sorted((names[ring], point) for ring, point in weakest.items())
    schema = {"ring_id": pl.String, "weakest_point": pl.String}
    pl.DataFrame(rows, schema=schema, orient="row").write_parquet(out.parent / "weakest.parquet")
    step("write links and evidence", 0.9)
    linked = part_of_scored(scored, np.flatnonzero(scored.probability >= settings.links.min_probability))
    seen, facts, number = weighed.seen, weighed.facts, len(grouping.rings)
    del weighed, scored, grouping, members_of  # gigabytes at 100,000 accounts
    links_table(index, linked, model).write_parquet(out / "links.parquet")
    evidence_table(index, seen, linked, model).write_parquet(out / "evidence.parquet")
    return {"links": len(linked.candidates), "rings": number, "members": members.height} | facts


def ring_names(index: Index, grouping: Grouping) -> dict[int, str]:
    """Id of each ring: a digest of its first member's id, so that a ring that gains or loses others keeps it."""
    return {int(ring): ring_id(str(index.accounts[int(ring)])) for ring in grouping.rings}


def ring_id(text: str) -> str:
    """Id of a ring, from a text that is its own."""
    return "ring-" + hashlib.sha256(text.encode()).hexdigest()[:12]


def _members_table(
    index: Index, grouping: Grouping, told: Membership, names: dict[int, str], firmly: NDArray[np.bool_]
) -> pl.DataFrame:
    frame = pl.DataFrame(
        {
            "ring_id": [names[int(ring)] for ring in grouping.entity[told.account]],
            "account_id": index.accounts.gather(told.account),
            "probability": np.round(told.probability, 6),
            "low": np.round(told.low, 6),
            "high": np.round(told.high, 6),
            "tier": told.tiers(),
            "firm": firmly[told.account],
        },
        schema=GROUPED,
    )
    return frame.sort(TABLES["members"][1])
