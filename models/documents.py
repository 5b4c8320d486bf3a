"""Model files in JSON: what all of them have in common."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict


class ModelError(Exception):
    """A model file that cannot be used: says what was got and what was expected."""


class Frozen(BaseModel):
    """Part of a model: immutable, without unknown keys and without numbers that are none."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Document = TypeVar("Document", bound=Frozen)


def read_document(kind: type[Document], path: Path, name: str, what: str, lacks: str) -> Document:
    """Reads a model.

    Args:
        kind: its class.
        path: its file, or the folder that holds it.
        name: the file's name in such a folder.
        what: what it is, for an error that it cannot be read.
        lacks: what a file with something else in it does not do, as "hold a ring classifier".

    Raises:
        ModelError: the file is unreadable or holds something else.
    """
    file = path / name if path.is_dir() else path
    try:
        return kind.model_validate(json.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise ModelError(f"cannot read {what} {file}: {error.strerror}") from error
    except ValueError as error:  # pydantic's ValidationError is one
        raise ModelError(f"{file} does not {lacks}: {error}") from error
