"""The documentation runs, and its links and names are real."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_how_to_runs_as_written(tmp_path: Path) -> None:
    blocks = re.findall(r"```bash\n(.*?)```", (ROOT / "docs" / "how-to.md").read_text(), flags=re.S)
    assert len(blocks) >= 4
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    script = "set -euo pipefail\n" + "\n".join(blocks)
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "VERIFIED" in done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_readme_names_make_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), flags=re.M))
    named = set(re.findall(r"\bmake ([a-z0-9-]+)", (ROOT / "README.md").read_text()))
    assert named
    assert named <= targets


def test_readme_names_commands_that_exist() -> None:
    named = set(re.findall(r"^graphattr ([a-z]+)", (ROOT / "README.md").read_text(), flags=re.M))
    help_text = subprocess.run(
        [sys.executable, "-m", "graphattr", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert named
    assert all(re.search(rf"^│ {name} ", help_text, flags=re.M) for name in named)


def test_every_setting_of_the_how_to_is_one(tmp_path: Path) -> None:
    from graphattr.settings import Settings

    text = (ROOT / "docs" / "how-to.md").read_text()
    config = tmp_path / "settings.toml"
    config.write_text(re.search(r"settings.toml <<'END'\n(.*?)END", text, flags=re.S).group(1))  # type: ignore[union-attr]
    assert Settings.read(config).seed == 7
