"""Holdings and index against a slow oracle on the same rows."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from graphattr.links.holdings import holdings, occasions
from graphattr.links.index import Index, build_index
from graphattr.records import HOLDINGS
from graphattr.settings import LinkSettings
from links import oracle
from links.worlds import T0, accounts, at, write

Rows = dict[str, list[dict[str, Any]]]
NEVER: frozenset[str] = frozenset()
IDS = ("acc-a", "acc-b", "acc-c", "acc-d")

who = st.sampled_from(IDS)
when = st.one_of(st.none(), st.integers(0, 1000).map(at))


def some(*values: str) -> st.SearchStrategy[str | None]:
    return st.sampled_from([None, *values])


tables = st.fixed_dictionaries(
    {
        "accounts": st.tuples(
            *(
                st.fixed_dictionaries(
                    {"account_id": st.just(a), "phone_id": some("p"), "email_domain": some("x.org")}
                )
                for a in IDS
            )
        ).map(list),
        "payments": st.lists(
            st.fixed_dictionaries(
                {
                    "account_id": who,
                    "instrument_id": st.sampled_from(["i1", *IDS]),
                    "observed_at": when,
                    "kind": some("credit", "prepaid"),
                }
            ),
            max_size=10,
        ),
        "ips": st.lists(
            st.fixed_dictionaries(
                {
                    "account_id": who,
                    "ip": some("10.0.0.1"),
                    "ip_id": some("h1", "10.0.0.1"),
                    "ip_prefix": some("10.0.0.0/24"),
                    "observed_at": when,
                    "network_kind": some("vpn", "mobile"),
                }
            ),
            max_size=10,
        ),
        "devices": st.lists(
            st.fixed_dictionaries(
                {
                    "account_id": who,
                    "device_id": st.sampled_from(["d1", "d2"]),
                    "tls_fingerprint": some("t"),
                    "observed_at": when,
                }
            ),
            max_size=6,
        ),
        "usage": st.lists(
            st.fixed_dictionaries({"account_id": who, "template_id": some("w1", "w2"), "observed_at": when}),
            max_size=6,
        ),
        "events": st.lists(
            st.fixed_dictionaries(
                {
                    "account_id": who,
                    "actor_id": some("act", "acc-a"),
                    "event": st.sampled_from(["key_created", "banned", "reinstated"]),
                    "observed_at": when,
                }
            ),
            max_size=6,
        ),
    }
)


def held(paths: dict[str, Path], timeless: frozenset[str] = NEVER) -> pl.DataFrame:
    return holdings(paths, timeless).cast(pl.Schema(HOLDINGS)).sort("signal", "value", "account_id").collect()


@settings(deadline=None, max_examples=25)
@given(tables, st.frozensets(st.sampled_from(["payments", "ips", "devices", "usage", "events"]), max_size=2))
def test_holdings_equal_the_oracle(rows: Rows, timeless: frozenset[str]) -> None:
    with TemporaryDirectory() as folder:
        frame = held(write(Path(folder), **rows), timeless)
    assert list(frame.columns) == list(HOLDINGS)
    assert set(frame.rows()) == oracle.holdings(rows, timeless)
    assert frame.select("account_id", "signal", "value").is_unique().all()


def test_counts_and_spans(tmp_path: Path) -> None:
    use = {"account_id": "a", "device_id": "d"}
    rows = [
        {**use, "observed_at": at(50)},
        {"account_id": "b", "device_id": "d", "observed_at": at(7)},
        {**use, "observed_at": at(20)},
    ]
    frame = held(write(tmp_path, accounts=accounts("a", "b"), devices=rows))
    assert frame.rows() == [
        ("a", "device", "d", None, at(20), at(50), 2, 0),
        ("b", "device", "d", None, at(7), at(7), 1, 1),
    ]


def test_a_wallet_is_held_by_its_owner_only_where_somebody_else_pays_with_it(tmp_path: Path) -> None:
    rows = [
        {"account_id": "a", "instrument_id": "a", "observed_at": T0},
        {"account_id": "b", "instrument_id": "b", "observed_at": T0},
        {"account_id": "c", "instrument_id": "b", "observed_at": T0},
    ]
    frame = held(write(tmp_path, accounts=accounts("a", "b", "c"), payments=rows))
    assert frame.select("account_id", "value", "kind", "count").rows() == [
        ("b", "b", "own", 0),
        ("c", "b", None, 1),
    ]


def test_occasions_are_the_uses_of_hubs(tmp_path: Path) -> None:
    paths = write(
        tmp_path,
        accounts=[
            {"account_id": "a", "created_at": at(5), "phone_id": "p"},
            {"account_id": "b", "created_at": at(6)},
        ],
        ips=[
            {"account_id": "a", "ip": "10.0.0.1", "observed_at": at(10)},
            {"account_id": "a", "ip": "10.0.0.1", "observed_at": at(10)},
            {"account_id": "b", "ip_id": "10.0.0.1", "observed_at": at(20)},
            {"account_id": "b", "ip": "10.0.0.9", "observed_at": at(30)},
        ],
        devices=[
            {"account_id": "a", "device_id": "10.0.0.1", "observed_at": None},
            {"account_id": "b", "device_id": "d"},
        ],
    )
    hubs = pl.DataFrame({"signal": ["ip", "device", "phone"], "value": ["10.0.0.1", "d", "p"]})
    rows = sorted(occasions(paths, frozenset({"devices"}), hubs).collect().rows())
    assert rows == [
        ("a", "ip", "10.0.0.1", at(10), True),
        ("b", "device", "d", at(6), False),
        ("b", "ip", "10.0.0.1", at(20), True),
    ]


def index_from(folder: Path, limits: LinkSettings, lists: Path | None = None, **rows: Any) -> Index:
    paths = write(folder, **rows)
    held(paths).write_parquet(folder / "holdings.parquet")
    return build_index(paths, folder / "holdings.parquet", lists, limits)


def devices(**holders: int) -> list[dict[str, Any]]:
    return [
        {"account_id": f"acc{n:02d}", "device_id": device, "observed_at": at(n)}
        for device, count in holders.items()
        for n in range(count)
    ]


def test_accounts_and_values_are_numbered_in_the_order_of_their_ids(tmp_path: Path) -> None:
    index = index_from(
        tmp_path, LinkSettings(),
        accounts=[{"account_id": name, "created_at": at(n), "country": country}
                  for n, (name, country) in enumerate([("zed", "FR"), ("amy", None), ("bob", "FR")])],
        devices=[{"account_id": a, "device_id": d, "observed_at": at(60)} for a, d in
                 [("zed", "d2"), ("bob", "d2"), ("zed", "d1"), ("amy", "d1"), ("amy", "only")]],
        events=[{"account_id": a, "actor_id": "x", "observed_at": at(1)} for a in ("amy", "bob")],
    )  # fmt: skip
    assert index.accounts.to_list() == ["amy", "bob", "zed"]
    assert (index.created - T0.timestamp()).tolist() == [1, 2, 0]
    assert index.country[0] == -1
    assert index.country[1] == index.country[2] >= 0
    assert index.values.select("value", "signal", "text", "holders").rows() == [
        (0, "actor", "x", 2), (1, "device", "d1", 2), (2, "device", "d2", 2),
    ]  # fmt: skip
    assert index.held.select("value", "account").rows() == [(0, 0), (0, 1), (1, 0), (1, 2), (2, 1), (2, 2)]
    assert index.held["first"].to_list()[2] == int(at(60).timestamp()) * 1_000_000


def test_the_hub_rule(tmp_path: Path) -> None:
    names = [f"acc{n:02d}" for n in range(50)]
    for limits, expected in (
        (LinkSettings(min_fan=4, max_fan=20, max_share=0.01), 4),  # the floor
        (LinkSettings(min_fan=4, max_fan=20, max_share=0.2), 10),  # the share
        (LinkSettings(min_fan=4, max_fan=20, max_share=1.0), 20),  # the ceiling
    ):
        rows = devices(four=4, five=5, ten=10, eleven=11, twenty=20, more=21)
        index = index_from(tmp_path, limits, accounts=accounts(*names), devices=rows)
        assert index.values.filter(~pl.col("hub"))["holders"].max() == expected
        assert index.values.filter("hub")["holders"].min() > expected


def test_a_listed_value_is_a_hub_however_few_hold_it(tmp_path: Path) -> None:
    lists = pl.DataFrame({"signal": ["device", "ip"], "value": ["two", "three"], "kind": "stock"})
    lists.write_parquet(tmp_path / "lists.parquet")
    index = index_from(
        tmp_path, LinkSettings(), tmp_path / "lists.parquet",
        accounts=accounts("acc00", "acc01", "acc02"), devices=devices(two=2, three=3),
    )  # fmt: skip
    assert index.values.select("text", "listed", "hub").rows() == [
        ("three", False, False),
        ("two", True, True),
    ]


def test_volume_is_in_tokens_where_there_are_any(tmp_path: Path) -> None:
    use = [
        {"account_id": "a", "requests": 3, "input_tokens": 50, "output_tokens": 49},
        {"account_id": "a", "requests": 6},
        {"account_id": "b", "requests": 99},
    ]
    names = accounts("a", "b", "c")
    index = index_from(tmp_path, LinkSettings(), accounts=names, usage=use)
    np.testing.assert_allclose(index.volume, [2.0, 0.0, np.nan])
    bare = [{k: row[k] for k in ("account_id", "requests")} for row in use]
    index = index_from(tmp_path, LinkSettings(), accounts=names, usage=bare)
    np.testing.assert_allclose(index.volume, [1.0, 2.0, np.nan])


def test_without_usage_volumes_are_unknown(tmp_path: Path) -> None:
    index = index_from(tmp_path, LinkSettings(), accounts=accounts("a", "b"), devices=[])
    assert np.isnan(index.volume).all()
