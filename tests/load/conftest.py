"""A small sound world of signals, and a way to load it with something changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from signal_files import ACCOUNTS, AS_OF, KEY, Load, Loaded, write

from loaders import load


@pytest.fixture
def loading(tmp_path: Path) -> Load:
    """Loads a folder; settings as keyword arguments. Every bad share is let through unless one is given."""
    count = 0

    def run(folder: Path | str, **settings: Any) -> Loaded:
        nonlocal count
        count += 1
        out = tmp_path / f"out-{count}"
        given = {"max_bad_share": 1.0, "as_of": AS_OF, "key": KEY} | settings
        return Loaded(load(folder, out, **given), out)

    return run


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A folder with nine sound accounts and nothing else."""
    write(tmp_path / "signals", "accounts.csv", ACCOUNTS)
    return tmp_path / "signals"
