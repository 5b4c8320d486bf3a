"""The page on worlds says what there is."""

from pathlib import Path

import pytest

from graphattr.errors import InputError
from graphattr.simulate import MECHANISMS, PRESETS
from graphattr.simulate.page import main, page

PAGE = Path(__file__).parents[2] / "docs" / "worlds.md"


def test_its_tables_are_current() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text
    assert all(f"| `{name}` |" in text for name in [*PRESETS, *MECHANISMS])


def test_tables_are_made_anew_between_their_comments(tmp_path: Path) -> None:
    file = tmp_path / "page.md"
    bare = "# Worlds\n<!-- presets -->\nstale table\n<!-- end of presets -->\n"
    bare += "<!-- mechanisms -->\n<!-- end of mechanisms -->\nend\n"
    file.write_text(bare, encoding="utf-8")
    assert main([str(file)]) == 0
    text = file.read_text(encoding="utf-8")
    assert "stale table" not in text
    assert text.startswith("# Worlds\n")
    assert text.endswith("\nend\n")
    assert "| `tiny` |" in text


def test_a_page_without_room_for_them_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match="presets"):
        page("# Worlds\n")
    assert main([]) == 2
    assert main([str(tmp_path / "none.md")]) == 2
    assert "none.md" in capsys.readouterr().err
