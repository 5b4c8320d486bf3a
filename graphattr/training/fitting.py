"""From samples of pairs to the curves of the evidence model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from graphattr.links.drift import told
from graphattr.links.likeness import ALL_LIKENESSES
from graphattr.links.samples import Sample
from graphattr.records import SIGNAL
from models import AdditiveModel, Curve
from models.fitting import Grid, fit_curves, grid

Array = NDArray[np.float64]


def fit(
    drawn: Sequence[Sample],
    model: AdditiveModel,
    name: str,
    note: str,
    penalty: float = 1e-5,
    progress: Callable[[int, float], None] = lambda _number, _loss: None,
) -> AdditiveModel:
    """The model with curves fitted on samples of worlds (models.fitting).

    Args:
        drawn: samples, whose features were measured with this model's parameters.
        model: the model whose parameters stay.
        name, note: of the fitted model.
        penalty: see `fit_curves`.
        progress: told of each iteration and its loss.
    """
    keys = sorted({key for part in drawn for key in part.features})
    same = np.concatenate([part.same for part in drawn])
    weight = np.concatenate([part.weight for part in drawn])
    offset = np.concatenate([np.full(len(part.same), part.prior) for part in drawn])
    grids: list[Grid] = []
    codes = np.empty((len(keys), len(same)), dtype=np.uint8)
    for number, key in enumerate(keys):
        values = np.concatenate([part.features.get(key, np.full(len(part.same), np.nan)) for part in drawn])
        grids.append(grid(values, same))
        codes[number] = grids[-1].codes(values)
    # Being unlike, or not sharing a value, never speaks for a common controller.
    absent = frozenset(key for key in keys if key.startswith("absent:") or key in ALL_LIKENESSES)
    found = fit_curves(
        keys, codes, grids, same, weight, offset, absent=absent, penalty=penalty, progress=progress
    )
    support = {key: cells.pairs for key, cells in zip(keys, grids, strict=True)}
    curves = {}
    for key, knots in found.knots.items():
        values = np.round(found.values[key], 4)
        rise = (values[-1] - values[0]) / (knots[-1] - knots[0]) if len(knots) > 1 else 0.0
        shared = key.split(":")[0] in SIGNAL
        curves[key] = Curve(
            group=_group(key),
            knots=tuple(knots.tolist()),
            values=tuple(values.tolist()),
            # A value that is rarer than any in the training counts on at the curve's own pace, never faster than
            # its chance falls.
            extend=round(float(np.clip(rise, 0.0, 1.0)), 4) if shared else 0.0,
            pairs=support[key],
            usual=tuple(told(_candidates(drawn, key)).tolist()) if key in ALL_LIKENESSES else (),
        )
    return AdditiveModel(
        **(model.model_dump() | {"name": name, "trained": True, "note": note, "curves": curves})
    )


def _candidates(drawn: Sequence[Sample], key: str) -> Array:
    """Values of a feature over the candidate pairs, each as often as it stands for pairs."""
    parts = [
        np.repeat(part.features[key][part.candidate], np.ceil(part.weight[part.candidate]).astype(np.int64))
        for part in drawn
        if key in part.features
    ]
    return np.concatenate(parts)


def _group(key: str) -> str:
    if key in ALL_LIKENESSES:
        return ALL_LIKENESSES[key].group
    signal = key.removeprefix("absent:").split(":")[0]
    return SIGNAL[signal].group
