"""The additive evidence model: log-likelihood ratios of shared values and likenesses, summed over groups.

All ratios are log10 of P(observation | same controller) / P(observation | different controllers). The frame is
Fellegi and Sunter (1969) with value-specific u-probabilities (Winkler; Splink's term-frequency adjustment), k_eff
taken from resolved entities so that an operator who repeats a value does not make it look common.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Array = NDArray[np.float64]
Probability = Annotated[float, Field(gt=0, lt=1)]


#: Evidence groups that a model must speak of.
GROUPS = ("network", "payment", "device", "identity", "timing", "behaviour", "graph")


class ModelError(Exception):
    """A model file that cannot be used: says what was got and what was expected."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ClassParameters(_Frozen):
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
    kinds: dict[str, ClassParameters] = {}


class LikenessParameters(_Frozen):
    """A distance between accounts, read through its rank among all accounts.

    Attributes:
        group: evidence group it belongs to.
        weight: share of same-controller pairs that are drawn from the close (log-uniform) part.
        nearest: rank share below which closer is not more telling.
    """

    group: str
    weight: Probability
    nearest: Probability


class AdditiveModel(_Frozen):
    """Parameters of the evidence model; `weights` and `caps` are by evidence group.

    Attributes:
        name: the model's name, printed with every result.
        trained: False where the parameters are field-guided defaults and no data fitted them.
        note: where the numbers come from, in a sentence.
        signals: by signal name.
        hub: parameters of a value that a list calls a hub, whatever its signal.
        likeness: by likeness name.
        weights: slope of each group's contribution.
        caps: largest absolute contribution of each group, log10.
    """

    name: str
    trained: bool
    note: str
    signals: dict[str, SignalParameters]
    hub: ClassParameters
    likeness: dict[str, LikenessParameters]
    weights: dict[str, Annotated[float, Field(ge=0)]]
    caps: dict[str, Annotated[float, Field(gt=0)]]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        """Every group of evidence has a slope and a cap: a gap would show only in the middle of a run."""
        for name, given in (("weights", self.weights), ("caps", self.caps)):
            if set(given) != set(GROUPS):
                raise ValueError(f"{name} are for {sorted(given)}, expected {sorted(GROUPS)}")
        strange = {likeness.group for likeness in self.likeness.values()} - set(GROUPS)
        if strange:
            raise ValueError(f"likeness in unknown groups {sorted(strange)}")
        return self

    def chance(
        self, signal: str, kinds: Sequence[str | None], hub: NDArray[np.bool_], others: Array, accounts: int
    ) -> Array:
        """u-probability: the chance that an unrelated account shares the value.

        (1 - e) (others + eta) / (N - 1) + e, method.md 2: `others` is k_eff - 1, the resolved entities beside the
        pair that hold the value.

        Args:
            signal: the signal's name.
            kinds: class of each value (None: unknown), shape (n,).
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

    def shared_value(self, signal: str, kinds: Sequence[str | None], chance: Array, gap_days: Array) -> Array:
        """log10 likelihood ratio of a pair's rarest shared value of a signal.

        log10 m - log10 U + time. U is the chance that an unrelated account shares this or any other at least as
        rare value that the account holds: an account with many values has many chances, and taking the rarest
        shared one without counting them would find coincidences everywhere (Bonferroni's bound on the union).

        Args:
            signal: the signal's name.
            kinds: class of each value, shape (n,).
            chance: U, shape (n,), > 0; values above 1 count as 1.
            gap_days: time between the accounts' uses, shape (n,); NaN where timeless (adds nothing).

        Raises:
            ModelError: the model has no such signal.
        """
        m, _, _ = self._by_kind(signal, kinds)
        # Half-life decay of m, never below a tenth: old use is weak evidence, not evidence against.
        decay = np.maximum(np.exp2(-np.nan_to_num(gap_days) / self.signals[signal].half_life_days), 0.1)
        return np.asarray(np.log10(m * decay) - np.log10(np.minimum(chance, 1.0)))

    def _by_kind(self, signal: str, kinds: Sequence[str | None]) -> tuple[Array, Array, Array]:
        """m, eta and floor of each value, by its class."""
        if signal not in self.signals:
            raise ModelError(f"model '{self.name}' has no signal '{signal}'; it has {sorted(self.signals)}")
        base = self.signals[signal]
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

    def contribution(self, group: str, score: Array) -> Array:
        """f_g(s_g): the group's part of the log10 likelihood ratio. Monotone and capped; shape kept."""
        cap = self.caps[group]
        return np.asarray(np.clip(self.weights[group] * score, -cap, cap))

    @property
    def sha256(self) -> str:
        """Digest of the parameters, independent of the file's layout."""
        canonical = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


def load_model(path: Path) -> AdditiveModel:
    """Reads a model file.

    Raises:
        ModelError: the file is unreadable or does not hold a model.
    """
    try:
        return _parse(json.loads(path.read_text(encoding="utf-8")), str(path))
    except OSError as error:
        raise ModelError(f"cannot read the model file {path}: {error.strerror}") from error
    except ValueError as error:
        raise ModelError(f"{path} is not a model file: {error}") from error


def shipped_model() -> AdditiveModel:
    """The model that ships with the project, used where no other is named."""
    return _parse(
        json.loads(resources.files("models").joinpath("shipped/additive.json").read_text()), "shipped"
    )


def _parse(document: Mapping[str, Any], where: str) -> AdditiveModel:
    try:
        return AdditiveModel.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise ModelError(f"model {where}: {key}: {first['msg']}") from error
