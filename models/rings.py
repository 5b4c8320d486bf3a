"""The ring classifier's parameters: what each statistic of a ring says of each hypothesis, by family of worlds.

A statistic has a piecewise-linear curve in log10 likelihood ratios for every variant of every hypothesis (a reseller
with pooled accounts and one with an account a tenant are variants), one set of curves for each family of simulated
worlds that it was fitted to. What the shipped classifier says is the mean over the families, tempered.
"""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path
from typing import Annotated, Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from models.documents import Frozen, read_document

Array = NDArray[np.float64]
Probability = Annotated[float, Field(gt=0, lt=1)]

FILE: Final = "classifier.json"


class Variant(Frozen):
    """One form that a hypothesis takes.

    Attributes:
        hypothesis: its hypothesis.
        form: what sets it apart (a mechanism of the simulator); "" where it has but one form.
    """

    hypothesis: str
    form: str = ""


class RingCurve(Frozen):
    """How a statistic is read.

    Attributes:
        knots: ascending values.
        ratios: by family of worlds: at each knot a log10 likelihood ratio for each variant, within +-1.
        reference: by hypothesis: quartiles (25, 50, 75 %) of the statistic over the known
            rings of that kind that have 5 accounts and more.
    """

    knots: tuple[float, ...]
    ratios: dict[str, tuple[tuple[float, ...], ...]]
    reference: dict[str, tuple[float, float, float]]

    def read(self, values: Array, family: str) -> Array:
        """log10 likelihood ratios of each variant, shape (n, v); linear between knots, flat outside."""
        inside = np.clip(values, self.knots[0], self.knots[-1])
        columns = np.array(self.ratios[family]).T
        return np.stack([np.interp(inside, self.knots, column) for column in columns], axis=1)


class ScoreCurve(Frozen):
    """What a statistic says of a ring being wholly right: of one controller, who is not innocent.

    Attributes:
        knots: ascending values.
        ratios: by family of worlds: a log10 ratio at each knot.
    """

    knots: tuple[float, ...]
    ratios: dict[str, tuple[float, ...]]

    def read(self, values: Array) -> Array:
        """Mean over the families of the log10 ratios, shape (n,)."""
        told = [np.interp(values, self.knots, ratios) for ratios in self.ratios.values()]
        return np.asarray(np.mean(told, axis=0))


class RingModel(Frozen):
    """The classifier.

    Attributes:
        name, note: what it is and what it was fitted to.
        variants: forms of the hypotheses, in the order of the curves' columns.
        prior: of each hypothesis.
        temper: factor on all ratios, chosen so that a fit to one family is calibrated on the other.
        curves: by statistic.
        score: by statistic, and for `controlled` (the probability of hidden control): curves whose sum ranks rings
            for attribution.
        known: by hypothesis, how many known controllers of rings of 5 accounts and more it was fitted to: what a
            Bayes factor may rest on.
    """

    name: str
    note: str
    variants: tuple[Variant, ...]
    prior: dict[str, Probability]
    temper: float = Field(gt=0, le=1)
    curves: dict[str, RingCurve]
    score: dict[str, ScoreCurve]
    known: dict[str, int]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if abs(sum(self.prior.values()) - 1) > 1e-6:
            raise ValueError("the priors do not sum to 1")
        if {variant.hypothesis for variant in self.variants} != set(self.prior):
            raise ValueError("the variants are not of the hypotheses that have a prior")
        if not self.curves:
            raise ValueError("there is no curve")
        for name, curve in self.curves.items():
            if not curve.knots or list(curve.knots) != sorted(set(curve.knots)):
                raise ValueError(f"the knots of {name} do not ascend")
            if set(curve.ratios) != set(self.families):
                raise ValueError(f"{name} has curves of other families than the rest")
            shape = (len(curve.knots), len(self.variants))
            if any(np.array(rows).shape != shape for rows in curve.ratios.values()):
                raise ValueError(f"{name} does not have a ratio for each knot and variant")
        for name, part in self.score.items():
            knots = list(part.knots)
            if not knots or knots != sorted(set(knots)) or not part.ratios:
                raise ValueError(f"the knots of {name} in the score do not ascend, or have no ratios")
            if any(len(ratios) != len(knots) for ratios in part.ratios.values()):
                raise ValueError(f"{name} does not have a ratio for each knot of the score")
        return self

    @property
    def families(self) -> tuple[str, ...]:
        """Families of worlds that it was fitted to, sorted."""
        return tuple(sorted({family for curve in self.curves.values() for family in curve.ratios}))

    @property
    def sha256(self) -> str:
        """Digest of everything in it."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def load_ring_model(path: Path) -> RingModel:
    """Reads a classifier.

    Args:
        path: its file, or the folder that holds classifier.json.

    Raises:
        ModelError: the file is unreadable or holds something else.
    """
    return read_document(RingModel, path, FILE, "the ring classifier", "hold a ring classifier")


def shipped_ring_model() -> RingModel:
    """The classifier that ships with the project."""
    with resources.as_file(resources.files("models").joinpath("shipped/rings")) as folder:
        return load_ring_model(folder)
