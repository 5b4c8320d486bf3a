from __future__ import annotations

import ipaddress
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signal_files import SOUND, Load, write

from loaders import LoadError
from loaders.enrichment import Network, Networks
from loaders.pseudonymise import canonical_domain

RANGES = [
    {"network": "198.51.100.0/24", "kind": "hosting", "asn": "64501", "country": "nl"},
    {"network": "198.51.100.128/25", "kind": "VPN", "asn": "", "country": ""},
    {"network": "2001:db8::/32", "kind": "mobile", "asn": "AS64502", "country": ""},
]
MAPPING = """
[enrich]
networks = ["ranges.csv"]
disposable_domains = ["disposable.txt"]
[[lists.exchanges]]
file = "hubs.csv"
column = "address"
signal = "instrument"
[[lists.gateways]]
file = "gateways.csv"
column = "ip"
signal = "ip"
kind_column = "what"
kind = "gateway"
"""


def lists_of(out: Path) -> pl.DataFrame:
    return pl.read_parquet(out / "signals" / "lists.parquet")


def enriched(world: Path) -> Path:
    write(world, "ranges.csv", RANGES)
    (world / "disposable.txt").write_text(
        "# throw-away\nTrash.Example\n\nbücher.example # idn\nnot a domain\n"
    )
    write(world, "hubs.csv", [{"address": "0xA"}, {"address": " 0xB "}, {"address": "0xA"}, {"address": ""}])
    write(world, "gateways.csv", [{"ip": "::ffff:192.0.2.1", "what": "nat"}, {"ip": "192.0.2.2", "what": ""}])
    path = world / "mapping.toml"
    path.write_text(MAPPING)
    return path


def test_gaps_are_filled_from_the_narrowest_range_that_knows(loading: Load, world: Path) -> None:
    mapping = enriched(world)
    base = {"account_id": "a1", "observed_at": "2025-03-01", "asn": "", "network_kind": "", "country": ""}
    rows = [
        {**base, "ip": "198.51.100.1"},
        {**base, "ip": "198.51.100.200"},
        {**base, "ip": "198.51.100.200", "network_kind": "proxy", "asn": "1", "country": "FR"},
        {**base, "ip": "2001:db8::5"},
        {**base, "ip": "203.0.113.1"},
    ]
    write(world, "ips.csv", rows)
    loaded = loading(world, mapping=mapping)
    assert loaded.table("ips").select("network_kind", "asn", "country").rows() == [
        ("hosting", 64501, "NL"),
        ("vpn", 64501, "NL"),
        ("proxy", 1, "FR"),
        ("mobile", 64502, None),
        (None, None, None),
    ]
    counts = {"filled_asn": 3, "filled_country": 2, "filled_network_kind": 3}
    assert loaded.report("ips")["counts"] == counts
    assert loaded.result.report["unknown_files"] == []
    assert {"ranges.csv", "disposable.txt", "hubs.csv", "gateways.csv"} < set(loaded.result.inputs)


def test_lists_hold_known_values_in_their_one_spelling(loading: Load, world: Path) -> None:
    mapping = enriched(world)
    write(world, "usage.csv", [SOUND["usage"]])
    loaded = loading(world, mapping=mapping)
    lists = lists_of(loaded.out)
    assert lists.columns == ["signal", "value", "kind"]
    assert lists.rows() == sorted(set(lists.rows()))
    assert lists.filter(pl.col("kind") != "public_mailbox").rows() == [
        ("email_domain", "trash.example", "disposable_domain"),
        ("email_domain", "xn--bcher-kva.example", "disposable_domain"),
        ("instrument", "0xA", "known_hub"),
        ("instrument", "0xB", "known_hub"),
        ("ip", "192.0.2.1", "nat"),
        ("ip", "192.0.2.2", "gateway"),
    ]
    assert loaded.result.report["lists"]["known_hub"] == 2


def test_large_public_providers_are_always_listed(loading: Load, world: Path) -> None:
    write(world, "usage.csv", [SOUND["usage"]])
    lists = lists_of(loading(world).out)
    assert set(lists["kind"]) == {"public_mailbox"}
    assert {"gmail.com", "outlook.com", "qq.com"} < set(lists["value"])
    assert all(canonical_domain(domain) == domain for domain in lists["value"])


def test_private_addresses_are_listed_and_public_ones_not(loading: Load, world: Path) -> None:
    private = ["192.168.1.1", "127.0.0.1", "169.254.0.9", "0.1.2.3", "::1", "::", "fe80::1", "febf::1"]
    public = [
        "10.1.2.3",
        "172.31.0.1",
        "100.64.0.1",
        "fd12::1",
        "192.169.1.1",
        "100.128.0.1",
        "198.51.100.1",
        "2001:db8::1",
        "fec0::1",
        "::2",
    ]
    write(world, "ips.csv", [{**SOUND["ips"], "ip": ip} for ip in (*private, *public)])
    found = lists_of(loading(world).out).filter(pl.col("kind") == "private_address")
    assert set(found.filter(pl.col("signal") == "ip")["value"]) == set(private)
    prefixes = set(found.filter(pl.col("signal") == "ip_prefix")["value"])
    assert {"192.168.1.0/24", "fe80::/48"} <= prefixes
    assert not prefixes & {"10.1.2.0/24", "2001:db8::/48"}


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 32), st.sampled_from([None, "vpn", "tor"])),
        max_size=20,
    ),
    st.integers(0, 2**32 - 1),
)
def test_find_agrees_with_a_search_over_all_ranges(
    ranges: list[tuple[int, int, str | None]], number: int
) -> None:
    networks = Networks()
    known: dict[ipaddress.IPv4Network, str | None] = {}
    for base, bits, kind in ranges:
        network = ipaddress.ip_network((base, bits), strict=False)
        assert isinstance(network, ipaddress.IPv4Network)
        networks.add(str(network), Network(kind, None, None))
        known.setdefault(network, kind)
    address = ipaddress.IPv4Address(number)
    around = sorted((net for net in known if address in net), key=lambda net: -net.prefixlen)
    expected = next((known[net] for net in around if known[net]), None)
    assert networks.find(str(address)).kind == expected


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({"network": "198.51.100.0/33", "kind": "vpn"}, r"ranges\.csv: row 1"),
        ({"network": "", "kind": "vpn"}, r"ranges\.csv: row 1"),
        ({"network": "10.0.0.0/8", "kind": "dark"}, "unknown kind 'dark'"),
        ({"network": "10.0.0.0/8", "kind": "", "asn": "x"}, r"ranges\.csv: row 1"),
    ],
)
def test_a_broken_range_names_its_row(loading: Load, world: Path, row: dict[str, str], named: str) -> None:
    write(world, "ips.csv", [SOUND["ips"]])
    write(world, "ranges.csv", [RANGES[0], {"asn": "", **row}])
    path = world / "mapping.toml"
    path.write_text('[enrich]\nnetworks = ["ranges.csv"]\n')
    with pytest.raises(LoadError, match=named):
        loading(world, mapping=path)


def test_ranges_may_be_parquet_without_all_columns(loading: Load, world: Path) -> None:
    write(world, "ips.csv", [SOUND["ips"]])
    write(world, "ranges.parquet", [{"network": "198.51.100.0/24", "kind": "tor"}])
    path = world / "mapping.toml"
    path.write_text('[enrich]\nnetworks = ["ranges.parquet"]\n')
    assert loading(world, mapping=path).table("ips")["network_kind"].to_list() == ["tor"]
