"""Splink 5 on accounts: Fellegi and Sunter, with the frequency of a value as a level of its comparison.

An account is a record. A signal with many values an account (addresses, devices, cards ...) becomes one array column
for each class of rarity, and the comparison asks for a common value in the rarest class first: term frequency for
arrays, which Splink's own adjustment (used for the single-valued signals) does not cover. u by random sampling in the
world itself; m either there too, by expectation maximisation blocked on instruments, devices and addresses in turn, or
from the known controllers of worlds of family A. The pairs that Splink scores are the product's candidates, registered
as its blocked pairs, so none lacks a score.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink import comparison_level_library as levels
from splink import comparison_library as comparisons
from splink.internals.exceptions import EMTrainingException

from benchmarks.quality.product import Material

Floats = NDArray[np.float64]

#: Classes of rarity: most holders of a value; the last class has no bound.
RARITY: Final = (3, 10, 50)
#: Signals of which an account has one value at most.
SINGLE: Final = ("email_domain", "email", "phone", "name", "organisation")
#: Signals that EM is blocked on in turn, each by an account's rarest value of the first two classes.
BLOCKS: Final = ("instrument", "device", "ip")
_PAIRS: Final = 1_200_000
_SEED: Final = 1
#: No m-probability is held to be smaller.
_LEAST: Final = 1e-4


#: m-probabilities of the levels of each comparison, most telling first, without the null level.
Matches = dict[str, list[float]]


def match_weights(world: Material, m: Matches | None = None) -> Floats:
    """log10 posterior odds of every candidate pair by a Splink model of this world, shape (n,).

    Args:
        world: its accounts, values and pairs.
        m: m-probabilities learnt elsewhere (`learn`); None to learn them by EM in this world.
    """
    with _quiet(), _linker(world, records(world), m) as (linker, api, connection):
        if m is None:
            linker = _learnt(world, linker, api)
        return _score(world, linker, api, connection)


def _learnt(world: Material, linker: Any, api: Any) -> Any:
    """The linker with m by EM, none below `_LEAST`: EM lets levels that few matches reach run off to nothing.

    A little world may have no pairs in a block, or a level that no match reaches at all: that block teaches nothing
    then, and what no block taught keeps Splink's defaults.
    """
    for name in BLOCKS:
        if name in world.known:
            with suppress(EMTrainingException, ValueError):
                linker.training.estimate_parameters_using_expectation_maximisation(block_on(f"{name}_block"))
    model = linker.misc.save_model_to_json()
    for comparison in model["comparisons"]:
        for level in comparison["comparison_levels"]:
            if level.get("m_probability") is not None:
                level["m_probability"] = max(level["m_probability"], _LEAST)
    return Linker(api.register("records", table_name="records_again"), model, log_level=None)


def learn(world: Material, owner: NDArray[np.int64]) -> Matches:
    """m-probabilities from the known controllers of a world; a level that no true pair reached is left at 0."""
    frame = records(world).with_columns(owner=pl.Series(owner).cast(pl.String))
    with _quiet(), _linker(world, frame, None) as (linker, _, _):
        linker.training.estimate_m_from_label_column("owner")
        model = linker.misc.save_model_to_json()
    return {
        comparison["output_column_name"]: [
            float(level.get("m_probability") or 0.0)
            for level in comparison["comparison_levels"]
            if not level.get("is_null_level")
        ]
        for comparison in model["comparisons"]
    }


def average(found: list[Matches]) -> Matches:
    """Mean m-probabilities of several worlds, none below `_LEAST`."""
    names = sorted({name for one in found for name in one})
    means = {name: np.mean([one[name] for one in found if name in one], axis=0) for name in names}
    floored = {name: np.maximum(mean, _LEAST) for name, mean in means.items()}
    return {name: (m / m.sum()).tolist() for name, m in floored.items()}


@contextmanager
def _quiet() -> Iterator[None]:
    logging.getLogger("splink").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _linker(world: Material, frame: pl.DataFrame, m: Matches | None) -> Iterator[tuple[Any, Any, Any]]:
    """A linker with u estimated, its API and its connection."""
    connection = duckdb.connect(":memory:", config={"threads": 1})
    connection.execute("set enable_progress_bar = false")
    try:
        api = DuckDBAPI(connection)
        settings = SettingsCreator(
            link_type="dedupe_only",
            unique_id_column_name="account",
            probability_two_random_records_match=1 / max(world.size - 1, 1),
            comparisons=_comparisons(world, m or {}),
            blocking_rules_to_generate_predictions=[block_on("account")],
            retain_matching_columns=False,
        )
        connection.register("records_view", frame.to_arrow())
        connection.execute("create table records as select * from records_view")
        linker = Linker(api.register("records"), settings, log_level=None)
        linker.training.estimate_u_using_random_sampling(max_pairs=_PAIRS, seed=_SEED, num_chunks=1)
        yield linker, api, connection
    finally:
        connection.close()


def _comparisons(world: Material, m: Matches) -> list[Any]:
    made: dict[str, Any] = {name: _of_many(name) for name in world.known if name not in SINGLE}
    made |= {
        name: comparisons.ExactMatch(name).configure(term_frequency_adjustments=True)
        for name in world.known
        if name in SINGLE
    }
    made |= {"created": _near("created", (600, 3_600, 86_400)), "volume": _near("volume", (0.01, 0.05, 0.2))}
    for name, one in made.items():
        if name in m:
            one.configure(m_probabilities=m[name])
    return list(made.values())


def _score(world: Material, linker: Any, api: Any, connection: Any) -> Floats:
    pairs = pl.DataFrame({"a": world.a, "b": world.b})
    blocked = pairs.select(match_key=pl.lit("0"), join_key_l="a", join_key_r="b")
    connection.register("blocked_view", blocked.to_arrow())
    connection.execute("create table blocked as select * from blocked_view")
    linker.table_management.register_blocked_pairs_for_predict(api.register("blocked"))
    predicted = linker.inference.predict().as_duckdbpyrelation()
    table = pl.DataFrame(predicted.project("account_l, account_r, match_weight").to_arrow_table())
    found = table.select(
        a=pl.min_horizontal("account_l", "account_r"),
        b=pl.max_horizontal("account_l", "account_r"),
        weight="match_weight",
    )
    weight = pairs.join(found, on=["a", "b"], how="left", maintain_order="left")["weight"]
    if weight.null_count():
        raise RuntimeError(f"splink scored {len(weight) - weight.null_count()} of {len(weight)} pairs")
    return np.asarray(np.round(weight.to_numpy() * np.log10(2), 6), dtype=np.float64)


def records(world: Material) -> pl.DataFrame:
    """One row an account: its values by signal and class of rarity, whether it has any, creation and volume."""
    frame = pl.DataFrame(
        {"account": np.arange(world.size), "created": world.created, "volume": world.volume}
    ).with_columns(pl.col("created", "volume").fill_nan(None))
    for name, known in world.known.items():
        held = world.held.filter(pl.col("signal") == name)
        if name in SINGLE:
            one = held.group_by("account").agg(pl.col("value").min().alias(name))
            frame = frame.join(one, on="account", how="left", maintain_order="left")
            # A value that nobody else holds is a value too, and unlike every other.
            alone = pl.when(pl.Series(known)).then(-1 - pl.col("account"))
            frame = frame.with_columns(pl.coalesce(pl.col(name), alone).cast(pl.String).alias(name))
            continue
        frame = frame.with_columns(pl.Series(f"{name}_known", known))
        for column, low, high in _classes(name):
            part = held.filter(pl.col("holders").is_between(low, high))
            arrays = part.group_by("account").agg(pl.col("value").sort().alias(column))
            frame = frame.join(arrays, on="account", how="left", maintain_order="left")
            frame = frame.with_columns(pl.col(column).fill_null(pl.lit([], dtype=pl.List(pl.Int64))))
        rarest = held.filter(pl.col("holders") <= RARITY[1]).sort("account", "holders", "value")
        block = rarest.group_by("account", maintain_order=True).agg(
            pl.col("value").first().alias(f"{name}_block")
        )
        frame = frame.join(block, on="account", how="left", maintain_order="left")
    return frame


def _classes(name: str) -> list[tuple[str, int, int]]:
    """Column, fewest and most holders of each class of rarity."""
    bounds = (*RARITY, np.iinfo(np.int64).max)
    return [
        (f"{name}_{n}", low + 1, high) for n, (low, high) in enumerate(zip((1, *RARITY), bounds, strict=True))
    ]


def _of_many(name: str) -> comparisons.CustomComparison:
    conditions = [f"list_has_any({column}_l, {column}_r)" for column, _, _ in _classes(name)]
    # Changes nothing, as a common block is a common value of a class up to this one: it tells Splink that EM blocked
    # on it cannot learn this comparison.
    conditions[1] += f" or {name}_block_l = {name}_block_r"
    return comparisons.CustomComparison(
        output_column_name=name,
        comparison_levels=[
            levels.CustomLevel(f"not {name}_known_l or not {name}_known_r").configure(is_null_level=True),
            *(
                levels.CustomLevel(condition, f"a value of rarity class {number}")
                for number, condition in enumerate(conditions)
            ),
            levels.ElseLevel(),
        ],
    )


def _near(column: str, bounds: tuple[float, ...]) -> comparisons.CustomComparison:
    return comparisons.CustomComparison(
        output_column_name=column,
        comparison_levels=[
            levels.NullLevel(column),
            *(levels.CustomLevel(f"abs({column}_l - {column}_r) <= {bound}") for bound in bounds),
            levels.ElseLevel(),
        ],
    )
