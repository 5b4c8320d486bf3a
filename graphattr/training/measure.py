"""How right a model's likelihood ratios are on pairs that it was not fitted on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from graphattr.evaluate.scores import brier, cllr, cllr_min, ece
from graphattr.links.samples import Sample
from graphattr.links.score import probability
from graphattr.records import GROUPS, SIGNAL
from graphattr.training.drawn import Drawn
from models import AdditiveModel

Array = NDArray[np.float64]

RESAMPLES: Final = 200


def log10_lr(model: AdditiveModel, pairs: Sample) -> Array:
    """log10 likelihood ratio of each pair of a sample, as a run would give it but for rounding; shape (n,)."""
    total = np.zeros((len(pairs.same), len(GROUPS)))
    best = np.full_like(total, -np.inf)
    shared: dict[str, Array] = {}
    for name, values in pairs.features.items():
        signal, _, kind = name.partition(":")
        key = model.key(signal, kind or None) if signal in SIGNAL else name
        if signal in SIGNAL and key is not None:
            # Classes that no training saw are read by one curve, of which the best value counts.
            shared[key] = np.fmax(shared[key], values) if key in shared else values
        elif signal in SIGNAL:
            column = best[:, GROUPS.index(SIGNAL[signal].group)]
            np.fmax(column, values, out=column)
        elif name in model.curves:
            total[:, GROUPS.index(model.curves[name].group)] += model.curves[name].at(values)
        elif name in model.likeness:
            column = best[:, GROUPS.index(model.likeness[name].group)]
            np.fmax(column, model.likeness_ratio(name, np.power(10.0, -values)), out=column)
    for key, values in shared.items():
        total[:, GROUPS.index(model.curves[key].group)] += model.curves[key].at(values)
    total += np.where(best > -np.inf, best, 0.0)
    caps = np.array([model.caps[name] for name in GROUPS])
    return np.asarray(np.clip(total, -caps, caps).sum(axis=1))


def prior(ratio: Array, pairs: Sample) -> float:
    """log10 prior odds as a run estimates them, from the sample."""
    share = float(pairs.weight.sum())
    odds = float(pairs.prior / np.log(10.0))
    for _ in range(200 if pairs.candidate.any() else 0):
        sure = float((pairs.weight * probability(ratio + odds))[pairs.candidate].sum()) / share
        better = float(np.log10(sure / (1 - sure)))
        if abs(better - odds) < 1e-6:
            break
        odds = better
    return odds


def figures(model: AdditiveModel, worlds: Sequence[Drawn], seed: int = 0) -> dict[str, Any]:
    """Cllr, Cllr_min, Brier and ECE over the candidate pairs of the worlds, for all and by stratum.

    The likelihood ratio is taken against the candidates' own prior odds, so that 1 bit is what knowing nothing costs.
    A pair counts in the stratum of either end. Intervals are 95 %, over worlds drawn with replacement.
    """
    parts = [_judged(model, world) for world in worlds]
    strata = sorted({name for part in parts for name in part["strata"]})
    generator = np.random.default_rng(seed)
    draws = [generator.integers(0, len(parts), len(parts)) for _ in range(RESAMPLES)]
    result = {"all": _summary([part["all"] for part in parts], draws)}
    for name in strata:
        result[name] = _summary([part["strata"].get(name) for part in parts], draws)
    return result


def _judged(model: AdditiveModel, world: Drawn) -> dict[str, Any]:
    pairs = world.sample
    ratio = log10_lr(model, pairs)
    odds = ratio + prior(ratio, pairs)
    here = pairs.candidate
    table = np.stack([odds[here], pairs.same[here], pairs.weight[here]], axis=1)
    ends = np.stack([world.stratum[pairs.a], world.stratum[pairs.b]], axis=1)[here]
    strata = {str(name): table[(ends == name).any(axis=1)] for name in np.unique(ends)}
    return {"all": table, "strata": strata}


def _summary(parts: Sequence[Array | None], draws: Sequence[NDArray[np.int64]]) -> dict[str, Any]:
    """Each measure averaged over the worlds that have it, with its interval."""
    rows = [None if part is None or not len(part) else _measures(part) for part in parts]
    result: dict[str, Any] = {"pairs": int(sum(0 if part is None else len(part) for part in parts))}
    for name in ("cllr", "cllr_min", "brier", "ece"):
        values = np.array([np.nan if row is None else row[name] for row in rows])
        if not np.isfinite(values).any():
            continue
        drawn = np.array([np.nanmean(values[d]) for d in draws if np.isfinite(values[d]).any()])
        low, high = np.quantile(drawn, (0.025, 0.975))
        result[name] = {
            "value": round(float(np.nanmean(values)), 4), "low": round(float(low), 4), "high": round(float(high), 4)
        }  # fmt: skip
    return result


def _measures(table: Array) -> dict[str, float]:
    odds, same, weight = table[:, 0], table[:, 1] > 0, table[:, 2]
    base = float(weight[same].sum() / weight.sum())
    sure = probability(odds)
    found = {
        "brier": brier(sure, same, weight),
        "ece": ece(sure, same, weight),
        "cllr": np.nan,
        "cllr_min": np.nan,
    }
    if 0 < base < 1:
        ratio = odds - np.log10(base / (1 - base))
        found |= {"cllr": cllr(ratio, same, weight), "cllr_min": cllr_min(ratio, same, weight)}
    return found
