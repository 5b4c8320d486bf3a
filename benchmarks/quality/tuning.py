"""What the rivals are given from worlds of family A: settings, thresholds, a trained booster, calibration.

Worlds to fit and worlds to hold out are made with seeds of their own, apart from each other and from every world that a
figure is taken from. Settings are chosen by the mean over the held-out worlds of B-cubed F1 over accounts that are not
innocent and F1 over all: the first alone does not see rings of innocents only, the second alone would choose no rings.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality import boosting, graphs, linkage
from benchmarks.quality.calibration import fit
from benchmarks.quality.measures import Truth, partition
from benchmarks.quality.methods import THRESHOLDED, Tuned, above, scores
from benchmarks.quality.work import Prepared, Workers, prepare
from benchmarks.quality.worlds import World
from graphattr.evaluate.scores import cllr_min

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

#: Seeds of the worlds to fit and to hold out; those of test worlds begin far above.
FIT_SEEDS: Final = (1001, 1002, 1003, 1004, 1005)
HOLD_SEEDS: Final = (1101, 1102, 1103)
_CAPS: Final = (2, 3, 5, 10, 25, 100)
_RESOLUTIONS: Final = (1.0, 3.0, 10.0, 30.0)
_THRESHOLDS: Final = np.arange(-3.0, 7.01, 0.25)
_VIEWS: Final = tuple(graphs.View(cap, identifiers) for identifiers in (False, True) for cap in _CAPS)


def worth(label: Whole, truth: Truth) -> float:
    """The figure that settings are chosen by."""
    found = partition(label, truth)
    return (found["f1"] + found["f1_all"]) / 2


def tune(folder: Path, workers: Workers, preset: str, worlds: tuple[int, int] | None = None) -> Tuned:
    """Chooses and learns everything in `Tuned`.

    Args:
        folder: cache of worlds, and where runs are done.
        workers: the pool.
        preset: size of the worlds.
        worlds: how many to fit and to hold out; None for all.
    """
    first, second = worlds or (len(FIT_SEEDS), len(HOLD_SEEDS))
    made = [World(preset, "A", seed) for seed in (*FIT_SEEDS[:first], *HOLD_SEEDS[:second])]
    ready = workers.map("training worlds", partial(prepare, folder=folder), made)
    fitted, held = ready[:first], ready[first:]
    views = workers.map("settings of graph methods", _graph_worth, held)
    m = linkage.average(workers.map("Splink's m", _learn, fitted[:3]))
    booster = boosting.train([_pairs(one) for one in fitted], [_pairs(one) for one in held])
    weighted = _best(views, "weighted")[0]
    tables = workers.map(
        "scores on held-out worlds", partial(_scores, weighted=weighted, m=m, booster=booster), held
    )
    same = np.concatenate([_pairs(one)[1] for one in held])
    pooled = {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}
    calibrations = {name: fit(score, same) for name, score in pooled.items()}
    modular, resolution = _best(views, "modular")
    return Tuned(
        capped=_best(views, "capped")[0],
        propagated=_best(views, "propagated")[0],
        weighted=weighted,
        modular=modular,
        resolution=resolution,
        m=m,
        booster=booster,
        thresholds={name: _threshold(held, [table[name] for table in tables]) for name in THRESHOLDED},
        calibrations=calibrations,
        prior=float(np.log10(same.sum() / (~same).sum())),
        fit_seeds=FIT_SEEDS[:first],
        hold_seeds=HOLD_SEEDS[:second],
    )


#: Worth of each choice (what, view, resolution) in one world.
Worths = dict[tuple[str, graphs.View, float], float]


def _graph_worth(one: Prepared) -> Worths:
    found: Worths = {}
    for view in _VIEWS:
        held = view.of(one.material.held)
        graph = graphs.project(one.material.size, held)
        found["capped", view, 0.0] = worth(graphs.components(one.material.size, held), one.truth)
        found["propagated", view, 0.0] = worth(graphs.propagation(graph), one.truth)
        for resolution in _RESOLUTIONS:
            found["modular", view, resolution] = worth(graphs.leiden(graph, resolution), one.truth)
        weight = graphs.pair_weight(graph, one.material.a, one.material.b)
        same = one.truth.same(one.material.a, one.material.b)
        found["weighted", view, 0.0] = -_discrimination(weight, same)
    return found


def _discrimination(score: Floats, same: NDArray[np.bool_]) -> float:
    return cllr_min(score, same, np.ones(len(same)))


def _best(worths: list[Worths], what: str) -> tuple[graphs.View, float]:
    """The choice with the largest mean worth; of equal ones the first."""
    choices = [choice for choice in worths[0] if choice[0] == what]
    means = [float(np.mean([one[choice] for one in worths])) for choice in choices]
    _, view, resolution = choices[int(np.argmax(means))]
    return view, resolution


def _learn(one: Prepared) -> linkage.Matches:
    return linkage.learn(one.material, one.truth.owner)


def _pairs(one: Prepared) -> boosting.Pairs:
    return one.material.features, one.truth.same(one.material.a, one.material.b)


def _scores(one: Prepared, weighted: graphs.View, m: linkage.Matches, booster: str) -> dict[str, Floats]:
    return scores(one.material, weighted, m, booster)


def _threshold(worlds: Iterable[Prepared], found: list[Floats]) -> float:
    """The threshold of a score with the largest mean worth of its components."""
    table = [
        [worth(above(one.material, score, threshold), one.truth) for threshold in _THRESHOLDS]
        for one, score in zip(worlds, found, strict=True)
    ]
    return float(_THRESHOLDS[int(np.argmax(np.mean(table, axis=0)))])
