"""What a training of the linkage model is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from graphattr.settings import Settings
from graphattr.training.network import NetworkOptions
from models import AdditiveModel


@dataclass(frozen=True)
class Training:
    """What to train on.

    Attributes:
        signals: signal folders.
        truths: the truth of each, or None where its labels are to be used.
        out: model folder to write.
        base: model whose parameters measure shared values, and which resolves entities.
        name: of the model.
        settings: settings of the runs that the worlds are read with.
        whole: look at each world only with all its tables, not without some of them too.
        network: how to train a graph network too; None for none.
        workers: worlds that are looked at side by side.
        beside: signal folders that the network alone is trained on too, and the truth of each or None. It needs
            many different worlds; curves do with few.
    """

    signals: tuple[Path, ...]
    truths: tuple[Path | None, ...]
    out: Path
    base: AdditiveModel
    name: str
    settings: Settings = field(default_factory=Settings)
    whole: bool = False
    network: NetworkOptions | None = None
    workers: int = 1
    beside: tuple[tuple[Path, Path | None], ...] = ()

    @property
    def folders(self) -> list[tuple[Path, Path | None]]:
        """All signal folders with their truth, those of the network alone behind the others."""
        return [*zip(self.signals, self.truths, strict=True), *self.beside]
