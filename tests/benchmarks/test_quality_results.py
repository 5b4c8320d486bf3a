"""The page is made of the outcomes alone, sentences too."""

import copy
from pathlib import Path
from typing import Any

import pytest

from benchmarks.quality import methods, results
from benchmarks.quality.__main__ import main
from benchmarks.quality.graphs import View
from benchmarks.quality.methods import Tuned

TUNED = Tuned(
    capped=View(3, True),
    propagated=View(5),
    weighted=View(25),
    modular=View(10),
    resolution=3.0,
    m={},
    booster="",
    thresholds={methods.SPLINK: 1.5, methods.SPLINK_A: 2.0, methods.BOOSTING: -0.25},
    calibrations={},
    prior=-1.5,
    fit_seeds=(1001, 1002),
    hold_seeds=(1101,),
)
RINGS = {
    "precision": 0.9, "recall": 0.8, "f1": 0.85, "f1_all": 0.7, "wrong": 0.2, "mixed": 0.1, "exposed": 0.05,
    "innocent_in_rings": 0.3,
}  # fmt: skip
SCORE = {
    "cllr": 0.4,
    "cllr_min": 0.35,
    "cost_true": 0.3,
    "cost_untrue": 0.5,
    "ece": 0.02,
    "brier": 0.01,
    "true": 0.03,
}


def world(family: str, seed: int, shift: float = 0.0, **changes: Any) -> dict[str, Any]:
    score = {key: value + shift for key, value in SCORE.items()}
    both = {how: {"all": dict(score), "reseller": {**score, "ece": 0.2}} for how in ("given", "calibrated")}
    names = (methods.COMPONENTS, methods.CAPPED, methods.LEIDEN, methods.BOOSTING, methods.PRODUCT)
    rings = {name: dict(RINGS) for name in names}
    rings[methods.COMPONENTS] |= {"precision": 0.012, "exposed": 0.998, "f1_all": 0.009}
    rings[methods.BOOSTING]["f1"] -= shift
    scores = {name: copy.deepcopy(both) for name in (methods.BOOSTING, methods.ADDITIVE, methods.PRODUCT)}
    scores[methods.WEIGHT] = {"calibrated": copy.deepcopy(both["calibrated"])}
    base = {
        "world": f"sample-{family}-{seed}", "preset": "sample", "family": family, "seed": seed, "without": None,
        "accounts": 100, "innocent": 90, "pairs": 1000, "rings": rings, "scores": scores,
    }  # fmt: skip
    return base | changes


def counts(accounts: int, wrong: int) -> dict[str, int]:
    return {
        "rings": int(accounts > 0), "accounts": accounts, "wrong": wrong, "innocent": wrong, "right": accounts - wrong,
        "lead_rings": 1, "lead_accounts": 10, "lead_wrong": 4, "lead_innocent": 3, "lead_right": 6,
    }  # fmt: skip


def small(accounts: int, wrong: int) -> dict[str, Any]:
    alphas = {alpha: counts(accounts, wrong) for alpha in ("0.01", "0.05", "0.1")}
    return {"world": "small-A-1", "family": "A", "accounts": 500, "innocent": 450, "alphas": alphas}


def test_the_page_says_how_components_fail_and_what_boosting_loses() -> None:
    worlds = [world("A", 1), world("A", 2, 0.01), world("B", 1, 0.2), world("B", 2, 0.21)]
    page = results.page("python -m benchmarks.quality", {"worlds": worlds}, TUNED)
    assert "components: precision 0.012 at recall 0.800" in page
    assert "99.8 % of all innocents" in page
    assert "below graphattr's 0.700" in page
    assert (
        "boosting: its Cllr is 0.200 higher (95 % interval of the change +0.190 to +0.210) on B than on A"
        in page
    )
    assert "its F1 0.200 lower" in page
    assert "| reseller, boosting | 0.505 [0.400, 0.610]" not in page  # families are not mixed
    assert "seeds 1 to 2" in page
    assert page == results.page("python -m benchmarks.quality", {"worlds": worlds}, TUNED)


def test_ratios_and_what_the_network_adds_are_of_the_same_worlds() -> None:
    worlds = [world("A", 1), world("A", 2, 0.2)]
    for one, cllr in zip(worlds, (0.8, 1.6), strict=True):
        one["scores"][methods.BOOSTING]["given"]["all"]["cllr"] = cllr
        one["scores"][methods.ADDITIVE]["given"]["all"]["cllr"] += 0.1
        one["scores"][methods.ADDITIVE]["given"]["reseller"]["cllr"] -= 0.05
    page = results.page("c", {"worlds": worlds}, TUNED)
    # (.4 + .6) / (.8 + 1.6); of the worlds alone .5 and .375.
    assert "| boosting | 0.417 [0.375, 0.500] | 1.000 |" in page
    assert "| all | 0.600 [0.500, 0.700] | 0.500 [0.400, 0.600] | 0.100 |" in page
    assert "| -0.050 |" in page
    assert page.index("| all | 0.600") < page.index("| reseller | 0.450")


def test_a_page_is_worded_anew_from_what_its_own_command_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [world("A", 1), world("B", 1, 0.2)]
    monkeypatch.setattr("benchmarks.quality.tuning.tune", lambda *_: TUNED)
    monkeypatch.setattr("benchmarks.quality.suites.family_worlds", lambda *_: found)
    given = ["--out", str(tmp_path / "page.md"), "--folder", str(tmp_path), "--what", "worlds"]
    assert main([*given, "--kept"]) == 2  # nothing is kept yet
    assert main(given) == 0
    page = (tmp_path / "page.md").read_bytes()
    found.clear()
    (tmp_path / "page.md").unlink()
    assert main([*given, "--kept"]) == 0
    assert (tmp_path / "page.md").read_bytes() == page
    capsys.readouterr()
    assert main([*given, "--worlds", "2", "--kept"]) == 2
    assert "was kept by" in capsys.readouterr().err


def test_a_change_that_may_be_none_is_called_so() -> None:
    worlds = [world("A", 1), world("A", 2, 0.3), world("B", 1, 0.1), world("B", 2, 0.25)]
    assert "not told apart from no change" in results.page("c", {"worlds": worlds}, TUNED)


def test_with_one_family_nothing_is_said_of_the_other() -> None:
    page = results.page("c", {"worlds": [world("A", 1), world("A", 2)]}, TUNED)
    assert "worlds of one family only" in page
    assert "Family B" not in page


def test_nothing_attributed_is_said_and_leads_are_counted() -> None:
    page = results.page("c", {"small": [small(0, 0), small(0, 0)]}, TUNED)
    assert "Nothing is attributed" in page
    assert "20 accounts, 40.0% of them wrong and 30.0% innocent" in page
    assert "| 1% | 0.0 % | - | - | 0.0 % | 0 | 0 | 0 of 2 |" in page


def test_the_promise_is_about_the_mean_over_worlds() -> None:
    page = results.page("c", {"small": [small(10, 5), small(0, 0), small(30, 0)]}, TUNED)
    row = next(line for line in page.splitlines() if line.startswith("| 5% |"))
    cells = [cell.strip() for cell in row.split("|")][2:]
    assert cells[0].startswith("16.7 %")  # (1/2 + 0 + 0) / 3
    assert cells[1].startswith("12.5 %")  # 5 / 40
    assert cells[3].startswith("23.3 %")  # 35 / 150
    assert cells[4:7] == ["40", "2", "2 of 3"]


def test_a_mechanism_is_compared_with_its_own_world() -> None:
    whole = [world("A", 1), world("A", 2)]
    less = [world("A", 1, 0.0, without="tor"), world("A", 2, 0.0, without="tor")]
    whole[1]["rings"][methods.PRODUCT]["f1"] = 0.55
    for one, f1 in zip(less, (0.95, 0.65), strict=True):
        one["rings"][methods.PRODUCT]["f1"] = f1
    page = results.page("c", {"mechanisms": [*whole, *less]}, TUNED)
    row = next(line for line in page.splitlines() if line.startswith("| tor |"))
    assert row.split("|")[2].strip() == "+0.100"


def test_absent_hop_data_is_a_clear_line() -> None:
    assert "left out" in results.page("c", {"hop": "The hop data was not at hand: left out."}, TUNED)


def test_hop_says_what_each_group_of_evidence_adds() -> None:
    figures = {
        "precision": 0.9,
        "recall": 0.7,
        "f1": 0.8,
        "unreported_share": 0.2,
        "accounts": 50,
        "groups": 5,
    }
    less, more = {**figures, "f1": 0.65, "unreported_share": None}, {**figures, "f1": 0.81}
    found = {
        "accounts": 99, "pairs": 9, "methods": {methods.PRODUCT: {"all reports": figures}},
        "without": {"payment": {"all reports": less}, "timing": {"all reports": more}},
    }  # fmt: skip
    page = results.page("c", {"hop": found}, TUNED)
    assert "| payment | 0.900 | 0.700 | 0.650 | - | +0.150 |" in page
    assert "| timing | 0.900 | 0.700 | 0.810 | 0.200 | -0.010 |" in page


def test_presets_without_operators_show_innocents_in_rings() -> None:
    worlds = [world("A", 1, preset=preset) for preset in ("none", "resellers", "companies")]
    page = results.page("c", {"presets": worlds}, TUNED)
    assert f"| {methods.PRODUCT} | 30.0 % | 20.0 % | 30.0 % | 20.0 % | 30.0 % | 20.0 % |" in page


def test_the_page_names_versions_and_what_was_chosen_and_no_machine() -> None:
    page = results.page("python -m benchmarks.quality --out docs/results.md", {}, TUNED)
    assert "splink 5.0.0" in page
    assert "seeds 1001 to 1002" in page
    assert "identifiers, values with at most 3 holders" in page
    assert "boosting: pairs with log10 odds of at least -0.25" in page
    assert str(Path.home()) not in page
    assert str(Path.cwd()) not in page


def test_an_unknown_suite_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["--out", str(tmp_path / "page.md"), "--what", "worlds,other"]) == 2
    assert "no suite other" in capsys.readouterr().err
    assert not (tmp_path / "page.md").exists()
