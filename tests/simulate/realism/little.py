"""Little worlds written by hand or drawn, and the slow comparisons that the oracles are made of."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
from hypothesis import strategies as st

from graphattr.simulate.made import TABLES

SAMPLE = Path(__file__).parents[3] / "sample_data"
Tables = dict[str, pl.DataFrame]
START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)  # a Monday
TIME = pl.Datetime("us", "UTC")
COLUMNS = {
    "accounts": (
        "created_at",
        "email_domain",
        "email_id",
        "phone_id",
        "name_id",
        "organisation_id",
        "country",
    ),
    "payments": ("observed_at", "instrument_id", "kind", "bin", "issuer_country", "amount", "outcome"),
    "ips": ("observed_at", "ip", "asn", "network_kind", "country"),
    "devices": (
        "observed_at",
        "device_id",
        "os",
        "browser",
        "tls_fingerprint",
        "utc_offset_minutes",
        "language",
    ),
    "usage": (
        "observed_at",
        "requests",
        "input_tokens",
        "output_tokens",
        "model",
        "capability",
        "template_id",
    ),
    "events": ("observed_at", "event", "actor_id"),
    "labels": ("observed_at", "operator"),
}
TYPES = {
    "created_at": TIME,
    "observed_at": TIME,
    "asn": pl.Int64,
    "amount": pl.Float64,
    "utc_offset_minutes": pl.Int64,
    "requests": pl.Int64,
    "input_tokens": pl.Int64,
    "output_tokens": pl.Int64,
}


def tables(**rows: list[dict[str, object]]) -> Tables:
    """Tables with the given rows; columns that are not given are null."""
    return {
        name: pl.DataFrame(
            rows.get(name, []),
            schema={
                "account_id": pl.String,
                **{column: TYPES.get(column, pl.String) for column in COLUMNS[name]},
            },
        )
        for name in TABLES
    }


def truth_of(owners: dict[str, str], guilty: str = "") -> pl.DataFrame:
    """Truth: owner by account; owners named in `guilty` are operators."""
    return pl.DataFrame(
        {
            "account_id": list(owners),
            "controller": list(owners.values()),
            "kind": ["single_operator" if owner in guilty else "independent" for owner in owners.values()],
            "mechanism": ["operator" if owner in guilty else "person" for owner in owners.values()],
            "innocent": [owner not in guilty for owner in owners.values()],
        }
    )


@st.composite
def little_worlds(draw: Callable[..., object]) -> tuple[Tables, pl.DataFrame]:
    n = draw(st.integers(4, 12))
    ids = [f"a{i:02}" for i in range(n)]
    owners = {account: draw(st.sampled_from("pqrstu")) for account in ids}
    devices, usage, accounts = [], [], []
    for account in ids:
        day = draw(st.integers(0, 5))
        accounts.append({"account_id": account, "created_at": START - timedelta(days=day)})
        for value in draw(st.lists(st.sampled_from("xyz"), max_size=3)):
            devices.append({"account_id": account, "device_id": value, "observed_at": START})
        for value in draw(st.lists(st.sampled_from("klmno"), max_size=4)):
            hour = draw(st.integers(0, 30))
            usage.append(
                {
                    "account_id": account,
                    "template_id": value,
                    "observed_at": START + timedelta(hours=hour),
                    "requests": draw(st.integers(1, 4)),
                    "input_tokens": 10,
                    "output_tokens": 5,
                    "model": value,
                }
            )
    return tables(accounts=accounts, devices=devices, usage=usage), truth_of(owners, "p")


def compare(near: list[float], far: list[float]) -> float:
    return float(np.mean([(a > b) + 0.5 * (a == b) for a in near for b in far]))


def pairs_of(truth: pl.DataFrame, kind: str) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    owner, kinds = truth["controller"].to_list(), truth["kind"].to_list()
    every = list(combinations(range(len(owner)), 2))
    same = [(i, j) for i, j in every if owner[i] == owner[j] and kinds[i] == kind]
    return same, [(i, j) for i, j in every if owner[i] != owner[j]]


def held_by(table: pl.DataFrame, column: str, ids: list[str]) -> list[set[str]]:
    return [set(table.filter(pl.col("account_id") == account)[column].drop_nulls()) for account in ids]
