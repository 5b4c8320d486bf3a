"""One run: load, link, group, attribute, fill the store, publish."""

from __future__ import annotations

import hashlib
import hmac
import json
import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import graphattr
from graphattr.errors import GraphattrError, InputError, SettingsError
from graphattr.pipeline.attributing import write_rings
from graphattr.pipeline.grouping import Signals, Step, write_groups, write_holdings
from graphattr.pipeline.staging import Staging, staging
from graphattr.settings import LinkSettings, RingSettings, Secrets, Settings
from graphattr.store.graph import GraphTables
from graphattr.store.open import open_store
from loaders import LoadError, load
from models import NO_RINGS, KnownRings, ModelError, shipped_rings
from models.joining import shipped_joining
from models.linkage import Linkage, load_linkage, shipped_linkage

SCHEMA: Final = 1
#: Libraries whose version can change a figure.
LIBRARIES: Final = ("igraph", "ladybug", "narwhals", "neo4j", "numpy", "polars", "scipy")
GUARANTEE: Final = (
    "Expected share of wrongly attributed accounts at most {alpha:.3g}, a mean over runs and no bound for one run, if"
    " the rings of this run are like the {n} rings with known truth that it leans on ({source}). Rings that this does"
    " not cover are leads or not attributable. No such promise survives an adversary who changes tactics."
)
NO_GUARANTEE: Final = (
    "No error rate is promised: {source}, so no ring is attributed;"
    " a lead is a reason to look, not a finding."
)


@dataclass(frozen=True)
class Plan:
    """What to run.

    Attributes:
        source: signal folder, or URI of a Neo4j database.
        out: run folder.
        mapping: mapping file, or None.
        store: store URI.
        settings: settings.
        model: model folder or file; None for the shipped model.
    """

    source: str
    out: Path
    mapping: Path | None = None
    store: str = "embedded"
    settings: Settings = field(default_factory=Settings)
    model: Path | None = None


def run(plan: Plan, secrets: Secrets, step: Step = lambda _name, _done: None) -> dict[str, Any]:
    """Does the whole run and returns what run.json holds.

    Args:
        plan: what to run.
        secrets: keys and credentials.
        step: called with what is being done and the share done so far, in [0, 1].

    Raises:
        GraphattrError: bad input, settings or store; nothing is left half written then.
    """
    linkage, known = find_models(plan.model)
    area = open_store(plan.store, plan.out / "graph", secrets)
    try:
        area.check()
    finally:
        area.close()
    with staging(plan.out, fingerprint(plan, secrets, linkage, known)) as stage:
        if stage.publishing and not stage.same():
            stage.publish()
            return run(plan, secrets, step)
        if not stage.publishing:
            _work(plan, secrets, stage, linkage, known, step)
        else:
            stage.publish()
    step("done", 1.0)
    return dict(json.loads((plan.out / "run.json").read_text(encoding="utf-8")))


def find_models(path: Path | None) -> tuple[Linkage, KnownRings]:
    """The model at `path`, or the shipped one, and the rings with known truth.

    Raises:
        InputError: it is no model.
    """
    try:
        return (load_linkage(path) if path else shipped_linkage()), shipped_rings()
    except ModelError as error:
        raise InputError(
            str(error), hint="name a model made by graphattr, or none for the shipped one"
        ) from error


def _work(
    plan: Plan, secrets: Secrets, stage: Staging, linkage: Linkage, known: KnownRings, step: Step
) -> None:
    job = Job(plan, secrets, stage, linkage, known, lambda: _load(plan, secrets, stage.out, step))
    stage.publish(compute(job, step))


@dataclass(frozen=True)
class Job:
    """What the stages work with.

    Attributes:
        plan: what to run.
        secrets: keys and credentials.
        stage: where they work.
        linkage: model of links.
        known: rings with known truth.
        load: brings the canonical signals into `stage.out`; returns what to note of it.
        name_rings: gives the rings of `stage.out` other ids, before anything is said of them; None leaves them.
    """

    plan: Plan
    secrets: Secrets
    stage: Staging
    linkage: Linkage
    known: KnownRings
    load: Callable[[], dict[str, Any]]
    name_rings: Callable[[], dict[str, Any]] | None = None


def compute(job: Job, step: Step) -> dict[str, Any]:
    """All stages, from loading to the filled store; returns what run.json is to hold.

    Raises:
        GraphattrError: as `run`; what was staged is thrown away where the signals cannot be loaded.
    """
    plan, stage, out = job.plan, job.stage, job.stage.out
    step("load signals", 0.0)
    try:
        stages = [stage.stage("load", job.load)]
    except GraphattrError:
        stage.abandon()
        raise
    loaded = stages[0]["facts"]
    tables = {name: out / "signals" / f"{name}.parquet" for name in loaded["tables"]}
    signals = Signals(tables, frozenset(loaded["timeless"]), out / "signals" / "lists.parquet")
    step("fold signals into holdings", 0.2)
    stages += [
        stage.stage("holdings", lambda: {"rows": write_holdings(signals, out / "holdings.parquet")}),
        stage.stage(
            "group", lambda: write_groups(signals, out, plan.settings, job.linkage, _within(step, 0.3, 0.4))
        ),
    ]
    known = covering(job.known, job.linkage, stages[-1]["facts"]["drift"], plan.settings)
    if job.name_rings is not None:
        step("name rings", 0.72)
        stages.append(stage.stage("names", job.name_rings))
    step("weigh hypotheses", 0.75)
    stages.append(
        stage.stage("attribute", lambda: {"status": write_rings(signals, out, plan.settings, known)})
    )
    step("fill the store", 0.85)
    stages.append(stage.stage("store", lambda: _fill(job, out)))
    step("hash and publish", 0.97)
    return _document(plan, stages, loaded, job.linkage, known, out)


def covering(known: KnownRings, linkage: Linkage, drift: dict[str, Any], settings: Settings) -> KnownRings:
    """The rings with known truth, or none with the reason in `source` where they say nothing of this run.

    They were found by one linkage model, read whole, and with the settings that are the default. Rings found in
    another way have other errors.

    Args:
        known: the rings.
        linkage: the model of this run.
        drift: how far the signals are from those that it was fitted on (`links.drift` of run.json).
        settings: of this run.
    """
    if not len(known):
        return known
    if known.linkage != linkage.model.sha256:
        reason = f"the rings with known truth were found by another model than '{linkage.model.name}'"
    elif (unread := not_read(linkage, drift)) is not None:
        reason = unread
    elif known.joining != shipped_joining().sha256:
        reason = "the rings with known truth were joined in another way"
    elif (settings.links, settings.rings) != (LinkSettings(), RingSettings()):
        reason = "the rings with known truth were found with other settings of links and rings"
    else:
        return known
    return replace(NO_RINGS, source=reason)


def not_read(linkage: Linkage, drift: dict[str, Any]) -> str | None:
    """Why the model does not read a run's signals whole, as it read those of the rings with known truth; None: it does.

    Args:
        linkage: the model.
        drift: as for `covering`.
    """
    if not drift["fitted"]:
        return "most shared values are of kinds that the model was not fitted on"
    if linkage.network is not None and not drift["network"]:
        return "the graph network that the rings with known truth were found with cannot read these signals"
    return None


def _within(step: Step, start: float, share: float) -> Step:
    return lambda name, done: step(name, start + share * done)


def _load(plan: Plan, secrets: Secrets, out: Path, step: Step) -> dict[str, Any]:
    settings = plan.settings.load
    shutil.rmtree(out)  # what a load that was killed left
    out.mkdir()
    try:
        result = load(
            plan.source,
            out,
            mapping=plan.mapping,
            key=secrets.key.get_secret_value().encode() if secrets.key else None,
            max_bad_share=settings.max_bad_share,
            clock_skew_seconds=settings.clock_skew_seconds,
            as_of=settings.as_of,
            default_region=settings.default_region,
            progress=lambda table, done, all_: step(f"load signals: {table}", 0.2 * done / all_),
            credentials=credentials(secrets),
        )
    except LoadError as error:
        raise InputError(error.got, error.expected, error.hint) from error
    return {"tables": list(result.tables), "timeless": sorted(result.timeless), "inputs": result.inputs}


def credentials(secrets: Secrets) -> tuple[str, str] | None:
    """User and password of a Neo4j server, if the environment holds a password."""
    return (secrets.neo4j_user, secrets.neo4j_password.get_secret_value()) if secrets.neo4j_password else None


def _fill(job: Job, out: Path) -> dict[str, Any]:
    tables = GraphTables(out / "signals" / "accounts.parquet", *(out / f"{n}.parquet" for n in _GRAPH_TABLES))
    store = open_store(job.plan.store, out / "graph", job.secrets)
    try:
        if job.name_rings is None:
            store.writer().load(tables)
        else:  # the graph of an earlier state of this run may be there: only what differs is written
            store.writer().upsert(tables)
        return {"uri": store.uri}
    finally:
        store.close()


_GRAPH_TABLES: Final = ("holdings", "links", "rings", "members")


def _document(
    plan: Plan,
    stages: list[dict[str, Any]],
    loaded: dict[str, Any],
    linkage: Linkage,
    known: KnownRings,
    out: Path,
) -> dict[str, Any]:
    facts = {stage["name"]: stage["facts"] for stage in stages}
    model, network = linkage.model, linkage.network
    alpha = plan.settings.attribution.alpha
    words = GUARANTEE if len(known) else NO_GUARANTEE
    return {
        "graphattr": graphattr.__version__,
        "schema": SCHEMA,
        "versions": versions(),
        "seed": plan.settings.seed,
        "settings": plan.settings.model_dump(mode="json"),
        "model": {
            "name": model.name,
            "sha256": model.sha256,
            "network": network.sha256 if network else None,
            "joining": shipped_joining().sha256,
            "trained": model.trained,
            "note": model.note,
            "caps": model.caps,
        },
        "known_rings": {"source": known.source, "n": len(known)},
        "store": facts["store"],
        "inputs": loaded["inputs"],
        "mapping": plan.mapping.read_text(encoding="utf-8") if plan.mapping else None,
        "timeless": loaded["timeless"],
        "outputs": _hashes(out),
        "contents": sorted(entry.name for entry in out.iterdir()),
        "links": facts["group"],
        "status": facts["attribute"]["status"],
        "guarantee": words.format(alpha=alpha, n=len(known), source=known.source),
        "stages": [{k: stage[k] for k in ("name", "seconds", "peak_memory_mib")} for stage in stages],
    }


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that can change a figure."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def _hashes(out: Path) -> dict[str, str]:
    """SHA-256 of every result file but the store's, which is rebuilt from them."""
    files = [
        path
        for path in sorted(out.rglob("*"))
        if path.is_file() and "graph" not in path.relative_to(out).parts
    ]
    return {str(path.relative_to(out)): digest(path) for path in files}


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(plan: Plan, secrets: Secrets, linkage: Linkage, known: KnownRings) -> str:
    """Digest of everything that goes into a run; input files by name, size and time, for a quick look.

    Raises:
        SettingsError: there is no such mapping file.
    """
    source = Path(plan.source)
    listed = [
        (str(path.relative_to(source)), path.stat().st_size, path.stat().st_mtime_ns)
        for path in (sorted(source.rglob("*")) if source.is_dir() else [])
        if path.is_file()
    ]
    if plan.mapping is not None and not plan.mapping.is_file():
        raise SettingsError(f"no mapping file {plan.mapping}", "a TOML file", "see docs/data-contract.md")
    key = secrets.key.get_secret_value().encode() if secrets.key else b""
    parts: list[Any] = [
        graphattr.__version__, SCHEMA, versions(), plan.source, listed, plan.store,
        plan.settings.model_dump(mode="json"), linkage.model.sha256, known.source, len(known),
        linkage.network.sha256 if linkage.network else None, shipped_joining().sha256,
        plan.mapping.read_text(encoding="utf-8") if plan.mapping else None,
        hmac.new(key, b"graphattr run fingerprint", "sha256").hexdigest(),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
