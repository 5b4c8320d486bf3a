"""The sections of docs/results.md, each from the outcomes of its suite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from benchmarks.quality import methods, words
from benchmarks.quality.control import ALPHAS
from benchmarks.quality.measures import difference, over_worlds, pooled
from benchmarks.quality.suites import INNOCENT_PRESETS
from benchmarks.quality.tables import (
    figure,
    markdown,
    mean_of,
    names,
    ring_figure,
    score_figure,
    worst_ece,
)

Outcome = dict[str, Any]

_RINGS: Final = (
    ("precision", "precision", False),
    ("recall", "recall", False),
    ("f1", "F1", False),
    ("f1_all", "F1, all accounts", False),
    ("wrong", "wrongly grouped", True),
    ("mixed", "innocents in operators' rings", True),
    ("exposed", "innocents so placed", True),
)


def families(worlds: Sequence[Outcome]) -> list[str]:
    """Rings and pair scores of every method, family by family."""
    parts = []
    for family in sorted({world["family"] for world in worlds}):
        here = [world for world in worlds if world["family"] == family]
        accounts, pairs = (sum(world[name] for world in here) for name in ("accounts", "pairs"))
        parts += [
            f"## Family {family}",
            f"{len(here)} worlds of preset `{here[0]['preset']}`, seeds {_seeds(here)}: {accounts:,} accounts,"
            f" {pairs:,} candidate pairs.",
            "### Rings",
            ring_table(here),
            words.naive(here, family),
            "### Pair scores",
            score_table(here),
            f"Mean Cllr of {methods.PRODUCT} over that of another, on the same worlds (below 1: it tells more):",
            ratio_table(here),
            "What the graph network adds: Cllr of the published odds without it less with it, by kind of account.",
            network_table(here),
            "By kind of account, for the probabilities that the methods give as they come and for calibrated ones:",
            stratum_table(here),
        ]
    return [*parts, *_transfer(worlds)]


def ring_table(worlds: Sequence[Outcome]) -> str:
    """Measures of rings by method."""
    rows = [
        [name, *(figure(ring_figure(worlds, name, key), percent) for key, _, percent in _RINGS)]
        for name in names(worlds, "rings")
    ]
    return markdown(["method", *(head for _, head, _ in _RINGS)], rows)


def score_table(worlds: Sequence[Outcome]) -> str:
    """Measures of pair scores by method."""
    rows = [
        [
            name,
            figure(score_figure(worlds, name, "given", "cllr")),
            figure(score_figure(worlds, name, "calibrated", "cllr")),
            figure(score_figure(worlds, name, "calibrated", "cllr_min")),
            figure(score_figure(worlds, name, "given", "ece")),
            figure(score_figure(worlds, name, "calibrated", "ece")),
            figure(worst_ece(worlds, name, "calibrated")),
        ]
        for name in names(worlds, "scores")
    ]
    heads = [
        "Cllr as given",
        "Cllr calibrated on A",
        "Cllr_min",
        "ECE as given",
        "ECE calibrated",
        "worst kind's ECE",
    ]
    return markdown(["method", *heads], rows)


def ratio_table(worlds: Sequence[Outcome]) -> str:
    """Cllr of the product over that of each other method with odds."""
    others = [name for name in names(worlds, "scores") if name in methods.ODDS and name != methods.PRODUCT]
    rows = []
    for name in others:
        row = [name]
        for how in ("given", "calibrated"):
            ours, theirs = (
                [world["scores"][of][how]["all"]["cllr"] for world in worlds]
                for of in (methods.PRODUCT, name)
            )
            row.append(figure(pooled(ours, theirs)))
        rows.append(row)
    return markdown(["over", "Cllr as given", "Cllr calibrated on A"], rows)


def network_table(worlds: Sequence[Outcome]) -> str:
    """How much lower the network makes the Cllr of the published odds, by kind of account; both of each world."""
    kinds = {kind for world in worlds for kind in world["scores"][methods.PRODUCT]["given"]}
    rows = []
    for kind in sorted(kinds, key=lambda name: (name != "all", name)):
        without, whole = (
            [world["scores"][of]["given"].get(kind, {}).get("cllr", float("nan")) for world in worlds]
            for of in (methods.ADDITIVE, methods.PRODUCT)
        )
        less = over_worlds([a - b for a, b in zip(without, whole, strict=True)])
        if less.value is not None:
            rows.append([kind, *(figure(over_worlds(part)) for part in (without, whole)), figure(less)])
    return markdown(["kind", "without the network", "with it", "lower by"], rows)


def stratum_table(worlds: Sequence[Outcome]) -> str:
    """Cllr and calibration error by kind of account, for the methods with odds."""
    kinds = sorted({kind for world in worlds for kind in world["scores"][methods.PRODUCT]["given"]} - {"all"})
    rows = [
        [
            f"{kind}, {name}",
            figure(score_figure(worlds, name, "given", "cllr", kind)),
            figure(score_figure(worlds, name, "calibrated", "cllr", kind)),
            figure(score_figure(worlds, name, "given", "ece", kind)),
            figure(score_figure(worlds, name, "calibrated", "ece", kind)),
        ]
        for kind in kinds
        for name in names(worlds, "scores")
        if name in methods.ODDS
    ]
    return markdown(
        ["kind, method", "Cllr as given", "Cllr calibrated", "ECE as given", "ECE calibrated"], rows
    )


def _transfer(worlds: Sequence[Outcome]) -> list[str]:
    """What is lost between the family that was learnt on and the other."""
    first, second = ([w for w in worlds if w["family"] == family] for family in ("A", "B"))
    if not first or not second:
        return [
            "## From family A to family B",
            "There are worlds of one family only, so nothing can be said of it.",
        ]
    rows = []
    for name in names(worlds, "scores"):
        cllr = [[w["scores"][name]["calibrated"]["all"]["cllr"] for w in part] for part in (first, second)]
        f1 = [[w["rings"].get(name, {}).get("f1", float("nan")) for w in part] for part in (first, second)]
        change, loss = difference(cllr[0], cllr[1]), difference(f1[0], f1[1])
        rows.append([name, *(figure(over_worlds(part)) for part in cllr), figure(change), figure(loss)])
    heads = ["method", "Cllr on A", "Cllr on B", "change of Cllr", "change of F1"]
    return [
        "## From family A to family B",
        "Everything was learnt or tuned on worlds of A. Cllr after calibration on A; differences are B less A.",
        markdown(heads, rows),
        words.transfer(first, second),
    ]


def innocents(worlds: Sequence[Outcome]) -> list[str]:
    """Worlds without single operators."""
    parts = [
        "## Worlds without operators",
        "`none`: people, households, campuses and companies only; `companies`: mostly companies; `resellers`: resellers"
        " are the only ones who are not innocent. Share of all innocents who stand in a ring with another account, and"
        " share of all accounts in rings that are not of their ring's largest controller.",
    ]
    for family in sorted({world["family"] for world in worlds}):
        here = [world for world in worlds if world["family"] == family]
        rows = []
        for name in names(here, "rings"):
            row = [name]
            for preset in INNOCENT_PRESETS:
                chosen = [world for world in here if world["preset"] == preset]
                row += [
                    figure(ring_figure(chosen, name, key), True) for key in ("innocent_in_rings", "wrong")
                ]
            rows.append(row)
        heads = [
            f"{preset}: {what}" for preset in INNOCENT_PRESETS for what in ("innocents in rings", "wrong")
        ]
        parts += [
            f"Family {family}, seeds {_seeds(here)} of each preset:",
            markdown(["method", *heads], rows),
        ]
    return parts


_HOP: Final = ("precision", "recall", "f1", "unreported_share")


def hop(found: dict[str, Any]) -> list[str]:
    """Reported accounts of the hop data."""
    sets = list(next(iter(found["methods"].values())))
    parts = [
        "## Hop: real accounts",
        f"{found['accounts']:,} accounts, {found['pairs']:,} candidate pairs. Nothing was tuned on this data: settings,"
        " thresholds and the booster are those of simulated worlds, which have devices and addresses that hop lacks."
        " Unreported: the share of accounts that nobody reported in rings with three or more reported ones.",
    ]
    for chosen in sets:
        rows = [[name, *(_maybe(row[chosen][key]) for key in _HOP)] for name, row in found["methods"].items()]
        count = found["methods"][methods.PRODUCT][chosen]
        parts += [
            f"{chosen.capitalize()}: {count['accounts']:,} reported accounts in {count['groups']} reports.",
            markdown(["method", "B-cubed precision", "recall", "F1", "unreported"], rows),
        ]
        whole = count["f1"]
        rows = [
            [group, *(_maybe(row[chosen][key]) for key in _HOP), f"{whole - row[chosen]['f1']:+.3f}"]
            for group, row in found["without"].items()
        ]
        parts += [
            f"What each group of evidence adds there ({chosen}): graphattr without it, and the F1 that is lost so.",
            markdown(["without", "B-cubed precision", "recall", "F1", "unreported", "adds to F1"], rows),
        ]
    return parts


def control(worlds: Sequence[Outcome]) -> list[str]:
    """Error control on many little worlds."""
    rows = []
    for alpha in ALPHAS:
        counts = [world["alphas"][str(alpha)] for world in worlds]
        wrong = [one["wrong"] / one["accounts"] if one["accounts"] else 0.0 for one in counts]
        involved = [float(world["accounts"] - world["innocent"]) for world in worlds]
        rows.append(
            [
                f"{alpha:.0%}",
                figure(over_worlds(wrong), True),
                figure(_ratio(counts, "wrong", "accounts"), True),
                figure(_ratio(counts, "innocent", "accounts"), True),
                figure(pooled([float(one["right"]) for one in counts], involved), True),
                f"{sum(one['accounts'] for one in counts):,}",
                f"{sum(one['rings'] for one in counts):,}",
                f"{sum(one['rings'] > 0 for one in counts)} of {len(worlds)}",
            ]
        )
    heads = [
        "alpha", "wrong share, mean over worlds", "wrong share, all together", "innocents among attributed", "power",
        "accounts attributed", "rings attributed", "worlds with any",
    ]  # fmt: skip
    loosest = [world["alphas"][str(max(ALPHAS))] for world in worlds]
    by_family = ", ".join(
        f"{sum(w['family'] == family for w in worlds)} of family {family}"
        for family in sorted({w["family"] for w in worlds})
    )
    return [
        "## Error control on little worlds",
        f"{len(worlds)} worlds of preset `{worlds[0]['world'].split('-')[0]}` ({by_family}), each run end to end."
        " Wrong: not of the ring's largest controller, or innocent; the promise is about its mean over worlds, 0 where"
        " nothing is attributed. Power: accounts rightly attributed over all that are not innocent.",
        markdown(heads, rows),
        words.control(worlds, loosest),
    ]


def _ratio(counts: Sequence[dict[str, int]], above: str, below: str) -> Any:
    return pooled([float(one[above]) for one in counts], [float(one[below]) for one in counts])


def mechanisms(worlds: Sequence[Outcome]) -> list[str]:
    """What moves when one mechanism is left out."""
    whole = {world["seed"]: world for world in worlds if world["without"] is None}
    rows = []
    for name in dict.fromkeys(world["without"] for world in worlds if world["without"]):
        pairs = [(whole[world["seed"]], world) for world in worlds if world["without"] == name]
        rows.append([name, *(_moved(pairs, part, method, key) for part, method, key in _MOVES)])
    whole_row = ["everything (level)", *(_level(list(whole.values()), *move) for move in _MOVES)]
    heads = [
        "left out",
        "F1",
        "innocents in operators' rings",
        "Cllr",
        "boosting: F1",
        "boosting: Cllr",
        "capped components: F1",
    ]
    return [
        "## One mechanism left out",
        f"Worlds of preset `{worlds[0]['preset']}`, family A, seeds {_seeds(list(whole.values()))}: the change from the"
        " same world with everything, for graphattr where no method is named (Cllr after calibration on A). A positive"
        " change of F1 means that the mechanism makes the work harder; one of Cllr, that it makes it easier.",
        markdown(heads, [whole_row, *rows]),
    ]


_MOVES: Final = (
    ("rings", methods.PRODUCT, "f1"),
    ("rings", methods.PRODUCT, "mixed"),
    ("scores", methods.PRODUCT, "cllr"),
    ("rings", methods.BOOSTING, "f1"),
    ("scores", methods.BOOSTING, "cllr"),
    ("rings", methods.CAPPED, "f1"),
)


def _value(world: Outcome, part: str, method: str, key: str) -> float:
    found = world[part][method]
    return float(found["calibrated"]["all"][key] if part == "scores" else found[key])


def _level(worlds: Sequence[Outcome], part: str, method: str, key: str) -> str:
    return figure(mean_of(worlds, lambda world: _value(world, part, method, key)))


def _moved(pairs: Sequence[tuple[Outcome, Outcome]], part: str, method: str, key: str) -> str:
    changes = [
        _value(without, part, method, key) - _value(all_, part, method, key) for all_, without in pairs
    ]
    found = over_worlds(changes)
    return figure(found) if found.value is None or found.value < 0 else f"+{figure(found)}"


def _seeds(worlds: Sequence[Outcome]) -> str:
    seeds = sorted({world["seed"] for world in worlds})
    return str(seeds[0]) if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"


def _maybe(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
