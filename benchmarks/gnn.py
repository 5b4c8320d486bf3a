"""Time and memory of the graph network on a synthetic graph: python benchmarks/gnn.py --accounts 100000."""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from models.gnn import Graph, Pairs, Relation, pair_logits, read_weights, write_weights
from models.gnn.train import Epoch, Options, train

#: Values per account and holders per value of each relation, about those of the simulator's worlds.
SHAPE = {
    "actor": (0.06, 5), "device": (0.4, 3), "email": (0.03, 2), "email_domain": (0.9, 50), "instrument": (0.15, 3),
    "ip": (4.5, 4), "ip_prefix": (4.3, 6), "name": (0.08, 3), "organisation": (0.04, 15), "phone": (0.09, 2),
    "template": (11.0, 20), "tls_fingerprint": (3.0, 100),
}  # fmt: skip


def graph_of(accounts: int, seed: int = 0) -> tuple[Graph, Pairs]:
    """Rings of 25 accounts among strangers: a ring's accounts draw their values from a pool of its own."""
    rng = np.random.default_rng(seed)
    ring = np.where(rng.random(accounts) < 0.1, rng.integers(0, max(accounts // 250, 1), accounts), -1)
    relations = {name: _relation(rng, accounts, ring, *shape) for name, shape in SHAPE.items()}
    table = rng.normal(size=(accounts, 25)).astype(np.float32)
    names = tuple(f"account{n}" for n in range(25))
    graph = Graph(table, names, tuple(f"value{n}" for n in range(18)), relations, 30.0)
    order = np.argsort(ring, kind="stable")
    a = rng.integers(0, accounts, 80 * accounts)
    b = (a + 1 + rng.integers(0, accounts - 1, len(a))) % accounts
    inside = rng.integers(np.searchsorted(ring[order], 0), accounts - 1, 3 * accounts)
    a = np.concatenate([a, order[inside]])
    b = np.concatenate([b, order[np.minimum(inside + rng.integers(1, 20, len(inside)), accounts - 1)]])
    keep = a != b
    a, b = a[keep], b[keep]
    controller = np.where(ring >= 0, ring, accounts + np.arange(accounts))
    one, two = controller[a], controller[b]
    features = rng.normal(size=(len(a), 4)).astype(np.float32)
    label = (one == two).astype(np.float32)
    return graph, Pairs(a, b, features, tuple("pqrs"), label=label, group_a=one, group_b=two)


def _relation(
    rng: np.random.Generator, accounts: int, ring: np.ndarray, held: float, holders: int
) -> Relation:
    edges = int(held * accounts)
    values = max(edges // holders, 1)
    account = rng.integers(0, accounts, edges)
    own = (ring[account] >= 0) & (rng.random(edges) < 0.3)
    value = (
        np.where(own, ring[account] * 5 + rng.integers(0, 5, edges), rng.integers(0, values, edges)) % values
    )
    account, value = np.unique(np.stack([account, value]), axis=1)
    first = rng.uniform(0, 20, len(account)).astype(np.float32)
    features = (rng.random((values, 18)) < 0.1).astype(np.float32)
    count = rng.integers(1, 50, len(account)).astype(np.float32)
    return Relation(account, value, features, count, first, first + 5)


def peak() -> float:
    """Largest memory of the process so far, GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--mode", default="auto", choices=("auto", "full", "sign"))
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    graph, pairs = graph_of(given.accounts)
    print(f"{graph.size:,} accounts, {graph.edges:,} edges, {len(pairs):,} pairs; {peak():.2f} GiB")
    begun, processor = time.perf_counter(), time.process_time()

    def say(epoch: Epoch) -> None:
        used = time.process_time() - processor
        print(
            f"epoch {epoch.epoch}: loss {epoch.training:.4f}, validation {epoch.validation:.4f},"
            f" {epoch.seconds:.1f} s, {used:.1f} s of processor, {peak():.2f} GiB",
            flush=True,
        )

    options = Options(mode=given.mode, epochs=given.epochs, threads=given.threads)
    trained = train([(graph, pairs)], options, device=given.device, progress=say)
    print(f"trained in mode {trained.weights.layout.mode}: {time.perf_counter() - begun:.1f} s")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "gnn.npz"
        write_weights(path, trained.weights)
        begun, processor = time.perf_counter(), time.process_time()
        pair_logits(graph, pairs, read_weights(path))
        print(
            f"scored: {time.perf_counter() - begun:.1f} s, {time.process_time() - processor:.1f} s of processor,"
            f" {peak():.2f} GiB; weights {path.stat().st_size / 2**20:.2f} MiB"
        )


if __name__ == "__main__":
    main()
