"""Signals out of a Neo4j database, by read-only Cypher."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from loaders.errors import LoadError
from loaders.mapping import Mapping
from loaders.sources import Source

SCHEMES: Final = ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc")


@contextmanager
def database_sources(
    uri: str, credentials: tuple[str, str] | None, mapping: Mapping
) -> Iterator[dict[str, list[Source]]]:
    """Sources."""
    if uri or credentials or mapping:
        raise LoadError("a database cannot be read yet")
    yield {}
