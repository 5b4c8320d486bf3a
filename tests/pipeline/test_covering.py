"""Rings with known truth calibrate only runs that were linked as they were."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from graphattr.pipeline.run import covering
from graphattr.settings import RingSettings, Settings
from models import NO_RINGS, shipped_rings
from models.linkage import Linkage, shipped_linkage

FINE: dict[str, Any] = {"fitted": True, "network": True}


@pytest.fixture(scope="module")
def linkage() -> Linkage:
    return shipped_linkage()


def test_the_shipped_rings_were_found_by_the_shipped_model(linkage: Linkage) -> None:
    known = shipped_rings()
    assert len(known) > 100
    assert covering(known, linkage, FINE, Settings()) == known


@pytest.mark.parametrize(
    ("drift", "reason"),
    [
        ({"fitted": False, "network": False}, "kinds that the model was not fitted on"),
        ({"fitted": True, "network": False}, "graph network"),
    ],
)
def test_a_run_that_the_model_was_not_read_whole_in_is_not_covered(
    linkage: Linkage, drift: dict[str, Any], reason: str
) -> None:
    found = covering(shipped_rings(), linkage, drift, Settings())
    assert len(found) == 0
    assert reason in found.source


def test_neither_is_one_by_another_model(linkage: Linkage) -> None:
    other = replace(linkage, model=linkage.model.restricted({"ip:vpn"}))
    found = covering(shipped_rings(), other, FINE, Settings())
    assert len(found) == 0
    assert linkage.model.name in found.source


def test_without_known_rings_the_reason_stays_theirs(linkage: Linkage) -> None:
    assert covering(NO_RINGS, linkage, FINE, Settings()) is NO_RINGS


def test_neither_is_one_with_other_settings_of_rings(linkage: Linkage) -> None:
    loose = Settings(rings=RingSettings(min_membership=0.1))
    found = covering(shipped_rings(), linkage, FINE, loose)
    assert len(found) == 0
    assert "other settings" in found.source


def test_neither_is_one_whose_rings_were_joined_in_another_way(linkage: Linkage) -> None:
    found = covering(replace(shipped_rings(), joining="0" * 64), linkage, FINE, Settings())
    assert len(found) == 0
    assert "joined in another way" in found.source
