"""Gradient boosting on pairs (LightGBM): all that the product says of a pair, fitted to the truth of other worlds."""

from __future__ import annotations

from typing import Any, Final

import lightgbm
import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
#: Features of a world's pairs, and which of them are true.
Pairs = tuple[pl.DataFrame, Bools]

_PARAMETERS: Final[dict[str, Any]] = {
    "objective": "binary",
    "learning_rate": 0.08,
    "num_leaves": 31,
    "min_data_in_leaf": 50,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 2,
    "verbosity": -1,
}
_ROUNDS: Final = 400
_PATIENCE: Final = 30
#: One untrue pair of so many is kept for fitting, at that weight: most of them are alike.
_KEPT: Final = 4


def train(fit: list[Pairs], hold: list[Pairs]) -> str:
    """A model as LightGBM's text, stopped where the log loss on held-out worlds stops to fall.

    Args:
        fit: worlds to fit.
        hold: other worlds, with other operators.
    """
    columns = sorted({name for frame, _ in fit for name in frame.columns})
    data = _dataset(fit, columns)
    held = _dataset(hold, columns, data)
    stop = lightgbm.early_stopping(_PATIENCE, verbose=False)
    model = lightgbm.train(_PARAMETERS, data, _ROUNDS, valid_sets=[held], callbacks=[stop])
    return str(model.model_to_string(num_iteration=model.best_iteration))


def log_odds(model: str, features: pl.DataFrame) -> Floats:
    """log10 odds that each pair shares a controller, as fitted, shape (n,); a feature not there is unknown."""
    booster = lightgbm.Booster(model_str=model)
    table = _table(features, booster.feature_name())
    raw = booster.predict(table, raw_score=True, num_threads=1)
    return np.asarray(np.round(np.asarray(raw, dtype=np.float64) / np.log(10), 6))


def _table(features: pl.DataFrame, columns: list[str]) -> NDArray[np.float32]:
    missing = [
        pl.lit(float("nan"), pl.Float32).alias(name) for name in columns if name not in features.columns
    ]
    return features.with_columns(missing).select(columns).to_numpy()


def _dataset(
    worlds: list[Pairs], columns: list[str], reference: lightgbm.Dataset | None = None
) -> lightgbm.Dataset:
    tables, truths, weights = [], [], []
    for features, same in worlds:
        kept = same | (np.arange(len(same)) % _KEPT == 0)
        tables.append(_table(features.filter(pl.Series(kept)), columns))
        truths.append(same[kept].astype(np.int8))
        weights.append(np.where(same[kept], 1.0, float(_KEPT)))
    return lightgbm.Dataset(
        np.concatenate(tables),
        np.concatenate(truths),
        weight=np.concatenate(weights),
        feature_name=columns,
        reference=reference,
    )
