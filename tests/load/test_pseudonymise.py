from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from loaders import LoadError
from loaders.pseudonymise import (
    Pseudonymiser,
    canonical_domain,
    canonical_email,
    canonical_pan,
    canonical_phone,
    look_like_cards,
    pan_bin,
)

KEY = b"0123456789abcdef"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ann.Lee+news@GMail.com", "annlee@gmail.com"),
        ("annlee@googlemail.com", "annlee@gmail.com"),
        ("Ann.Lee@Example.org", "ann.lee@example.org"),
        (" ann@example.org ", "ann@example.org"),
        ("ann+a+b@example.org", "ann@example.org"),
        ("+ann@example.org", "+ann@example.org"),
        ("ＡＮＮ@ｅｘａｍｐｌｅ.org", "ann@example.org"),
        ("ann@BÜCHER.example", "ann@xn--bcher-kva.example"),
        ("ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"),
    ],
)
def test_spellings_of_one_mailbox(text: str, expected: str) -> None:
    assert canonical_email(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "@example.org",
        "ann@",
        "ann@localhost",
        "a b@example.org",
        "a@b@example.org",
        "ann@exa mple.org",
        "...@gmail.com",
        "Ann <ann@example.org>",
        "ann\0@example.org",
        "a" * 400 + "@example.org",
        "ann@-.example",
    ],
)
def test_what_is_no_mailbox_is_none(text: str) -> None:
    assert canonical_email(text) is None


LOCAL = st.text(min_size=1, max_size=20)
DOMAIN = st.sampled_from(["gmail.com", "googlemail.com", "Example.ORG", "bücher.example", "straße.example"])


@settings(deadline=None)
@given(LOCAL, DOMAIN)
def test_canonical_mailbox_is_idempotent(local: str, domain: str) -> None:
    canonical = canonical_email(f"{local}@{domain}")
    assume(canonical is not None)
    assert canonical is not None
    assert canonical_email(canonical) == canonical


@settings(deadline=None)
@given(st.text(max_size=40))
def test_canonical_domain_is_idempotent(text: str) -> None:
    canonical = canonical_domain(text)
    assert canonical is None or canonical_domain(canonical) == canonical


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("+49 30 901820", None, "+4930901820"),
        ("0049 30 901820", None, "+4930901820"),
        ("030 901820", "DE", "+4930901820"),
        ("(415) 555-0123", "US", "+14155550123"),
        ("030 901820", None, None),
        ("12", "DE", None),
        ("", "DE", None),
        ("call me", "DE", None),
    ],
)
def test_phone_numbers(text: str, region: str | None, expected: str | None) -> None:
    assert canonical_phone(text, region) == expected


@settings(deadline=None)
@given(st.text(alphabet="0123456789+ -()", max_size=20), st.sampled_from([None, "US", "DE", "IT", "BR"]))
def test_canonical_phone_is_idempotent(text: str, region: str | None) -> None:
    canonical = canonical_phone(text, region)
    assert canonical is None or canonical_phone(canonical, None) == canonical


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4111 1111 1111 1111", "4111111111111111"),
        ("4111-1111-1111-1111", "4111111111111111"),
        ("378282246310005", "378282246310005"),
        ("4111111111111112", None),
        ("4111", None),
        ("٤١١١١١١١١١١١١١١١", None),
    ],
)
def test_card_numbers(text: str, expected: str | None) -> None:
    assert canonical_pan(text) == expected


def test_first_digits_of_a_card() -> None:
    assert pan_bin("4111111111111111") == "41111111"
    assert pan_bin("378282246310005") == "378282"


def test_many_card_numbers_are_noticed_and_ordinary_ids_are_not() -> None:
    ids = [f"{number:016}" for number in range(0, 7_000_000, 70_001)]
    assert not look_like_cards(ids)
    cards = [text for text in (f"41111111{number:08}" for number in range(1000)) if canonical_pan(text)]
    assert look_like_cards(cards)
    assert not look_like_cards(cards[:9])


def test_digest_is_hmac_sha256_with_the_kind_in_the_message() -> None:
    hasher = Pseudonymiser(KEY)
    expected = hmac.new(KEY, b"graphattr/1/phone\x00+4930901820", hashlib.sha256).hexdigest()
    assert hasher.digest("phone", "+4930901820") == expected
    assert hasher.digest("pan", "+4930901820") != expected
    assert Pseudonymiser(KEY + b"x").digest("phone", "+4930901820") != expected


def test_digests_leave_out_what_cannot_be_read() -> None:
    found = Pseudonymiser(KEY, "de").digests("phone", ["030 901820", "?"])
    assert list(found) == ["030 901820"]
    assert Pseudonymiser(KEY).digests("email", ["A@Example.org"])["A@Example.org"][1] == "example.org"


def test_without_a_key_nothing_is_hashed() -> None:
    with pytest.raises(LoadError, match="GRAPHATTR_KEY"):
        Pseudonymiser(None).digest("email", "a@example.org")


def test_a_short_key_and_an_unknown_region_are_refused_and_no_text_shows_the_key() -> None:
    with pytest.raises(LoadError, match="15 bytes") as caught:
        Pseudonymiser(KEY[:15])
    assert KEY[:15].decode() not in str(caught.value)
    with pytest.raises(LoadError, match="region"):
        Pseudonymiser(KEY, "XX")
    assert KEY.decode() not in repr(Pseudonymiser(KEY))
