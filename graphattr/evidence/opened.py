"""A bundle while it is verified: what the steps so far have established."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphattr.evidence.case import Case
from graphattr.evidence.document import Figure
from graphattr.evidence.figures import Figures


@dataclass
class Opened:
    """State that one step leaves to the next; a field is set by the step named beside it.

    Attributes:
        path: the bundle.
        pinned: the signer's public key in PEM, from outside.
    """

    path: Path
    pinned: bytes | None
    top: str | None = None  # container
    files: dict[str, bytes] = field(default_factory=dict)  # container
    fingerprint: str = ""  # signature
    predicate: dict[str, Any] = field(default_factory=dict)  # signature
    identity: dict[str, Any] = field(default_factory=dict)  # signature: case.json
    _case: Case | None = None  # tables
    commitments: dict[str, Any] = field(default_factory=dict)  # commitments
    stated: dict[str, Figure] = field(default_factory=dict)  # figures: those carried over
    _figures: Figures | None = None  # figures

    @property
    def case(self) -> Case:
        """The case in the tables."""
        if self._case is None:
            raise ValueError("the tables were not read")
        return self._case

    @case.setter
    def case(self, case: Case) -> None:
        self._case = case

    @property
    def figures(self) -> Figures:
        """The figures over the tables."""
        if self._figures is None:
            raise ValueError("the figures were not computed")
        return self._figures

    @figures.setter
    def figures(self, figures: Figures) -> None:
        self._figures = figures

    @property
    def audience(self) -> str:
        """The audience that case.json names."""
        return str(self.identity["audience"])

    @property
    def case_id(self) -> str:
        """The case that case.json names."""
        return str(self.identity["case"])

    @property
    def root(self) -> str:
        """The root that case.json names."""
        return str(self.identity["root"])

    @property
    def carried(self) -> int:
        """Number of figures that only the full bundle can compute."""
        return len(self.stated)
