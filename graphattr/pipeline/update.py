"""An update: new signals folded into a finished run, whose rings keep their ids.

Links and rings are made anew from all signals, so that two updates say what one run on everything would say. The run
stays as it is until the new one is whole, and is then replaced in one step.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

import graphattr
from graphattr.errors import InputError, RunError
from graphattr.pipeline.grouping import Step
from graphattr.pipeline.run import (
    SCHEMA,
    Job,
    Plan,
    compute,
    credentials,
    digest,
    find_models,
    fingerprint,
)
from graphattr.pipeline.staging import WORK, Staging, staging
from graphattr.pipeline.update_load import fold
from graphattr.pipeline.update_place import aside, commit, recover
from graphattr.pipeline.update_rings import RETIRED_FILE, name_rings
from graphattr.pipeline.update_sources import Reading
from graphattr.records import GROUPED_FILE, RunPaths
from graphattr.settings import Secrets, Settings
from graphattr.store.open import open_store
from models import KnownRings
from models.linkage import Linkage

#: Files of a run that an update reads, beside the folders signals and quarantine.
_READ: Final = ("members.parquet", GROUPED_FILE, "load_report.json", RETIRED_FILE)


@dataclass(frozen=True)
class UpdatePlan:
    """What to fold in.

    Attributes:
        run: folder of a finished run.
        source: folder of new signals, or URI of a Neo4j database.
        mapping: mapping file for the new signals; None: the mapping that the run was made with.
        model: the run's model, where it is not the shipped one.
    """

    run: Path
    source: str
    mapping: Path | None = None
    model: Path | None = None


def update(plan: UpdatePlan, secrets: Secrets, step: Step = lambda _name, _done: None) -> dict[str, Any]:
    """Folds new signals into a run and returns what its new run.json holds; `updates` lists all updates so far.

    Args:
        plan: what to fold into what.
        secrets: keys and credentials.
        step: called with what is being done and the share done so far, in [0, 1].

    Raises:
        GraphattrError: no finished run of this version, bad signals, another model, or a store that cannot be reached;
            the run is as it was then.
    """
    root = Path(os.path.realpath(plan.run))
    begun = recover(root, digest)
    base, before = _read_run(root)
    linkage, known = _models(plan, base)
    settings = _settings(base, root)
    made = Plan(plan.source, root, plan.mapping, base["store"]["uri"], settings, plan.model)
    request = fingerprint(made, secrets, linkage, known)
    if begun is not None and begun["request"] == request:
        return _ended(root, step)  # a killed update of the same signals was whole but for its last move
    _check_place(root)
    _check_intact(before, base)
    store = open_store(made.store, aside(root) / "graph", secrets)
    try:
        store.check()
    finally:
        store.close()
    state = digest(before.run_json)
    with staging(aside(root), hashlib.sha256(f"{state}{request}".encode()).hexdigest()) as stage:
        document = _work(made, secrets, stage, (linkage, known), (before, base, state), step)
        text = json.dumps(document, indent=2, sort_keys=True) + "\n"
        (stage.out / "run.json").write_text(text, encoding="utf-8")
        if not before.run_json.is_file() or digest(before.run_json) != state or (root / WORK).exists():
            raise RunError(f"{root} was written by another process meanwhile", hint="update it again")
        note = {"run_json": digest(stage.out / "run.json"), "request": request, "kept": base["contents"]}
        commit(root, stage.out, note)
    return _ended(root, step)


def _ended(root: Path, step: Step) -> dict[str, Any]:
    step("done", 1.0)
    return dict(json.loads((root / "run.json").read_text(encoding="utf-8")))


def _work(
    plan: Plan,
    secrets: Secrets,
    stage: Staging,
    models: tuple[Linkage, KnownRings],
    earlier: tuple[RunPaths, dict[str, Any], str],
    step: Step,
) -> dict[str, Any]:
    before, base, state = earlier
    done = list(base.get("updates", []))
    number = len(done) + 1
    key = secrets.key.get_secret_value().encode() if secrets.key else None
    reading = Reading(
        plan.source, number, plan.mapping, base.get("mapping"), plan.settings.load, key, credentials(secrets)
    )

    def progress(table: str, tables: int, of: int) -> None:
        step(f"load signals: {table}", 0.2 * tables / of)

    def load() -> dict[str, Any]:
        return fold(reading, before, stage.work / "new", stage.out, progress)

    def names() -> dict[str, Any]:
        return name_rings(before, stage.out, number)

    document = compute(Job(plan, secrets, stage, *models, load, names), step)
    # Both are done: their markers say what they noted, be it in this process or in one that was killed.
    loaded, named = stage.stage("load", load)["facts"], stage.stage("names", names)["facts"]
    entry = {
        "number": number,
        "base": state,
        "inputs": loaded["inputs"],
        "mapping": plan.mapping.read_text(encoding="utf-8") if plan.mapping else None,
        "tables": loaded["new"],
        "changes": named["changes"],
    }
    inputs = {f"update-{number}/{name}": value for name, value in loaded["inputs"].items()}
    return {
        **document,
        "inputs": {**base["inputs"], **inputs},
        "mapping": base.get("mapping"),
        "updates": [*done, entry],
    }


def _read_run(root: Path) -> tuple[dict[str, Any], RunPaths]:
    paths = RunPaths.finished(root)
    if (root / WORK).exists():
        raise RunError(
            f"in {root} another `graphattr run` was begun and is not finished",
            "a finished run",
            f"start that command again: it resumes; or take {root / WORK} away to give it up",
        )
    try:
        document = dict(json.loads(paths.run_json.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise RunError(
            f"{paths.run_json} cannot be read: {error}", "the run.json of a finished run"
        ) from error
    made_by = document.get("graphattr"), document.get("schema")
    if made_by != (graphattr.__version__, SCHEMA):
        raise RunError(
            f"{root} was made by graphattr {made_by[0]}, schema {made_by[1]}",
            f"a run made by graphattr {graphattr.__version__}, schema {SCHEMA}",
            "start `graphattr run` anew on all signals, or update with the version that made the run",
        )
    return document, paths


def _settings(base: dict[str, Any], root: Path) -> Settings:
    try:
        return Settings.model_validate(base["settings"])
    except ValidationError as error:
        raise RunError(
            f"{root}: the settings in run.json are not settings: {error.errors()[0]['msg']}",
            f"settings of graphattr {graphattr.__version__}",
            "start `graphattr run` anew on all signals",
        ) from error


def _models(plan: UpdatePlan, base: dict[str, Any]) -> tuple[Linkage, KnownRings]:
    linkage, known = find_models(plan.model)
    network = linkage.network.sha256 if linkage.network else None
    if (linkage.model.sha256, network) != (base["model"]["sha256"], base["model"]["network"]):
        raise InputError(
            f"the model '{linkage.model.name}' is not the one that the run was made with",
            f"'{base['model']['name']}' with SHA-256 {base['model']['sha256']}",
            "name that model with --model; to change the model, start `graphattr run` anew on all signals",
        )
    return linkage, known


def _check_place(root: Path) -> None:
    if root.is_mount():
        raise RunError(
            f"{root} is a mount point, which cannot be replaced in one step",
            "a folder below a mount point",
            "move the run into a folder of its own there",
        )
    if not os.access(root.parent, os.W_OK | os.X_OK):
        raise RunError(
            f"cannot write into {root.parent}", "leave to write beside the run: the update is made there"
        )


def _check_intact(before: RunPaths, base: dict[str, Any]) -> None:
    """What the update leans on is what the run wrote."""
    for name, value in base["outputs"].items():
        path = before.root / name
        read = name in _READ or path.parent in (before.signals, before.quarantine)
        if read and (not path.is_file() or digest(path) != value):
            raise RunError(
                f"{path} is not the file that run.json names",
                f"SHA-256 {value}",
                "start `graphattr run` anew on all signals",
            )
