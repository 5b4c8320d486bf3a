"""Opens the store that a URI or a run's graph folder names."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from graphattr.settings import Secrets
from graphattr.store.base import Store
from graphattr.store.embedded import EmbeddedStore
from graphattr.store.neo4j import Neo4jStore
from graphattr.store.pointer import read_pointer

EMBEDDED: Final = "embedded"


def open_store(uri: str, folder: Path, secrets: Secrets) -> Store:
    """The store at `uri`, for the run whose graph folder is `folder`. Nothing is asked of it yet.

    Args:
        uri: "embedded", or a server's neo4j://, neo4j+s://, bolt:// or bolt+s:// address.
        folder: RUN/graph, where the embedded database or pointer.json lies.
        secrets: user and password of a server.

    Raises:
        StoreError: the URI is none of these, or a server's password is missing.
    """
    if uri == EMBEDDED:
        return EmbeddedStore(folder)
    return Neo4jStore(uri, folder, secrets)


def open_run(folder: Path, secrets: Secrets) -> Store:
    """The store that a finished run used, by the pointer in its graph folder.

    Raises:
        StoreError: the folder holds no finished graph, or as `open_store`.
    """
    found = read_pointer(folder)
    return open_store(EMBEDDED if found.get("store") == EMBEDDED else str(found.get("uri")), folder, secrets)
