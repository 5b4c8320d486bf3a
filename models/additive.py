"""The additive evidence model: log-likelihood ratios of shared values and likenesses, summed over groups.

All ratios are log10 of P(observation | same controller) / P(observation | different controllers). The frame is
Fellegi and Sunter (1969) with value-specific u-probabilities (Winkler; Splink's term-frequency adjustment), k_eff
taken from resolved entities so that an operator who repeats a value does not make it look common.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from models.documents import Frozen, ModelError

Array = NDArray[np.float64]
Kinds = Sequence[str | None] | str | None
Probability = Annotated[float, Field(gt=0, lt=1)]


#: Class of values that are an account's own, as the wallet that it pays others from, and of those without a class.
OWN: Final = "own"
NO_CLASS: Final = "none"
#: Evidence groups that a model must speak of.
GROUPS = ("network", "payment", "device", "identity", "timing", "behaviour", "graph")


class ClassParameters(Frozen):
    """What sharing one value of a class (a mobile address, a prepaid card) is worth.

    Attributes:
        m: m-probability: two accounts of one controller share such a value.
        eta: innocent co-users of a value that its visible holders do not show (family, lease recycled), a count.
        floor: u-probability that stays however rare the value (collisions, hubs).
    """

    m: Probability
    eta: float = Field(ge=0)
    floor: float = Field(ge=0, lt=1)


class SignalParameters(ClassParameters):
    """Parameters of a signal, with those of its classes where they differ.

    Attributes:
        half_life_days: a value used this far apart in time supports a common controller half as much.
        kinds: parameters by class of value.
    """

    half_life_days: float = Field(gt=0)
    kinds: dict[str, ClassParameters] = Field(default_factory=dict)


class LikenessParameters(Frozen):
    """A distance between accounts, read through its rank among all accounts.

    Attributes:
        group: evidence group it belongs to.
        weight: share of same-controller pairs that are drawn from the close (log-uniform) part.
        nearest: rank share below which closer is not more telling.
    """

    group: str
    weight: Probability
    nearest: Probability


class Curve(Frozen):
    """A fitted piece of evidence: piecewise linear and non-decreasing, in log10 likelihood ratios.

    Attributes:
        group: evidence group it belongs to.
        knots: values of the feature at which the curve may bend, ascending.
        values: log10 likelihood ratio at each knot.
        extend: slope past the last knot; below the first and, without a slope, above the last the curve is level.
        pairs: same-controller pairs of the training that it rests on.
        usual: ascending values between which a tenth of the training's candidate pairs lay each (deciles, ends left
            out), to tell how far other signals are from those of the training; empty where that says nothing.
    """

    group: str
    knots: tuple[float, ...] = Field(min_length=1)
    values: tuple[float, ...] = Field(min_length=1)
    extend: float = Field(0.0, ge=0, le=1)
    pairs: int = Field(ge=0)
    usual: tuple[float, ...] = ()

    @model_validator(mode="after")
    def _monotone(self) -> Self:
        if len(self.knots) != len(self.values):
            raise ValueError(
                f"{len(self.knots)} knots and {len(self.values)} values, expected as many of both"
            )
        if np.any(np.diff(self.knots) <= 0) or np.any(np.diff(self.values) < -1e-9):
            raise ValueError("expected ascending knots and non-decreasing values")
        return self

    def at(self, x: Array) -> Array:
        """log10 likelihood ratio of each feature value; 0 where it is nan (not known). Shape kept."""
        known = np.nan_to_num(x)
        inside = np.interp(known, self.knots, self.values)
        beyond = self.extend * np.maximum(known - self.knots[-1], 0.0)
        return np.asarray(np.where(np.isnan(x), 0.0, inside + beyond))

    def drift(self, x: Array) -> float:
        """Population stability index of feature values against the training's deciles: 0 alike, above .25 changed much.

        Sum over the tenths of (share - expected) ln(share / expected), the expected shares after ties are merged; nan
        without values, or where the training kept no deciles. Siddiqi, Credit Risk Scorecards (2006), chapter 9.
        """
        known = x[~np.isnan(x)]
        if not self.usual or not len(known):
            return float("nan")
        cuts, ties = np.unique(self.usual, return_counts=True)
        # A decile that repeats is an atom: all pairs at or below it, less those below the cut before.
        expected = np.diff(np.concatenate([[0.0], np.cumsum(ties) / (len(self.usual) + 1), [1.0]]))
        found = np.bincount(np.searchsorted(cuts, known, side="left"), minlength=len(expected)) / len(known)
        found = np.maximum(found, 1e-4)
        return float(((found - expected) * np.log(found / expected)).sum())


class Limits(Frozen):
    """What sums of the parts were worth in worlds that no fitting saw: where nine in ten worlds' calibration lay.

    Attributes:
        at: sums, log10 likelihood ratios, ascending.
        low, high: 5 % and 95 % quantiles over worlds of the ratio that a world's own pairs show there, log10.
        worlds: that they rest on.
    """

    at: tuple[float, ...] = Field(min_length=1)
    low: tuple[float, ...]
    high: tuple[float, ...]
    worlds: int = Field(ge=1)

    @model_validator(mode="after")
    def _alike(self) -> Self:
        if not len(self.at) == len(self.low) == len(self.high) or np.any(np.diff(self.at) <= 0):
            raise ValueError("expected ascending sums and a low and a high for each")
        return self

    def of(self, log10_lr: Array) -> tuple[Array, Array]:
        """Low and high log10 likelihood ratio of each sum, with the sum itself between them; shapes kept."""
        low, high = (np.interp(log10_lr, self.at, side) for side in (self.low, self.high))
        # Past the ends the limits keep their distance.
        beyond = log10_lr - np.clip(log10_lr, self.at[0], self.at[-1])
        return np.minimum(low + beyond, log10_lr), np.maximum(high + beyond, log10_lr)


class AdditiveModel(Frozen):
    """Parameters of the evidence model; `caps` are by evidence group.

    A piece of evidence with a curve counts by its curve, beside all others of its group: the curves were fitted
    together. Pieces without one (a class of value that no training saw) fall back on the parameters of `signals`
    and `likeness`; of those only the best of each group counts.

    Attributes:
        name: the model's name, printed with every result.
        trained: False where the parameters are field-guided defaults and no data fitted them.
        note: where the numbers come from, in a sentence.
        signals: by signal name.
        hub: parameters of a value that a list calls a hub, whatever its signal.
        likeness: by likeness name.
        caps: largest absolute contribution of each group, log10.
        curves: fitted pieces by key: a signal, "signal:class", "absent:signal", or a likeness.
        limits: how far the sums of all curves may be off; None where none were fitted.
    """

    name: str
    trained: bool
    note: str
    signals: dict[str, SignalParameters]
    hub: ClassParameters
    likeness: dict[str, LikenessParameters]
    caps: dict[str, Annotated[float, Field(gt=0)]]
    curves: dict[str, Curve] = Field(default_factory=dict)
    limits: Limits | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        """Every group of evidence has a cap: a gap would show only in the middle of a run."""
        if set(self.caps) != set(GROUPS):
            raise ValueError(f"caps are for {sorted(self.caps)}, expected {sorted(GROUPS)}")
        named = {one.group for one in self.likeness.values()} | {one.group for one in self.curves.values()}
        strange = named - set(GROUPS)
        if strange:
            raise ValueError(f"pieces in unknown groups {sorted(strange)}")
        return self

    def chance(
        self, signal: str, kinds: Kinds, hub: NDArray[np.bool_], others: Array, accounts: int
    ) -> Array:
        """u-probability: the chance that an unrelated account shares the value.

        (1 - e) (others + eta) / (N - 1) + e, method.md 2: `others` is k_eff - 1, the resolved entities beside the
        pair that hold the value.

        Args:
            signal: the signal's name.
            kinds: class of each value (None: unknown), shape (n,), or one for all.
            hub: a list calls the value a hub, shape (n,).
            others: other entities holding the value, shape (n,), >= 0.
            accounts: N, accounts in the run.

        Returns:
            Shape (n,), in (0, 1].

        Raises:
            ModelError: the model has no such signal.
        """
        _, eta, floor = self._by_kind(signal, kinds)
        eta = np.where(hub, np.maximum(eta, self.hub.eta), eta)
        floor = np.where(hub, np.maximum(floor, self.hub.floor), floor)
        return np.asarray(np.clip((1 - floor) * (others + eta) / max(accounts - 1, 1) + floor, 1e-12, 1.0))

    def shared_value(self, signal: str, kinds: Kinds, chance: Array, gap_days: Array) -> Array:
        """log10 likelihood ratio of a pair's rarest shared value of a signal.

        log10 m - log10 U + time. U is the chance that an unrelated account shares this or any other at least as
        rare value that the account holds: an account with many values has many chances, and taking the rarest
        shared one without counting them would find coincidences everywhere (Bonferroni's bound on the union).

        Args:
            signal: the signal's name.
            kinds: class of each value, shape (n,), or one for all.
            chance: U, shape (n,), > 0; values above 1 count as 1.
            gap_days: time between the accounts' uses, shape (n,); NaN where timeless (adds nothing).

        Raises:
            ModelError: the model has no such signal.
        """
        m, _, _ = self._by_kind(signal, kinds)
        # Half-life decay of m, never below a tenth: old use is weak evidence, not evidence against.
        decay = np.maximum(np.exp2(-np.nan_to_num(gap_days) / self.signals[signal].half_life_days), 0.1)
        return np.asarray(np.log10(m * decay) - np.log10(np.minimum(chance, 1.0)))

    def _by_kind(self, signal: str, kinds: Kinds) -> tuple[Array, Array, Array]:
        """m, eta and floor of each value, by its class."""
        if signal not in self.signals:
            raise ModelError(f"model '{self.name}' has no signal '{signal}'; it has {sorted(self.signals)}")
        base = self.signals[signal]
        if kinds is None or isinstance(kinds, str):
            row = base.kinds.get(kinds or "", base)
            return np.array(row.m), np.array(row.eta), np.array(row.floor)
        distinct, codes = np.unique(
            np.asarray([kind or "" for kind in kinds], dtype=str), return_inverse=True
        )
        rows = [base.kinds.get(str(kind), base) for kind in distinct]
        table = np.array([[row.m, row.eta, row.floor] for row in rows], dtype=np.float64).reshape(-1, 3)[
            codes
        ]
        return table[:, 0], table[:, 1], table[:, 2]

    def likeness_ratio(self, name: str, rank: Array) -> Array:
        """log10 likelihood ratio of a distance whose rank share is `rank`.

        Under different controllers the share of all accounts that are at least as close is uniform on (0, 1); under
        one controller it is a mixture of that and a log-uniform part on (nearest, 1).

        Args:
            name: the likeness.
            rank: share of accounts at least as close, shape (n,), in [0, 1]; NaN where unknown (gives 0).

        Returns:
            Shape (n,), decreasing in rank.
        """
        p = self.likeness[name]
        density = (1 - p.weight) + p.weight / ((rank + p.nearest) * np.log((1 + p.nearest) / p.nearest))
        return np.asarray(np.nan_to_num(np.log10(density)))

    def restricted(self, keys: Collection[str]) -> Self:
        """The model with those of its curves only; limits hold for the sum of all."""
        curves = {key: self.curves[key] for key in self.curves if key in keys}
        limits = self.limits if len(curves) == len(self.curves) else None
        return self.model_copy(update={"curves": curves, "limits": limits})

    def key(self, signal: str, kind: str | None) -> str | None:
        """Key of the curve for a shared value of that signal and class; None if no training saw enough of it.

        A class that no training saw is read as one that is not known. Values that are an account's own have no such
        way out: they are no values of a class.
        """
        unknown = [] if kind == OWN else [f"{signal}:{NO_CLASS}"]
        return next((key for key in (f"{signal}:{kind}", *unknown, signal) if key in self.curves), None)

    @property
    def sha256(self) -> str:
        """Digest of the parameters, independent of the file's layout."""
        canonical = json.dumps(
            self.model_dump(mode="json", exclude_none=True), sort_keys=True, separators=(",", ":")
        )
        return hashlib.sha256(canonical.encode()).hexdigest()


def load_model(path: Path) -> AdditiveModel:
    """Reads a model file, or the model.json of a model folder.

    Raises:
        ModelError: the file is unreadable or does not hold a model.
    """
    file = path / "model.json" if path.is_dir() else path
    try:
        return _parse(json.loads(file.read_text(encoding="utf-8")), str(file))
    except OSError as error:
        raise ModelError(f"cannot read the model file {file}: {error.strerror}") from error
    except ValueError as error:
        raise ModelError(f"{file} is not a model file: {error}") from error


def shipped_model() -> AdditiveModel:
    """The model that ships with the project, used where no other is named."""
    return _shipped("linkage/model.json")


def field_guided_model() -> AdditiveModel:
    """The parameters that no data fitted: where a training starts, and what unseen kinds of evidence fall back on."""
    return _shipped("field-guided.json")


def _shipped(name: str) -> AdditiveModel:
    document = resources.files("models").joinpath(f"shipped/{name}").read_text(encoding="utf-8")
    return _parse(json.loads(document), "shipped")


def _parse(document: Mapping[str, Any], where: str) -> AdditiveModel:
    try:
        return AdditiveModel.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ModelError(f"model {where}: {key}: {first['msg']}") from error
