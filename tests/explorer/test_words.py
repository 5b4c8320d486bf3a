"""The wording is neutral and covers every name that a record may hold."""

from __future__ import annotations

import re

import pytest

from graphattr.explorer import words
from graphattr.records import GROUPS, HYPOTHESES, INNOCENT, SIGNALS, Status, Tier

LOADED = re.compile(r"guilt|fraud|criminal|proven|proof|culprit|offender|confirmed", re.IGNORECASE)


def ring(name: str, share: float = 0.7) -> dict[str, object]:
    rest = (1 - share) / (len(HYPOTHESES) - 1)
    return {"hypothesis": name, **{f"p_{h}": share if h == name else rest for h in HYPOTHESES}}


@pytest.mark.parametrize("name", HYPOTHESES)
def test_headline_names_the_best_rival_of_the_other_side(name: str) -> None:
    row = ring(name)
    other = "contractors" if name == "single_operator" else "single_operator"
    side = [h for h in HYPOTHESES if (h in INNOCENT) != (name in INNOCENT)]
    row[f"p_{side[-1]}"] = 0.2
    said = words.headline(row)
    assert said.startswith(f"Consistent with {words.HYPOTHESIS_WORDS[name]} (70 %)")
    assert f"{words.HYPOTHESIS_WORDS[side[-1]]} (20 %)" in said
    assert words.HYPOTHESIS_WORDS[other] not in said.split(").")[0]
    assert not LOADED.search(said)


def test_every_name_has_words() -> None:
    assert set(words.HYPOTHESIS) == set(words.HYPOTHESIS_WORDS) == set(HYPOTHESES)
    assert set(words.STATUS) == set(words.STATUS_MEANS) == set(Status)
    assert set(words.TIER) == set(Tier)
    assert set(words.GROUP) == set(GROUPS)
    assert {signal.name for signal in SIGNALS} <= set(words.SIGNAL)
    said = [
        *words.HYPOTHESIS.values(),
        *words.HYPOTHESIS_WORDS.values(),
        *words.STATUS.values(),
        *words.STATUS_MEANS.values(),
    ]
    assert not [text for text in said if LOADED.search(text)]


def test_names_without_words_stay_readable() -> None:
    assert words.signal("hour_profile") == "Hour profile"
    assert words.statistic("prior") == "Before the statistics"
