from __future__ import annotations

import ipaddress

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loaders.addresses import canonical_address, canonical_addresses, parse_address, prefix


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1 ", "192.0.2.1"),
        ("192.0.2.1:443", "192.0.2.1"),
        ("192.0.2.1/32", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("[::FFFF:c000:201]:80", "192.0.2.1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:65535", "2001:db8::1"),
        ("2001:db8::1/128", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("2001:db8::1:80", "2001:db8::1:80"),
    ],
)
def test_spellings_of_one_address_become_one(text: str, expected: str) -> None:
    assert canonical_address(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1.2.3",
        "1.2.3.256",
        "01.2.3.4",
        "1.2.3.4.5",
        "1.2.3.0/24",
        "2001:db8::/48",
        "host",
        "1::2::3",
        "[1.2.3.4",
        "1.2.3.4:",
        "１.2.3.4",
        "192.0.2.1 192.0.2.2",
        "%eth0",
        "3232235777",
    ],
)
def test_what_is_no_address_is_none(text: str) -> None:
    assert canonical_address(text) is None


@settings(deadline=None)
@given(st.ip_addresses())
def test_canonical_form_is_idempotent_and_keeps_the_address(address: ipaddress.IPv4Address) -> None:
    text = canonical_address(str(address))
    assert text is not None
    assert canonical_address(text) == text
    parsed = parse_address(text)
    assert parsed in (address, getattr(address, "ipv4_mapped", None))


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.ip_addresses().map(str), st.text(max_size=20)), max_size=30))
def test_a_column_gets_what_each_cell_would_get(texts: list[str | None]) -> None:
    texts = [None if text is None else text.strip() for text in texts]
    found = canonical_addresses(pl.Series(texts, dtype=pl.String))
    parsed = [None if text is None else parse_address(text) for text in texts]
    assert found["ip"].to_list() == [None if address is None else str(address) for address in parsed]
    assert found["ip_prefix"].to_list() == [
        None if address is None else prefix(address) for address in parsed
    ]


def test_prefixes() -> None:
    found = canonical_addresses(pl.Series(["203.0.113.77", "2001:db8:1:2::3", "::ffff:203.0.113.9"]))
    assert found["ip_prefix"].to_list() == ["203.0.113.0/24", "2001:db8:1::/48", "203.0.113.0/24"]
