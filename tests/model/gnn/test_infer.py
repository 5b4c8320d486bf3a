"""The numpy forward pass: against slow loops, against PyTorch, under renumbering, with tables missing."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.gnn.toy import network, random_world, without
from models import ModelError
from models.gnn import Graph, Pairs, Relation, Weights, embeddings, infer, pair_logits
from models.gnn.network import encode, logits, on_device
from models.gnn.prepare import Seen, common_values, everything, pair_side
from models.gnn.sign import propagate
from models.gnn.worlds import world

seeds = st.integers(0, 10_000)
modes = st.sampled_from(["full", "sign"])
CPU = torch.device("cpu")
NEAR = {"atol": 1e-4, "rtol": 1e-4}


def slow_values(graph: Graph, weights: Weights, place: str, name: str, h: np.ndarray) -> np.ndarray:
    w, part = weights.arrays, weights.prepare(graph).parts[name]
    raw, rows = graph.relations[name], []
    for value in range(raw.size):
        holders = raw.account[raw.value == value]
        total = sum((h[account] for account in holders), np.zeros(h.shape[1]))
        mean = total / max(len(holders), 1) ** weights.layout.norm
        up = w[f"{place}.up.{name}.weight"] @ mean
        side = w[f"{place}.side.{name}.weight"] @ part.value_side[value] + w[f"{place}.side.{name}.bias"]
        rows.append(np.maximum(up + side, 0))
    return np.array(rows)


def slow_layer(graph: Graph, weights: Weights, h: np.ndarray) -> np.ndarray:
    w, layer, inputs = weights.arrays, "encoder.layers.0", weights.prepare(graph)
    values = {name: slow_values(graph, weights, f"{layer}.values", name, h) for name in graph.relations}
    rows = []
    for account in range(graph.size):
        total = w[f"{layer}.own.weight"] @ h[account] + w[f"{layer}.own.bias"]
        for name, raw in graph.relations.items():
            held = raw.value[raw.account == account]
            mean = sum((values[name][v] for v in held), np.zeros(h.shape[1]))
            mean = mean / max(len(held), 1) ** weights.layout.norm
            total = total + w[f"{layer}.down.{name}.weight"] @ mean
            column = 7 * weights.layout.relations.index(name)
            edge = w[f"{layer}.edge.weight"][:, column : column + 7]
            total = total + edge @ inputs.parts[name].account_side[account]
        x = h[account] + np.maximum(total, 0)
        x = (x - x.mean()) / np.sqrt(x.var() + 1e-5)
        rows.append(x * w[f"{layer}.norm.weight"] + w[f"{layer}.norm.bias"])
    return np.array(rows)


@pytest.mark.parametrize("norm", [0.0, 0.5, 1.0])
def test_one_layer_is_that_of_slow_loops(norm: float) -> None:
    graph, pairs = random_world(3)
    _, weights = network((graph, pairs), layers=1, norm=norm)
    w = weights.arrays
    x = weights.prepare(graph).accounts @ w["encoder.input.weight"].T + w["encoder.input.bias"]
    h = slow_layer(graph, weights, np.maximum(x, 0))
    embedded = infer.embed(weights.prepare(graph), weights)
    np.testing.assert_allclose(embedded.accounts, h, **NEAR)
    for name in graph.relations:
        slow = slow_values(graph, weights, "encoder.values", name, h)
        np.testing.assert_allclose(embedded.values[name], slow, **NEAR)


def test_the_decoder_is_that_of_slow_loops() -> None:
    graph, pairs = random_world(4)
    _, weights = network((graph, pairs))
    w, inputs = weights.arrays, weights.prepare(graph)
    embedded = infer.embed(inputs, weights)
    side = pair_side(inputs.accounts, pairs, weights.scale("pairs"))
    common = {name: common_values(part, pairs.a, pairs.b) for name, part in inputs.parts.items()}
    wanted = []
    for p, (a, b) in enumerate(zip(pairs.a, pairs.b, strict=True)):
        total, counts = np.zeros(16), []
        for name in weights.layout.relations:
            rows = np.flatnonzero(common[name].pair == p)
            counts.append(np.log1p(len(rows)))
            for row in rows:
                u = embedded.values[name][common[name].value[row]]
                seen = w[f"decoder.value.{name}.weight"] @ u + w[f"decoder.value.{name}.bias"]
                seen = seen + w[f"decoder.use.{name}.weight"] @ common[name].features[row]
                total += np.maximum(seen, 0) * common[name].weight[row]
        one, two = embedded.accounts[a], embedded.accounts[b]
        x = np.concatenate([one * two, abs(one - two), total, side[p], counts])
        x = np.maximum(w["decoder.first.weight"] @ x + w["decoder.first.bias"], 0)
        wanted.append(float((w["decoder.last.weight"] @ x + w["decoder.last.bias"])[0]))
    np.testing.assert_allclose(pair_logits(graph, pairs, weights), wanted, **NEAR)


def torch_logits(graph: Graph, pairs: Pairs, net: object, weights: Weights, seen: Seen) -> np.ndarray:
    ready = on_device(world(graph, pairs, weights, 3, 0), weights.scale("pairs"), weights.layout, CPU)
    with torch.no_grad():
        return logits(net, ready, np.arange(len(pairs)), seen).float().numpy()  # type: ignore[arg-type]


def all_seen(weights: Weights) -> Seen:
    layout = weights.layout
    return everything(layout.relations, len(layout.account_names), len(layout.pair_names))


@given(seeds, modes, st.integers(1, 3), st.sampled_from([0.0, 0.5, 1.0]))
@settings(max_examples=12, deadline=None)
def test_numpy_is_torch(seed: int, mode: str, layers: int, norm: float) -> None:
    graph, pairs = random_world(seed)
    net, weights = network((graph, pairs), mode, layers, norm, seed)
    fast = pair_logits(graph, pairs, weights)
    np.testing.assert_allclose(fast, torch_logits(graph, pairs, net, weights, all_seen(weights)), **NEAR)
    if mode == "full":
        ready = on_device(world(graph, pairs, weights, 3, 0), weights.scale("pairs"), weights.layout, CPU)
        with torch.no_grad():
            h, _ = encode(net, ready, all_seen(weights))
        np.testing.assert_allclose(embeddings(graph, weights), h.numpy(), **NEAR)


@given(seeds, modes)
@settings(max_examples=20, deadline=None)
def test_numbers_of_accounts_and_values_mean_nothing(seed: int, mode: str) -> None:
    graph, pairs = random_world(seed)
    _, weights = network((graph, pairs), mode)
    rng = np.random.default_rng(seed)
    new = rng.permutation(graph.size)
    relations = {}
    for name, raw in graph.relations.items():
        other = rng.permutation(raw.size)
        values = np.empty_like(raw.values)
        values[other] = raw.values
        relations[name] = replace(raw, account=new[raw.account], value=other[raw.value], values=values)
    accounts = np.empty_like(graph.accounts)
    accounts[new] = graph.accounts
    turned = replace(graph, accounts=accounts, relations=relations)
    moved = replace(pairs, a=new[pairs.b], b=new[pairs.a])
    np.testing.assert_allclose(embeddings(turned, weights)[new], embeddings(graph, weights), **NEAR)
    np.testing.assert_allclose(
        pair_logits(turned, moved, weights), pair_logits(graph, pairs, weights), **NEAR
    )


@pytest.mark.parametrize(("mode", "layers"), [("full", 2), ("sign", 1)])
def test_a_relation_dropped_in_training_is_a_table_that_is_missing(mode: str, layers: int) -> None:
    graph, pairs = random_world(5)
    net, weights = network((graph, pairs), mode, layers)
    seen = replace(all_seen(weights), active=frozenset({"device", "phone"}))
    missing = pair_logits(without(graph, "ip"), pairs, weights)
    np.testing.assert_allclose(torch_logits(graph, pairs, net, weights, seen), missing, **NEAR)
    assert np.abs(missing - pair_logits(graph, pairs, weights)).max() > 1e-2


@pytest.mark.parametrize("mode", ["full", "sign"])
def test_times_dropped_in_training_are_a_table_without_times(mode: str) -> None:
    graph, pairs = random_world(6)
    net, weights = network((graph, pairs), mode)
    seen = replace(all_seen(weights), timed=frozenset({"device", "phone"}))
    ip = graph.relations["ip"]
    unknown = np.full_like(ip.first, np.nan)
    timeless = replace(graph, relations={**graph.relations, "ip": replace(ip, first=unknown, last=unknown)})
    without_times = pair_logits(timeless, pairs, weights)
    np.testing.assert_allclose(torch_logits(graph, pairs, net, weights, seen), without_times, **NEAR)
    assert np.abs(without_times - pair_logits(graph, pairs, weights)).max() > 1e-3


@pytest.mark.parametrize("mode", ["full", "sign"])
def test_features_dropped_in_training_are_unknown_ones(mode: str) -> None:
    graph, pairs = random_world(7)
    net, weights = network((graph, pairs), mode)
    seen = replace(all_seen(weights), accounts=np.float32([0, 1]), pairs=np.float32([1, 0]))
    accounts, table = graph.accounts.copy(), pairs.table.copy()
    accounts[:, 0] = table[:, 1] = np.nan
    unknown = pair_logits(replace(graph, accounts=accounts), replace(pairs, features=table), weights)
    np.testing.assert_allclose(torch_logits(graph, pairs, net, weights, seen), unknown, **NEAR)


@pytest.mark.parametrize("mode", ["full", "sign"])
def test_no_relation_at_all_still_gives_logits(mode: str) -> None:
    graph, pairs = random_world(8)
    _, weights = network((graph, pairs), mode)
    assert np.isfinite(pair_logits(replace(graph, relations={}), pairs, weights)).all()


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, pairs = random_world(9)
    _, weights = network((graph, pairs))
    whole = pair_logits(graph, pairs, weights)
    monkeypatch.setattr(infer, "CHUNK", 7)
    np.testing.assert_allclose(pair_logits(graph, pairs, weights), whole, **NEAR)
    none = Pairs(pairs.a[:0], pairs.b[:0], pairs.table[:0], pairs.feature_names)
    assert pair_logits(graph, none, weights).shape == (0,)


def test_the_same_input_gives_the_same_bytes() -> None:
    graph, pairs = random_world(10)
    _, weights = network((graph, pairs))
    assert pair_logits(graph, pairs, weights).tobytes() == pair_logits(graph, pairs, weights).tobytes()


def test_other_features_than_it_was_trained_on_are_refused() -> None:
    graph, pairs = random_world(11)
    _, weights = network((graph, pairs))
    strange: dict[str, Relation] = {**graph.relations, "fax": graph.relations["ip"]}
    for other, words in (
        (replace(graph, account_names=("volume", "created")), r"account features \['created', 'volume'\]"),
        (replace(graph, value_names=("listed", "debit")), r"value features .* got \['listed', 'debit'\]"),
        (replace(graph, relations=strange), r"does not know the relations \['fax'\]"),
    ):
        with pytest.raises(ModelError, match=words):
            embeddings(other, weights)
    with pytest.raises(ModelError, match="pair features"):
        pair_logits(graph, Pairs(pairs.a, pairs.b), weights)


def test_propagated_features_in_files_are_those_in_memory(tmp_path: object) -> None:
    graph, pairs = random_world(12)
    _, weights = network((graph, pairs), "sign")
    inputs = weights.prepare(graph)
    here, there = propagate(inputs, weights.layout), propagate(inputs, weights.layout, tmp_path)  # type: ignore[arg-type]
    assert isinstance(there.accounts, np.memmap)
    np.testing.assert_array_equal(here.accounts, there.accounts)
    for name, rows in here.values.items():
        np.testing.assert_array_equal(rows, there.values[name])


@pytest.mark.parametrize("mode", ["full", "sign"])
def test_half_precision_changes_little(mode: str) -> None:
    # What a GPU runs under autocast, run here on the CPU: the kinds of numbers must fit together all the way.
    graph, pairs = random_world(13)
    net, weights = network((graph, pairs), mode)
    exact = torch_logits(graph, pairs, net, weights, all_seen(weights))
    with torch.autocast("cpu", torch.bfloat16):
        rough = torch_logits(graph, pairs, net, weights, all_seen(weights))
    assert 0 < np.abs(rough - exact).max() < 0.1 * max(1.0, np.abs(exact).max())
