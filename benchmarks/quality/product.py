"""graphattr itself: runs, and what their published tables say. Rivals see the product's pairs and values through this.

Two runs of one world: one as it comes, for the rings and links, and one that writes every candidate pair with all its
pieces of evidence, whatever its probability, for the pairs below the cut and for what boosting may learn from.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.quality.features import features, volumes
from graphattr.evaluate.partition import codes
from graphattr.pipeline import Plan, run
from graphattr.pipeline.attributing import write_rings
from graphattr.pipeline.grouping import Signals
from graphattr.pipeline.run import covering
from graphattr.records import RunPaths
from graphattr.settings import AttributionSettings, LinkSettings, RingSettings, Secrets, Settings
from models import shipped_rings
from models.linkage import shipped_linkage

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

#: Nothing is cut, and memberships, which are not read, cost as little as they can.
UNCUT: Final = Settings(links=LinkSettings(min_probability=0.0), rings=RingSettings(resamples=2))


@dataclass(frozen=True)
class Material:
    """What every method works on: one world's accounts, shared values and candidate pairs, and the product's answer.

    Attributes:
        accounts: account ids, sorted; positions are the accounts' numbers.
        held: account, value (numbers), signal, holders, listed (a list calls the value a hub); values that at least
            two accounts hold, one row a holder, sorted by value and account.
        known: by signal, whether the account has any value of it; signals without a value are left out.
        created, volume: creation time in seconds and log10 of the whole use, NaN where unknown, shape (N,).
        a, b: candidate pairs, a < b, sorted, shape (n,).
        features: what the product says of each pair (`features`), n rows.
        log_odds: the product's log10 posterior odds, shape (n,).
        without_network, network: the same without what the graph network says, and with nothing else but the prior.
        label: the product's ring of each account; an account in none has a label of its own.
        grouped: the same before who is set apart from an attributed ring is.
    """

    accounts: pl.Series
    held: pl.DataFrame
    known: dict[str, NDArray[np.bool_]]
    created: Floats
    volume: Floats
    a: Whole
    b: Whole
    features: pl.DataFrame
    log_odds: Floats
    without_network: Floats
    network: Floats
    label: Whole
    grouped: Whole

    @property
    def size(self) -> int:
        """N, the number of accounts."""
        return len(self.accounts)


def go(
    signals: Path,
    out: Path,
    mapping: Path | None = None,
    settings: Settings | None = None,
    model: Path | None = None,
) -> Path:
    """Runs the product end to end, as it comes but for the settings and model given; returns the run's folder."""
    run(Plan(str(signals), out, mapping=mapping, settings=settings or Settings(), model=model), Secrets())
    return out


def material(signals: Path, out: Path, mapping: Path | None = None) -> Material:
    """Both runs on a signal folder, read back.

    Args:
        signals: the signals.
        out: an empty folder for the runs.
        mapping: how the signals are read, if not by their own names.
    """
    plain = RunPaths(go(signals, out / "plain", mapping))
    uncut = RunPaths(go(signals, out / "uncut", mapping, UNCUT))
    table = pl.read_parquet(plain.signals / "accounts.parquet", columns=["account_id", "created_at"])
    table = table.sort("account_id")
    accounts = table["account_id"]
    created = table["created_at"].dt.epoch("us").cast(pl.Float64).fill_null(float("nan")).to_numpy() / 1e6
    volume = volumes(plain.signals, accounts)
    links = _links(plain, uncut)
    a, b = (numbers(links[f"account_{side}"], accounts) for side in "ab")
    held = _held(plain, accounts)
    return Material(
        accounts=accounts,
        held=held,
        known=_known(plain.table("holdings"), accounts),
        created=created,
        volume=volume,
        a=a,
        b=b,
        features=features(links, pl.read_parquet(uncut.table("evidence")), a, b, held, created, volume),
        log_odds=links["log_odds"].to_numpy(),
        without_network=(links["uncut"] - links["log10_lr_graph"]).to_numpy(),
        network=(links["log10_prior_odds"] + links["log10_lr_graph"]).to_numpy(),
        label=codes(pl.read_parquet(plain.table("members")), accounts),
        grouped=codes(pl.read_parquet(plain.table("grouped")), accounts),
    )


def _links(plain: RunPaths, uncut: RunPaths) -> pl.DataFrame:
    """Every candidate pair with its log10 odds: as published, or below the cut as the other run has it."""
    odds = pl.col("log10_lr") + pl.col("log10_prior_odds")
    key = ["account_a", "account_b"]
    published = pl.read_parquet(plain.table("links")).select(*key, published=odds)
    cut = Settings().links.min_probability
    joined = (
        pl.read_parquet(uncut.table("links"))
        .sort(key)
        .with_columns(odds=odds)
        .join(published, on=key, how="left", maintain_order="left")
    )
    below = pl.min_horizontal("odds", pl.lit(float(np.log10(cut / (1 - cut)))))
    return (
        joined.with_columns(log_odds=pl.coalesce("published", below))
        .rename({"odds": "uncut"})
        .drop("published")
    )


def numbers(ids: pl.Series, accounts: pl.Series) -> Whole:
    """Positions of ids among the sorted accounts."""
    return np.asarray(accounts.search_sorted(ids).cast(pl.Int64).to_numpy())


def _held(paths: RunPaths, accounts: pl.Series) -> pl.DataFrame:
    rows = pl.read_parquet(paths.table("holdings"), columns=["signal", "value", "account_id"])
    rows = rows.with_columns(holders=pl.len().over("signal", "value").cast(pl.Int64))
    rows = rows.filter(pl.col("holders") >= 2)
    lists = paths.signals / "lists.parquet"
    hubs = pl.DataFrame(schema={"signal": pl.String, "value": pl.String})
    if lists.is_file():
        hubs = pl.read_parquet(lists, columns=["signal", "value"]).unique()
    return (
        rows.join(hubs.with_columns(listed=pl.lit(True)), on=["signal", "value"], how="left")
        .with_columns(
            pl.col("listed").fill_null(False),
            account=pl.Series(numbers(rows["account_id"], accounts)),
            value=pl.struct("signal", "value").rank("dense").cast(pl.Int64) - 1,
        )
        .select("account", "value", "signal", "holders", "listed")
        .sort("value", "account")
    )


def _known(holdings: Path, accounts: pl.Series) -> dict[str, NDArray[np.bool_]]:
    rows = pl.read_parquet(holdings, columns=["account_id", "signal"]).unique()
    parts = rows.partition_by("signal", as_dict=True)
    return {
        str(name): accounts.is_in(part["account_id"].implode()).to_numpy()
        for (name,), part in sorted(parts.items())
    }


def statuses(folder: Path, alphas: Sequence[float]) -> dict[float, pl.DataFrame]:
    """What a run's rings would be called at each alpha: ring_id, account_id, status of each member then.

    Only the last stage is done anew: nothing before it depends on alpha.
    """
    paths = RunPaths(folder)
    lists = paths.signals / "lists.parquet"
    tables = {path.stem: path for path in sorted(paths.signals.glob("*.parquet")) if path != lists}
    info = json.loads(paths.run_json.read_text(encoding="utf-8"))
    signals = Signals(tables, frozenset(info["timeless"]), lists if lists.is_file() else None)
    # As in the run: rings with known truth that say nothing of its signals promise nothing.
    known = covering(shipped_rings(), shipped_linkage(), info["links"]["drift"], Settings())
    weakest = pl.read_parquet(paths.table("rings")).select("ring_id", "weakest_point").drop_nulls()
    found = {}
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        out = Path(name) / "out"
        out.mkdir()
        weakest.write_parquet(out.parent / "weakest.parquet")
        for table in ("grouped", "links", "holdings", "evidence"):
            (out / f"{table}.parquet").symlink_to(paths.table(table).resolve())
        for alpha in alphas:
            write_rings(signals, out, Settings(attribution=AttributionSettings(alpha=alpha)), known)
            rings = pl.read_parquet(out / "rings.parquet").select("ring_id", "status")
            members = pl.read_parquet(out / "members.parquet").select("ring_id", "account_id")
            found[alpha] = members.join(rings, on="ring_id", how="left")
    return found
