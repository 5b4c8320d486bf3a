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
from graphattr.links.index import Index, build_index
from graphattr.links.likeness import compared, random_pairs
from graphattr.links.pieces import Candidates, candidates, part_of
from graphattr.links.profiles import Profiles, profiles
from graphattr.links.reasons import evidence_table, links_table
from graphattr.links.recalibration import Labelled, recalibration, tempered
from graphattr.links.score import Scored, Traits, part_of_traits, score, traits, with_network
from graphattr.records import HOLDINGS, MEMBERS, SIGNALS, TABLES
from graphattr.rings.group import Grouping, group, resolve
from graphattr.rings.guards import corroborated, vetoes
from graphattr.rings.membership import Membership, membership
from graphattr.rings.weakest import weakest_points
from graphattr.settings import LinkSettings, Settings
from models import AdditiveModel
from models.linkage import Linkage

#: Candidate pairs with less than this share of the least probability of a link are dropped after a first look.
HOPELESS: Final = 0.01
#: The same where a graph network is still to be asked.
HOPELESS_WITH_NETWORK: Final = 0.001

Step = Callable[[str, float], None]
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


def find_pairs(signals: Signals, holdings: Path, settings: LinkSettings) -> tuple[Index, Candidates]:
    """Numbers the accounts and shared values of the signals, and finds the candidate pairs."""
    index = build_index(signals.tables, holdings, signals.lists, settings)
    hubs = index.values.filter("hub").select("signal", value="text")
    return index, candidates(index, occasions(signals.tables, signals.timeless, hubs), settings)


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
    index: Index, found: Candidates, seen: Profiles, linkage: Linkage, settings: Settings, step: Step
) -> _Told:
    """Weighs what does not come from shared values, drops hopeless pairs, and asks the graph network of the others."""
    moved = drift(index, seen, found, linkage.model)
    model = moved.model
    network = linkage.network if moved.familiar else None
    of_pair = traits(seen, found, index, model)
    scored = score(
        index, found, of_pair, np.arange(index.size), model, settings.links, estimate=moved.familiar
    )
    # Later scores only count fewer rivals for a value, and the network adds so much at most: what is this far below a
    # link stays below.
    least = settings.links.min_probability * (HOPELESS if network is None else HOPELESS_WITH_NETWORK)
    kept = np.flatnonzero(scored.probability >= least)
    found, of_pair = part_of(found, kept), part_of_traits(of_pair, kept)
    del scored  # a gigabyte at 100,000 accounts
    if network is None:
        return _Told(found, of_pair, moved, None)
    step("ask the graph network", 0.25)
    graph = graph_of(index, seen)
    some = pairs_of(index, found, *random_pairs(index.size, RANDOM, settings.seed))
    alike = strangers(model, log10_odds(graph, some, network))
    if alike <= TOO_ALIKE:
        pairs = pairs_of(index, found, found.a, found.b)
        of_pair = with_network(of_pair, log10_odds(graph, pairs, network), model)
    return _Told(found, of_pair, moved, alike)


def write_groups(
    signals: Signals, out: Path, settings: Settings, linkage: Linkage, step: Step
) -> dict[str, Any]:
    """Writes links, evidence, members and weakest (ring_id, weakest_point) into `out`; returns their counts."""
    model = linkage.model
    missing = sorted({signal.name for signal in SIGNALS} - set(model.signals))
    if missing:
        raise InputError(
            f"the model '{model.name}' has no signal {', '.join(missing)}", "parameters of every signal"
        )
    step("find candidate pairs", 0.1)
    index, found = find_pairs(signals, out / "holdings.parquet", settings.links)
    looked_at = len(found)
    veto = vetoes(index, signals.tables.get("labels"))
    entity = np.arange(index.size)
    step("compare profiles", 0.2)
    seen = profiles(index, signals.tables, signals.timeless, out / "holdings.parquet")
    seen = compared(seen, settings.seed)
    told = _weighed(index, found, seen, linkage, settings, step)
    model = told.drift.model
    found, of_pair, familiar = told.found, told.traits, told.drift.familiar
    for number in range(settings.links.passes):
        step(
            f"score and group, pass {number + 1} of {settings.links.passes}",
            0.3 + 0.4 * number / settings.links.passes,
        )
        scored = score(index, found, of_pair, entity, model, settings.links, estimate=familiar)
        entity = resolve(scored, veto, index.size, settings.seed, settings.links, settings.rings)
    said = recalibration(
        scored, Labelled.of(index, signals.tables.get("labels"), veto.operator, veto.independent)
    )
    if said.scale < 1:
        step("score again, as labels say", 0.66)
        del scored
        model = tempered(model, said.scale)
        of_pair = told.again(index, seen, model)
        scored = score(index, found, of_pair, entity, model, settings.links, estimate=familiar)
        entity = resolve(scored, veto, index.size, settings.seed, settings.links, settings.rings)
    grouping = group(scored, entity, veto, settings.links, settings.rings)
    step("resample memberships", 0.7)
    grouping, resampled = _supported(index, scored, grouping, model, settings)
    step("look for weakest points", 0.8)
    weakest = weakest_points(index, scored, grouping, model, settings.links, settings.rings)
    step("write links and evidence", 0.9)
    minimum = settings.links.min_probability
    links = links_table(index, scored, model, minimum)
    links.write_parquet(out / "links.parquet")
    evidence = evidence_table(index, seen, scored, model, minimum)
    evidence.write_parquet(out / "evidence.parquet")
    names = ring_names(index, grouping)
    members = _members_table(index, grouping, resampled, names)
    members.write_parquet(out / "members.parquet")
    rows = sorted((names[ring], point) for ring, point in weakest.items())
    schema = {"ring_id": pl.String, "weakest_point": pl.String}
    pl.DataFrame(rows, schema=schema, orient="row").write_parquet(out.parent / "weakest.parquet")
    return {
        "candidates": looked_at,
        "links": links.height,
        "rings": len(grouping.rings),
        "members": members.height,
        "log10_prior_odds": scored.prior,
        "drift": told.document(),
        "labels": said.document(),
    }


def ring_names(index: Index, grouping: Grouping) -> dict[int, str]:
    """Id of each ring: a digest of its first member's id, so that a ring that gains or loses others keeps it."""
    return {
        int(ring): "ring-" + hashlib.sha256(str(index.accounts[int(ring)]).encode()).hexdigest()[:12]
        for ring in grouping.rings
    }


def _supported(
    index: Index, scored: Scored, grouping: Grouping, model: AdditiveModel, settings: Settings
) -> tuple[Grouping, Membership]:
    """The rings without members that have hardly any support, and how firmly the others belong to them."""
    while True:
        resampled = membership(index, scored, grouping, model, settings.rings.resamples, settings.seed)
        pruned, kept = _prune(scored, grouping, resampled, settings)
        firm = resampled.account[resampled.probability >= settings.rings.min_membership]
        if len(np.unique(pruned.entity[firm])) == len(np.unique(grouping.entity[firm])):
            return pruned, kept
        grouping = pruned  # a ring fell apart: links between its pieces no longer make a member


def _prune(
    scored: Scored, grouping: Grouping, resampled: Membership, settings: Settings
) -> tuple[Grouping, Membership]:
    """Takes out members with hardly any support, splits what only they held together, drops what is too small."""
    entity = grouping.entity.copy()
    weak = resampled.account[resampled.probability < settings.rings.min_membership]
    entity[weak] = len(entity) + weak
    entity = corroborated(scored, grouping.links, entity)
    sizes = np.bincount(entity)[entity]
    keep = sizes[resampled.account] >= settings.rings.min_size
    rings = np.unique(entity[resampled.account[keep]])
    a, b = scored.candidates.a[grouping.links], scored.candidates.b[grouping.links]
    links = grouping.links[(entity[a] == entity[b]) & np.isin(entity[a], rings)]
    kept = Membership(
        resampled.account[keep], resampled.probability[keep], resampled.low[keep], resampled.high[keep]
    )
    return Grouping(entity, links, rings), kept


def _members_table(
    index: Index, grouping: Grouping, resampled: Membership, names: dict[int, str]
) -> pl.DataFrame:
    frame = pl.DataFrame(
        {
            "ring_id": [names[int(ring)] for ring in grouping.entity[resampled.account]],
            "account_id": index.accounts.gather(resampled.account),
            "probability": np.round(resampled.probability, 6),
            "low": np.round(resampled.low, 6),
            "high": np.round(resampled.high, 6),
            "tier": resampled.tiers(),
        },
        schema=MEMBERS,
    )
    return frame.sort(TABLES["members"][1])
