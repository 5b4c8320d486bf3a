"""RUN/graph/pointer.json: which store holds the run's graph, and that the graph is whole."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from graphattr.errors import StoreError
from graphattr.store.schema import SCHEMA_VERSION

POINTER: Final = "pointer.json"
#: What to do about a store that cannot be read.
REBUILD: Final = "run `graphattr run` again: the store is rebuilt from the run's tables"


def read_pointer(folder: Path) -> dict[str, Any]:
    """What pointer.json says: `store` ("embedded", "neo4j"), `fingerprint`, and where the graph is.

    Raises:
        StoreError: it is missing or unreadable, or of another version.
    """
    path = folder / POINTER
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StoreError(f"no finished graph in {folder}", path.name, REBUILD) from None
    except (OSError, ValueError) as error:
        raise StoreError(f"cannot read {path}: {error}", hint=REBUILD) from error
    version = found.get("schema_version") if isinstance(found, dict) else None
    if version != SCHEMA_VERSION:
        raise StoreError(f"{path} with schema version {version}", f"version {SCHEMA_VERSION}", REBUILD)
    return dict(found)


def write_pointer(folder: Path, content: Mapping[str, Any]) -> None:
    """Replace pointer.json in one step."""
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / f"{POINTER}.new"
    with new.open("w", encoding="utf-8") as file:
        json.dump(content, file, indent=2, sort_keys=True)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(folder / POINTER)


def tidy(folder: Path) -> int:
    """Remove every database file but the one in use; the highest number among those there, or 0."""
    folder.mkdir(parents=True, exist_ok=True)
    used = ""
    with contextlib.suppress(StoreError):
        used = read_pointer(folder).get("file", "")
    highest = 0
    for path in sorted(folder.glob("graph-*.lbug*")):
        number = path.name.removeprefix("graph-").split(".")[0]
        highest = max(highest, int(number) if number.isdigit() else 0)
        if path.name.split(".lbug")[0] + ".lbug" != used:
            path.unlink(missing_ok=True)
    return highest
