"""Raw e-mail addresses, phone numbers and card numbers to keyed hashes, each in one canonical form first.

HMAC-SHA-256 (RFC 2104) under the operator's key, with the kind of identifier in the message so that a phone
number and a card number of the same digits differ. Without the key nobody can test a guess against a hash.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import idna
import phonenumbers

from loaders.errors import LoadError

MIN_KEY_BYTES: Final = 16
_MAX_EMAIL: Final = 320
_GMAIL: Final = ("gmail.com", "googlemail.com")
_FORBIDDEN: Final = re.compile(r"[\s\x00-\x1f\x7f\"<>(),:;\\@\[\]]")


def canonical_domain(text: str) -> str | None:
    """Lower-case ASCII (IDNA 2008, UTS 46) form of a mail domain, or None if it is not one."""
    domain = unicodedata.normalize("NFKC", text).strip().strip(".").removeprefix("@").lower()
    try:
        ascii_domain = idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return None
    return ascii_domain if "." in ascii_domain else None


def canonical_email(text: str) -> str | None:
    """One spelling of a mailbox, or None if the text is no address.

    NFKC, lower case, domain in IDNA, whatever follows a plus in the local part dropped; for Gmail the dots
    too, and googlemail.com is gmail.com. All of these reach the same mailbox with the large providers.
    """
    if len(text) > _MAX_EMAIL:
        return None
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).strip().lower())
    local, at, domain_text = plain.rpartition("@")
    domain = canonical_domain(domain_text) if at else None
    if domain is None or not local or _FORBIDDEN.search(local):
        return None
    local = local.partition("+")[0] or local
    if domain in _GMAIL:
        domain, local = _GMAIL[0], local.replace(".", "")
    return f"{local}@{domain}" if local else None


def canonical_phone(text: str, region: str | None) -> str | None:
    """E.164 form of a valid phone number, or None: placeholders such as 000000 would tie strangers together.

    Args:
        text: as given; without a leading + or 00 it is read as dialled in `region`.
        region: ISO 3166-1 alpha-2 code, or None to read only numbers with a country code.
    """
    text = text.strip()
    text = f"+{text[2:]}" if text.startswith("00") else text
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def canonical_pan(text: str) -> str | None:
    """The digits of a card number (12 to 19 with a right check digit), or None."""
    digits = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"[0-9]{12,19}", digits):
        return None
    return digits if luhn(digits) else None


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def look_like_cards(texts: list[str]) -> bool:
    """Whether most of ten or more values are card numbers; of other digits one in ten passes by chance."""
    cards = sum(len(text) >= 13 and canonical_pan(text) is not None for text in texts)
    return len(texts) >= 10 and 2 * cards > len(texts)


def pan_bin(pan: str) -> str:
    """The issuer's digits of a card number: eight of sixteen or more, else six."""
    return pan[:8] if len(pan) >= 16 else pan[:6]


@dataclass(frozen=True)
class Pseudonymiser:
    """Turns raw identifiers into keyed hashes.

    Attributes:
        key: the operator's secret; None allows no raw identifier at all.
        region: country of phone numbers without a country code.
    """

    key: bytes | None
    region: str | None = None

    def __post_init__(self) -> None:
        if self.key is not None and len(self.key) < MIN_KEY_BYTES:
            raise LoadError(
                f"the key for raw identifiers has {len(self.key)} bytes",
                f"{MIN_KEY_BYTES} or more",
                "set GRAPHATTR_KEY to a long random text and keep it secret",
            )
        if self.region is not None and self.region.upper() not in phonenumbers.SUPPORTED_REGIONS:
            raise LoadError(f"unknown default region {self.region!r}", "an ISO 3166-1 country code")

    def __repr__(self) -> str:
        return f"Pseudonymiser(key={'set' if self.key else None}, region={self.region!r})"

    def require_key(self, where: str) -> None:
        """Raises LoadError if there is no key for the raw identifiers at `where`."""
        if self.key is None:
            raise LoadError(
                f"{where} holds raw personal identifiers and no key is set",
                "a secret key, so that only keyed hashes are stored",
                "set the environment variable GRAPHATTR_KEY to at least 16 bytes",
            )

    def canonical(self, kind: str, text: str) -> str | None:
        """Canonical form of an `email`, `phone` or `pan`, or None if the text is not one."""
        forms: dict[str, Callable[[str], str | None]] = {
            "email": canonical_email,
            "phone": lambda value: canonical_phone(value, self.region.upper() if self.region else None),
            "pan": canonical_pan,
        }
        return forms[kind](text)

    def digest(self, kind: str, canonical: str) -> str:
        """Hexadecimal HMAC-SHA-256 of a canonical identifier."""
        self.require_key(kind)
        message = f"graphattr/1/{kind}\0{canonical}".encode()
        return hmac.new(self.key or b"", message, hashlib.sha256).hexdigest()

    def digests(self, kind: str, texts: Iterable[str]) -> dict[str, tuple[str, str]]:
        """For each readable text its hash, and the part to keep: mail domain, or a card's first digits."""
        found = {}
        for text in texts:
            if (canonical := self.canonical(kind, text)) is not None:
                found[text] = (self.digest(kind, canonical), _kept_part(kind, canonical))
        return found


def _kept_part(kind: str, canonical: str) -> str:
    if kind == "email":
        return canonical.rpartition("@")[2]
    return pan_bin(canonical) if kind == "pan" else ""
