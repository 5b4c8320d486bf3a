"""Every ring statistic on an example worked by hand."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from links.worlds import DAY, at, write

from graphattr.attribution.rules import RULES
from graphattr.attribution.statistics import ring_statistics
from graphattr.links.holdings import holdings
from graphattr.records import GROUPS, HOLDINGS, LINKS

RING = "r1"
MEMBERS = {"a": 0.9, "b": 0.7, "c": 0.5, "d": 0.5}
#: Another ring and a bystander, whose rows must not count.
OTHERS = {"x": 1.0, "y": 1.0}
LATE = 31 * DAY


def account(name: str, **facts: Any) -> dict[str, Any]:
    return {"account_id": name, "created_at": at(0), **facts}


ACCOUNTS = [
    account("a", organisation_id="o1", email_domain="big.example"),
    account("b", organisation_id="o1", email_domain="big.example"),
    account("c", organisation_id="o2", email_domain="big.example"),
    account("d"),
    account("x", organisation_id="o1"),
    account("y"),
    account("bystander"),
]


def rows(column: str, *cells: Sequence[Any], names: Sequence[str] = ()) -> list[dict[str, Any]]:
    keys = ("account_id", column, *names)
    return [{"observed_at": at(60), **dict(zip(keys, row, strict=False))} for row in cells]


def link(a: str, b: str, **ratios: float) -> dict[str, Any]:
    blank = {name: 0.0 for name in LINKS if name not in ("account_a", "account_b")}
    return {"account_a": a, "account_b": b, **blank, **{f"log10_lr_{g}": v for g, v in ratios.items()}}


def statistics(
    folder: Path, links: Sequence[dict[str, Any]] = (), lists: pl.DataFrame | None = None, **tables: Any
) -> dict[str, tuple[float, int, str]]:
    """Statistic -> value, n, unit of ring r1."""
    paths = write(folder, accounts=ACCOUNTS, **tables)
    holdings(paths, frozenset()).cast(pl.Schema(HOLDINGS)).collect().write_parquet(
        folder / "holdings.parquet"
    )
    if lists is not None:
        lists.write_parquet(folder / "lists.parquet")
    members = pl.DataFrame(
        [(RING, a, p) for a, p in MEMBERS.items()] + [("r2", a, p) for a, p in OTHERS.items()],
        schema={"ring_id": pl.String, "account_id": pl.String, "probability": pl.Float64},
        orient="row",
    )
    table = ring_statistics(
        paths,
        members,
        pl.DataFrame(list(links), schema=LINKS),
        folder / "holdings.parquet",
        folder / "lists.parquet" if lists is not None else None,
    )
    assert table.equals(table.sort("ring_id", "statistic"))
    mine = table.filter(pl.col("ring_id") == RING)
    assert mine["statistic"].is_unique().all()
    return {name: (value, n, unit) for _, name, value, n, unit in mine.iter_rows()}


def test_size_and_cohesion(tmp_path: Path) -> None:
    found = statistics(tmp_path)
    assert found["size"] == (4, 4, "accounts")
    assert found["mean_membership"] == (pytest.approx(0.65), 4, "accounts")


def test_only_what_is_known_has_a_row(tmp_path: Path) -> None:
    assert set(statistics(tmp_path)) == {"size", "mean_membership", "organisation_share"}


def test_links_inside_the_ring(tmp_path: Path) -> None:
    links = [
        link("a", "b", device=2.0, timing=0.5),
        link("a", "c", device=0.29, network=0.3, timing=-0.3),
        link("c", "d", timing=1.5, payment=3.0),
        link("d", "x", identity=4.0, timing=9.0),
        link("bystander", "d", behaviour=4.0, timing=9.0),
    ]
    found = statistics(tmp_path, links)
    # Telling at least once in three links: device, network, timing, payment; the others lie outside.
    assert found["evidence_groups"] == (4, 3, "links")
    assert found["creation_closeness"] == (0.5, 3, "links")


def test_a_kind_of_evidence_in_few_links_does_not_count(tmp_path: Path) -> None:
    pairs = [("a", "b"), ("a", "c"), ("a", "d"), ("b", "c"), ("b", "d"), ("c", "d")]
    # Ten links and eleven: the same six pairs again stand for larger rings.
    ten = [link(*pairs[n % 6], network=1.0, device=2.0 if n == 0 else 0.0) for n in range(10)]
    assert statistics(tmp_path, ten)["evidence_groups"][0] == 2
    eleven = [*ten, link("a", "b", network=1.0)]
    assert statistics(tmp_path, eleven)["evidence_groups"][0] == 1


def test_organisation_share(tmp_path: Path) -> None:
    # Three of four have one e-mail domain, two one organisation.
    assert statistics(tmp_path)["organisation_share"] == (0.75, 4, "accounts")
    public = pl.DataFrame({"signal": ["email_domain"], "value": ["big.example"], "kind": ["public"]})
    assert statistics(tmp_path, lists=public)["organisation_share"] == (0.5, 4, "accounts")
    hub = public.with_columns(signal=pl.lit("ip"))
    assert statistics(tmp_path, lists=hub)["organisation_share"][0] == 0.75


def test_payers_and_failed_payments(tmp_path: Path) -> None:
    payments = rows(
        "instrument_id",
        ("a", "i1", "approved"), ("a", "i1", "declined"), ("b", "i1", "charged_back"), ("c", "i2", "refunded"),
        ("c", "i2", None), ("x", "i3", "declined"), ("bystander", "i4", "declined"),
        names=["outcome"],
    )  # fmt: skip
    found = statistics(tmp_path, payments=payments)
    assert found["instruments_per_payer"] == (pytest.approx(2 / 3, abs=1e-6), 3, "accounts")
    assert found["failed_payments"] == (0.5, 4, "payments")


def test_templates(tmp_path: Path) -> None:
    usage = rows(
        "template_id",
        ("a", "t1"),
        ("a", "t2"),
        ("a", "t1"),
        ("b", "t1"),
        ("c", "t3"),
        ("d", None),
        ("x", "t9"),
    )
    found = statistics(tmp_path, usage=usage)
    # Accounts use 2, 1 and 1 of the ring's three templates.
    assert found["templates_per_account"] == (pytest.approx(4 / 3, abs=1e-6), 3, "accounts")
    assert found["template_overlap"] == (pytest.approx(4 / 9, abs=1e-6), 3, "accounts")


def hours(**of: dict[int, int]) -> list[dict[str, Any]]:
    return [
        {"account_id": name, "observed_at": at(3600 * hour + 86_400 * hour), "requests": count}
        for name, counts in of.items()
        for hour, count in counts.items()
    ]


def test_hour_likeness(tmp_path: Path) -> None:
    assert statistics(tmp_path, usage=hours(a={3: 5}, b={3: 50}))["hour_likeness"] == (1.0, 2, "accounts")
    assert statistics(tmp_path, usage=hours(a={3: 5}, b={4: 5}))["hour_likeness"] == (0.0, 2, "accounts")
    # Profiles (1/2, 1/2) and (1, 0): their product 1/2; own products 1/2 and 1.
    found = statistics(tmp_path, usage=hours(a={3: 6, 4: 6}, b={3: 5}, x={4: 5}))
    assert found["hour_likeness"] == (pytest.approx(0.5 / 0.75, abs=1e-6), 2, "accounts")
    # Three accounts: (1/2 + 1/2 + 1) / 3 against (1/2 + 1 + 1) / 3.
    found = statistics(tmp_path, usage=hours(a={3: 6, 4: 6}, b={3: 5}, c={3: 1}))
    assert found["hour_likeness"] == (pytest.approx(2 / 2.5, abs=1e-6), 3, "accounts")
    assert "hour_likeness" not in statistics(tmp_path, usage=hours(a={3: 5}))


def test_locales_and_devices(tmp_path: Path) -> None:
    devices = rows(
        "device_id",
        ("a", "d1", "en", 0), ("b", "d1", "en", 0), ("c", "d2", "en", 60), ("c", "d3", None, 60), ("x", "d9", "fr", 0),
        names=["language", "utc_offset_minutes"],
    )  # fmt: skip
    found = statistics(tmp_path, devices=devices)
    assert found["locales_per_member"] == (pytest.approx(2 / 3, abs=1e-6), 3, "accounts")
    assert found["devices_per_member"] == (1.0, 3, "accounts")


def test_networks(tmp_path: Path) -> None:
    kinds = ["mobile", "education", "business", "hosting", "vpn", "proxy", "tor", "residential", None]
    ips = rows(
        "ip",
        *((("a", "b", "c")[n % 3], f"10.0.0.{n}", kind) for n, kind in enumerate(kinds)),
        names=["network_kind"],
    )
    found = statistics(tmp_path, ips=[*ips, *rows("ip", ("x", "10.0.1.1", "tor"), names=["network_kind"])])
    assert found["public_network_share"] == (0.375, 8, "address rows")
    assert found["rented_network_share"] == (0.5, 8, "address rows")


def test_events(tmp_path: Path) -> None:
    events = rows(
        "event", ("a", "banned"), ("a", "banned"), ("b", "banned"), ("c", "password_reset"), ("d", "email_changed"),
        ("a", "email_changed"), ("a", "reinstated"), ("x", "reinstated"), ("b", "key_created"),
    )  # fmt: skip
    found = statistics(tmp_path, events=events)
    assert found["banned_share"] == (0.5, 4, "accounts")
    assert found["reset_share"] == (0.75, 4, "accounts")
    assert found["cleared_share"] == (0.25, 4, "accounts")


def test_a_life_before_what_is_shared(tmp_path: Path) -> None:
    devices = [
        {"account_id": "a", "device_id": "shared", "observed_at": at(LATE)},
        {"account_id": "b", "device_id": "shared", "observed_at": at(30 * DAY)},
        {"account_id": "c", "device_id": "shared", "observed_at": at(LATE)},
        {"account_id": "c", "device_id": "also", "observed_at": at(5)},
        {"account_id": "b", "device_id": "also", "observed_at": at(30 * DAY)},
        # Own devices, and one shared with another ring only, say nothing.
        {"account_id": "d", "device_id": "own", "observed_at": at(LATE)},
        {"account_id": "d", "device_id": "elsewhere", "observed_at": at(LATE)},
        {"account_id": "x", "device_id": "elsewhere", "observed_at": at(LATE)},
        {"account_id": "a", "device_id": "own of a", "observed_at": at(5)},
    ]
    # a: late; b: not later than thirty days; c: another shared device from the start.
    assert statistics(tmp_path, devices=devices)["prior_life_share"] == (
        pytest.approx(1 / 3, abs=1e-6),
        3,
        "accounts",
    )


def test_every_statistic_has_a_rule_and_every_rule_a_statistic(tmp_path: Path) -> None:
    use = {"observed_at": at(60)}
    found = statistics(
        tmp_path,
        [link("a", "b", **dict.fromkeys(GROUPS, 1.0))],
        payments=[{"account_id": m, "instrument_id": "i", "outcome": "approved", **use} for m in MEMBERS],
        usage=[{"account_id": m, "template_id": "t", **use} for m in MEMBERS],
        devices=[{"account_id": m, "device_id": "d", "language": "en", **use} for m in MEMBERS],
        ips=[{"account_id": m, "ip": "10.0.0.1", "network_kind": "vpn", **use} for m in MEMBERS],
        events=[{"account_id": "a", "event": "banned", **use}],
    )
    assert set(found) == {rule.statistic for rule in RULES}
