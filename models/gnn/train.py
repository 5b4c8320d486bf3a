"""Trains the network on several worlds, with early stopping on operators that no step saw."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from models.gnn import checkpoint
from models.gnn.checkpoint import State
from models.gnn.graph import Floats, Graph, Pairs, Whole
from models.gnn.infer import pair_logits
from models.gnn.network import Network, OnDevice, encode, logits, on_device
from models.gnn.prepare import everything
from models.gnn.weights import Weights
from models.gnn.worlds import fold_of, layout_of, sample, scales_of, see, world

#: Largest norm of a gradient step.
CLIP: Final = 1.0
#: Pairs of the validation fold that are scored at a time.
CHUNK: Final = 32_768


@dataclass(frozen=True)
class Options:
    """How to train; the defaults suit some worlds of a few thousand accounts as well as one of 100,000.

    Attributes:
        mode: "full", "sign", or "auto": full batch up to `full_edges` edges in the largest world.
        full_edges: see `mode`.
        hidden, layers, norm: see `weights.Layout`.
        dropout: of activations. type_dropout: chance that a step sees nothing of a relation, of a relation's
            times, or of a feature.
        learning_rate, weight_decay: of AdamW.
        epochs: most epochs. patience: epochs without a smaller validation loss after which it stops.
        steps: steps an epoch and world; each sees the whole graph in mode "full". sign_steps: in mode "sign".
        pairs: about how many pairs a step sees. most_pairs: about how many of a world are used at all.
        folds: parts the controllers are split into. validation: the part that stops the training.
        held_out: another part that is not used at all, or None.
        threads: CPU threads; another number may round otherwise.
        seed: of everything random.
    """

    mode: str = "auto"
    full_edges: int = 10_000_000
    hidden: int = 64
    layers: int = 2
    norm: float = 1.0
    dropout: float = 0.1
    type_dropout: float = 0.3
    learning_rate: float = 3e-3
    weight_decay: float = 1e-3
    epochs: int = 40
    patience: int = 10
    steps: int = 3
    sign_steps: int = 16
    pairs: int = 16_384
    most_pairs: int = 500_000
    folds: int = 5
    validation: int = 0
    held_out: int | None = None
    threads: int = 2
    seed: int = 0


@dataclass(frozen=True)
class Epoch:
    """An epoch's report: losses are means over pairs, natural logarithm; `remaining` seconds if none stops it."""

    epoch: int
    epochs: int
    training: float
    validation: float
    best: bool
    seconds: float
    remaining: float


Progress = Callable[[Epoch], None]


@dataclass(frozen=True)
class Trained:
    """The weights of the best epoch, with the losses (training, validation) of every epoch."""

    weights: Weights
    losses: list[tuple[float, float]]
    best_epoch: int


def train(
    worlds: Sequence[tuple[Graph, Pairs]],
    options: Options | None = None,
    *,
    device: str = "auto",
    resume: Path | None = None,
    scratch: Path | None = None,
    progress: Progress = lambda _epoch: None,
    note: str = "",
) -> Trained:
    """Trains on the labelled pairs of the worlds.

    On the CPU the same worlds, options and versions give the same bytes, however often it was killed and resumed.

    Args:
        worlds: graphs with pairs that have labels and controllers.
        options: how; None for the defaults.
        device: "cpu", "cuda" or "auto" (cuda where there is one; dense products in bfloat16 there).
        resume: checkpoint file, written after each epoch; a training that was cut off goes on from it.
        scratch: folder for the tables of mode "sign", which are read as files then; None keeps them in memory.
        progress: called after each epoch.
        note: where the worlds come from; kept in the weights.

    Raises:
        ValueError: worlds without labels, with unlike features, or with no pairs in a fold.
        ModelError: `resume` belongs to another training.
    """
    options = options or Options()
    place = choose_device(device)
    mode = options.mode
    if mode == "auto":
        mode = "sign" if max(graph.edges for graph, _ in worlds) > options.full_edges else "full"
    layout = layout_of(worlds, mode, options.hidden, options.layers, options.norm)
    scales = scales_of(worlds, layout)
    blank = Weights(layout, scales, note)
    with _reproducible(options, place):
        torch.manual_seed(options.seed)
        network = Network(layout, options.dropout).to(place)
        ready = [
            world(graph, pairs, blank, options.folds, options.seed, options.most_pairs)
            for graph, pairs in worlds
        ]
        folders = [scratch and scratch / f"world-{number}" for number in range(len(ready))]
        given = [
            on_device(each, blank.scale("pairs"), layout, place, folder)
            for each, folder in zip(ready, folders, strict=True)
        ]
        mark = checkpoint.fingerprint(worlds, {**asdict(options), "device": place.type})
        run = _Run(network, given, options, place)
        state = run.all_epochs(resume, mark, progress)
    network.load_state_dict(state.best)
    return Trained(Weights(layout, {**scales, **network.arrays()}, note), state.losses, state.best_epoch)


def out_of_fold(
    worlds: Sequence[tuple[Graph, Pairs]],
    options: Options | None = None,
    *,
    device: str = "auto",
    progress: Progress = lambda _epoch: None,
) -> list[Floats]:
    """Logits of every pair by a network that saw neither pair's controllers: what a stack may be fitted on.

    Trains `folds` networks; the pairs whose first controller is in a fold are scored by the one that never saw it.

    Returns:
        One array a world, shape (p,).
    """
    options = options or Options()
    found = [np.zeros(len(pairs), np.float32) for _, pairs in worlds]
    for fold in range(options.folds):
        part = Options(**{**asdict(options), "held_out": fold, "validation": (fold + 1) % options.folds})
        weights = train(worlds, part, device=device, progress=progress).weights
        for (graph, pairs), out in zip(worlds, found, strict=True):
            if pairs.group_a is None:
                raise ValueError("pairs to train on need label, group_a and group_b")
            rows = np.flatnonzero(fold_of(pairs.group_a, options.folds, options.seed) == fold)
            some = Pairs(pairs.a[rows], pairs.b[rows], pairs.table[rows], pairs.feature_names)
            out[rows] = pair_logits(graph, some, weights)
    return found


def choose_device(name: str) -> torch.device:
    """The device of that name; "auto" is cuda where there is one.

    Raises:
        ValueError: cuda is asked for and there is none, or the name is another.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise ValueError(f"device is '{name}', expected auto, cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("device is 'cuda', but PyTorch sees no GPU; use auto or cpu")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


class _Run:
    """One training: the network, its optimizer and the worlds with their splits."""

    def __init__(
        self, network: Network, given: list[OnDevice], options: Options, device: torch.device
    ) -> None:
        self.network, self.given, self.options, self.device = network, given, options, device
        self.optimizer = torch.optim.AdamW(
            network.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay
        )
        never = [] if options.held_out is None else [options.held_out]
        self.training = [one.world.training([options.validation, *never]) for one in given]
        self.validation = [one.world.validation(options.validation, never) for one in given]
        for name, rows in (("training", self.training), ("validation", [v for v, _ in self.validation])):
            if not sum(len(part) for part in rows):
                raise ValueError(f"no pair is left for {name}: more controllers or fewer folds are needed")

    def all_epochs(self, path: Path | None, mark: str, progress: Progress) -> State:
        state = checkpoint.load(path, mark, self.device) if path is not None else None
        if state is None:
            blank = self._parameters()
            state = State(0, blank, self.optimizer.state_dict(), blank, float("inf"), 0, [])
        self.network.load_state_dict(state.network)
        self.optimizer.load_state_dict(state.optimizer)
        begun, first = time.perf_counter(), state.epoch
        while state.epoch < self.options.epochs and state.epoch - state.best_epoch < self.options.patience:
            self._epoch(state)
            if path is not None:
                checkpoint.save(path, state, mark)
            seconds = time.perf_counter() - begun
            left = seconds / (state.epoch - first) * (self.options.epochs - state.epoch)
            best = state.best_epoch == state.epoch
            progress(Epoch(state.epoch, self.options.epochs, *state.losses[-1], best, seconds, left))
        return state

    def _epoch(self, state: State) -> None:
        state.epoch += 1
        rng = np.random.default_rng([self.options.seed, state.epoch])
        torch.manual_seed(int(rng.integers(2**62)))
        training = self._train(rng)
        validation = self._validate()
        state.losses.append((training, validation))
        state.network, state.optimizer = self._parameters(), self.optimizer.state_dict()
        if validation < state.best_loss:
            state.best, state.best_loss, state.best_epoch = state.network, validation, state.epoch

    def _train(self, rng: np.random.Generator) -> float:
        """Steps through all worlds in random order; returns the mean loss."""
        self.network.train()
        layout, options = self.network.layout, self.options
        steps = options.sign_steps if layout.mode == "sign" else options.steps
        losses = []
        for number in rng.permutation(np.repeat(np.arange(len(self.given)), steps)):
            given, rows = self.given[number], self.training[number]
            drawn, inverse = sample(given.world.draw[rows], options.pairs, rng)
            seen = see(layout, list(given.world.inputs.parts), options.type_dropout, rng)
            if not len(drawn):
                continue
            rows = rows[drawn]
            self.optimizer.zero_grad()
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
                out = logits(self.network, given, rows, seen)
            loss = self._loss(out, given, rows, given.world.weight[rows] * inverse)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), CLIP)
            self.optimizer.step()
            losses.append(loss.detach())
        return float(torch.stack(losses).mean())

    @torch.no_grad()
    def _validate(self) -> float:
        """Mean loss over the validation pairs of all worlds together, nothing dropped."""
        self.network.eval()
        layout = self.network.layout
        full = everything(layout.relations, len(layout.account_names), len(layout.pair_names))
        total = weights = 0.0
        for given, (rows, weight) in zip(self.given, self.validation, strict=True):
            encoded = encode(self.network, given, full) if given.graph is not None else None
            for start in range(0, len(rows), CHUNK):
                some = slice(start, start + CHUNK)
                out = logits(self.network, given, rows[some], full, encoded)
                mass = float(weight[some].sum())
                total += mass * float(self._loss(out, given, rows[some], weight[some]))
                weights += mass
        return total / weights

    def _loss(
        self, out: torch.Tensor, given: OnDevice, rows: Whole, weight: NDArray[np.float64]
    ) -> torch.Tensor:
        """Weighted mean of the logistic loss."""
        label = torch.from_numpy(given.world.label[rows]).to(self.device)
        share = torch.from_numpy((weight / weight.sum()).astype(np.float32)).to(self.device)
        return (
            functional.binary_cross_entropy_with_logits(out.float(), label, reduction="none") * share
        ).sum()

    def _parameters(self) -> dict[str, torch.Tensor]:
        return {name: value.detach().clone() for name, value in self.network.state_dict().items()}


@contextmanager
def _reproducible(options: Options, device: torch.device) -> Iterator[None]:
    """Fixed threads and, on the CPU, deterministic kernels; the process is left as it was."""
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    quiet = warnings.catch_warnings()
    with quiet, torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        # PyTorch calls its compressed sparse tensors beta: the tests hold the result against scipy's.
        warnings.filterwarnings("ignore", message="Sparse", category=UserWarning)
        torch.set_num_threads(options.threads)
        torch.use_deterministic_algorithms(device.type == "cpu")
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(strict)
