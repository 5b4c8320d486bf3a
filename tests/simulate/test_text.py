"""Codes to text."""

import ipaddress
import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graphattr.simulate.text import PUBLIC_DOMAINS, addresses, domains, hashed, named, tls


@given(st.lists(st.integers(0, 2**61), min_size=1, max_size=30))
def test_ids_are_one_to_one_hex(codes: list[int]) -> None:
    ids = hashed(np.array(codes), "account", 1)
    assert all(re.fullmatch("[0-9a-f]{16}", text) for text in ids)
    assert len(set(zip(codes, ids, strict=True))) == len(set(codes)) == len(set(ids))


def test_ids_differ_by_namespace_and_seed() -> None:
    one = np.array([5])
    assert len({hashed(one, "a", 1)[0], hashed(one, "b", 1)[0], hashed(one, "a", 2)[0]}) == 3


def test_a_negative_code_is_null() -> None:
    assert hashed(np.array([-1, 3]), "x", 0).null_count() == 1
    assert tls(np.array([-1, 3])).null_count() == 1
    assert named(np.array([1, -1]), ("a", "b")).to_list() == ["b", None]


@given(st.integers(0, 2**28 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**63 - 1))
def test_addresses_are_nobodys(offset: int, network: int, host: int) -> None:
    four, six = addresses(np.array([0, 1 + network]), np.array([offset, host]))
    assert ipaddress.ip_address(four) in ipaddress.ip_network("240.0.0.0/4")
    assert ipaddress.ip_address(six) in ipaddress.ip_network("2001:db8::/32")


def test_domains_are_open_ones_or_reserved() -> None:
    got = domains(np.array([0, 5_000_000]), 1)
    assert got[0] == PUBLIC_DOMAINS[0]
    assert got[1].endswith(".example")
