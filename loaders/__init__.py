"""Signals in: foreign tables to the canonical tables of the data contract, with every row accounted for."""

from __future__ import annotations

from loaders.errors import LoadError
from loaders.load import LoadResult, load

__all__ = ["LoadError", "LoadResult", "load"]
