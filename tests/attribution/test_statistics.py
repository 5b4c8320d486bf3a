"""Every ring statistic on an example worked by hand."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from links.worlds import DAY, at, write

from graphattr.attribution.behaviour import clusters
from graphattr.attribution.readings import READINGS
from graphattr.attribution.statistics import ring_statistics
from graphattr.links.holdings import holdings
from graphattr.records import GROUPS, HOLDINGS, LINKS
from models.joining import Judge

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
    folder: Path,
    links: Sequence[dict[str, Any]] = (),
    lists: pl.DataFrame | None = None,
    more: Sequence[dict[str, Any]] = (),
    **tables: Any,
) -> dict[str, tuple[float, int, str]]:
    """Statistic -> value, n, unit of ring r1."""
    paths = write(folder, accounts=[*ACCOUNTS, *more], **tables)
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
        Judge(cases={}),
    )
    assert table.equals(table.sort("ring_id", "statistic"))
    mine = table.filter(pl.col("ring_id") == RING)
    assert mine["statistic"].is_unique().all()
    return {name: (value, n, unit) for _, name, value, n, unit in mine.iter_rows()}


def test_cohesion(tmp_path: Path) -> None:
    found = statistics(tmp_path)
    assert found["mean_membership"] == (pytest.approx(0.65), 4, "accounts")


def test_only_what_is_known_has_a_row(tmp_path: Path) -> None:
    assert set(statistics(tmp_path)) == {"mean_membership", "organisation_share", "seam"}


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


def test_payers(tmp_path: Path) -> None:
    payments = rows(
        "instrument_id",
        ("a", "i1", "prepaid"), ("a", "i1", "credit"), ("b", "i1", "virtual"), ("c", "i2", "debit"),
        ("c", "i2", None), ("x", "i3", "prepaid"), ("bystander", "i4", "prepaid"),
        names=["kind"],
    )  # fmt: skip
    found = statistics(tmp_path, payments=payments)
    assert found["instruments_per_payer"] == (pytest.approx(2 / 3, abs=1e-6), 3, "accounts")
    assert found["largest_payer_share"] == (pytest.approx(2 / 3, abs=1e-6), 3, "accounts")
    assert found["prepaid_share"] == (0.5, 4, "payments")


def test_sets_of_members_with_a_value_in_common() -> None:
    cells = [
        ("r1", "a", "v"), ("r1", "b", "v"), ("r1", "b", "w"), ("r1", "c", "w"), ("r1", "d", None), ("r1", "e", None),
        ("r2", "a2", "v"), ("r2", "x", "y"),
    ]  # fmt: skip
    schema = dict.fromkeys(("ring_id", "account_id", "value"), pl.String)
    found = clusters(pl.DataFrame(cells, schema=schema, orient="row"))
    # a, b and c hang together; a value of another ring, or none, ties nobody.
    assert sorted(found.select("ring_id", "clusters", "n").rows()) == [("r1", 3, 5), ("r2", 2, 2)]
    assert clusters(pl.DataFrame(schema=schema)).height == 0


def test_payers_behind_kinds_of_work(tmp_path: Path) -> None:
    payments = rows("instrument_id", ("a", "i1"), ("b", "i2"), ("c", "i3"), ("d", "i3"))
    usage = rows("template_id", ("a", "t1"), ("b", "t1"), ("c", "t2"), ("d", "t2"), ("x", "t2"))
    # Three payers of four; two kinds of work of four.
    found = statistics(tmp_path, payments=payments, usage=usage)["payers_for_work"]
    assert found == (pytest.approx(math.log10(3 / 2), abs=1e-6), 4, "accounts")


def test_shares_of_use_that_is_shared(tmp_path: Path) -> None:
    devices = rows(
        "device_id", ("a", "d1"), ("a", "d1"), ("a", "d2"), ("a", "d2"), ("b", "d1"), ("c", "d3"), ("x", "d3")
    )
    found = statistics(tmp_path, devices=devices)["shared_device_use"]
    # a: half; b: all; c: shares with another ring only.
    assert found == (0.5, 3, "accounts")


def test_work(tmp_path: Path) -> None:
    common = [(f"n{n}", "t9") for n in range(5)]
    usage = rows(
        "template_id",
        ("a", "t1"), ("a", "t2"), ("b", "t1"), ("b", "t9"), ("c", "t3"), ("d", None), ("d", "t9"), ("x", "t3"),
        *common,
    )  # fmt: skip
    more = [account(f"n{n}") for n in range(5)]
    found = statistics(tmp_path, usage=usage, more=more)
    # t9 is everybody's: two members, six outside. t1 is shared by a and b for half of each one's work.
    assert found["shared_template_share"] == (0.25, 4, "accounts")
    # {a, b}, c, d.
    assert found["behaviour_clusters"] == (0.75, 4, "accounts")
    # Entropies log 2, log 2, 0, 0 over the ring's: shares 1/4, 1/8, 1/4, 3/8.
    ring = -sum(p * math.log(p) for p in (1 / 4, 1 / 8, 1 / 4, 3 / 8))
    assert found["variety_within"] == (pytest.approx(math.log(2) / 2 / ring, abs=1e-6), 4, "accounts")


def test_loads_by_turns_or_together(tmp_path: Path) -> None:
    def use(of: str, days: range) -> list[dict[str, Any]]:
        return [{"account_id": of, "observed_at": at(day * DAY), "requests": 4} for day in days]

    even, odd = range(0, 8, 2), range(1, 9, 2)
    apart = statistics(tmp_path, usage=use("a", even) + use("b", odd))["loads_together"]
    same = statistics(tmp_path, usage=use("a", even) + use("b", even))["loads_together"]
    assert apart[0] < 0 < same[0]
    # Two equal series: the variance of the sum is four times one's, against twice.
    assert same == (pytest.approx(math.log10(2), abs=1e-6), 2, "accounts")
    assert "loads_together" not in statistics(tmp_path, usage=use("a", range(1)) + use("b", range(1)))


def test_habits_are_ranked_among_all_accounts(tmp_path: Path) -> None:
    usage = [
        {"account_id": name, "observed_at": at(3600 * (n % hours)), "requests": 1, "model": f"m{n % models}"}
        for name, hours, models in (("a", 1, 4), ("b", 2, 3), ("x", 4, 2), ("bystander", 6, 1))
        for n in range(12)
    ]
    devices = rows(
        "device_id", ("a", "d", "t1"), ("a", "d", "t2"), ("b", "d", "t1"), ("bystander", "d", "t1"), ("c", "d", None),
        names=["tls_fingerprint"],
    )  # fmt: skip
    found = statistics(tmp_path, usage=[*usage, *usage[:2]], devices=devices)
    # Ranks 1 and 2 of four, and 4 and 3 of four.
    assert found["hour_variety"] == (0.25, 2, "accounts")
    assert found["model_variety"] == (0.75, 2, "accounts")
    # Ranks 3 of three, and 1.5 of three.
    assert found["client_variety"] == (pytest.approx((2.5 + 1) / 2 / 3, abs=1e-6), 2, "accounts")
    few = [row for row in usage if row["account_id"] != "a"] + usage[:9]
    assert statistics(tmp_path, usage=few)["hour_variety"][1] == 1


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
        ("a", "d1", "en", 0, "t"), ("b", "d1", "en", 0, "u"), ("c", "d2", "en", 60, None), ("c", "d3", None, 60, "v"),
        ("x", "d9", "fr", 0, "w"), names=["language", "utc_offset_minutes", "tls_fingerprint"],
    )  # fmt: skip
    found = statistics(tmp_path, devices=devices)
    assert found["locales_per_member"] == (pytest.approx(2 / 3, abs=1e-6), 3, "accounts")
    assert found["devices_per_member"] == (1.0, 3, "accounts")
    assert found["clients_per_member"] == (1.0, 3, "accounts")


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
    assert found["business_network_share"] == found["education_network_share"] == (0.125, 8, "address rows")


def test_the_commonest_country(tmp_path: Path) -> None:
    ips = rows(
        "ip", ("a", "10.0.0.1", "FR"), ("a", "10.0.0.2", "FR"), ("b", "10.0.0.3", "DE"), ("b", "10.0.0.4", None),
        ("x", "10.0.0.5", "DE"), names=["country"],
    )  # fmt: skip
    assert statistics(tmp_path, ips=ips)["main_country_share"] == (
        pytest.approx(2 / 3, abs=1e-6),
        3,
        "address rows",
    )


def test_events(tmp_path: Path) -> None:
    events = rows(
        "event", ("a", "banned"), ("a", "banned"), ("b", "banned"), ("c", "password_reset"), ("d", "email_changed"),
        ("a", "email_changed"), ("a", "appeal"), ("x", "appeal"), ("b", "key_created"),
    )  # fmt: skip
    found = statistics(tmp_path, events=events)
    assert found["banned_share"] == (0.5, 4, "accounts")
    assert found["reset_share"] == (0.75, 4, "accounts")
    assert found["appeal_share"] == (0.25, 4, "accounts")
    assert found["common_actor_share"] == (0.0, 4, "accounts")
    # A member's first change is its opening.
    assert found["control_burst"] == (0.0, 4, "accounts")


def test_changes_in_one_hour_and_by_one_actor(tmp_path: Path) -> None:
    def change(of: str, hour: float, actor: str | None = None, event: str = "key_created") -> dict[str, Any]:
        return {"account_id": of, "event": event, "observed_at": at(3600 * hour), "actor_id": actor}

    first = [change(of, n * 50) for n, of in enumerate("abcd")]
    later = [
        change("a", 900, "who"),
        change("b", 900.5, "who", "password_reset"),
        change("c", 900.9),
        change("c", 902, "who"),
        change("x", 900.2, "who"),
        change("d", 900.1, "else", "appeal"),
    ]
    found = statistics(tmp_path, events=first + later)
    assert found["control_burst"] == (0.75, 4, "accounts")
    assert found["common_actor_share"] == (0.75, 4, "accounts")


def test_work_that_is_taken_up_after_a_ban(tmp_path: Path) -> None:
    def use(of: str, template: str, hour: float) -> dict[str, Any]:
        return {"account_id": of, "template_id": template, "observed_at": at(3600 * hour)}

    events = [{"account_id": "a", "event": "banned", "observed_at": at(3600 * 100)}]
    usage = [
        *(use("a", template, 99) for template in ("t1", "t2", "t3", "t4", "t5")),
        use("a", "old", 10),
        use("b", "old", 101),
        use("b", "t1", 101),  # begins with it
        use("c", "t5", 100.5),
        use("b", "t2", 98), use("b", "t2", 101),  # did it before
        use("b", "t3", 110),  # too late
        use("x", "t4", 101),  # of another ring
    ]  # fmt: skip
    found = statistics(tmp_path, events=events, usage=usage)["taken_up_share"]
    assert found == (0.4, 5, "templates")
    no_ban = [{**events[0], "event": "appeal"}]
    assert "taken_up_share" not in statistics(tmp_path, events=no_ban, usage=usage)


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


def test_every_statistic_has_a_reading_and_every_reading_a_statistic(tmp_path: Path) -> None:
    use = {"observed_at": at(60)}
    work = [
        {
            "account_id": m,
            "template_id": f"t{m}{n % 2}",
            "model": "m",
            "requests": 1,
            "observed_at": at(n * DAY),
        }
        for m in MEMBERS
        for n in range(12)
    ]
    found = statistics(
        tmp_path,
        [link("a", "b", **dict.fromkeys(GROUPS, 1.0))],
        payments=[{"account_id": m, "instrument_id": "i", "kind": "credit", **use} for m in MEMBERS],
        usage=work,
        devices=[
            {"account_id": m, "device_id": "d", "language": "en", "tls_fingerprint": "t", **use}
            for m in MEMBERS
        ],
        ips=[
            {"account_id": m, "ip": "10.0.0.1", "network_kind": "vpn", "country": "FR", **use}
            for m in MEMBERS
        ],
        events=[{"account_id": "a", "event": "banned", "observed_at": at(5 * DAY)}],
    )
    # The seam speaks of a ring being of one controller, not of its kind: it is read by the score alone.
    assert set(found) == {*READINGS, "seam"}
