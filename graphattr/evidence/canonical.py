"""Canonical bytes: RFC 8785 JSON, and text made visible before anyone looks at it."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from json.encoder import encode_basestring
from typing import Any, Final

import rfc8785

from graphattr.errors import BundleError

#: The integers that JSON readers agree on (RFC 8785, 3.2.2.3).
MAX_SAFE_INT: Final = 2**53 - 1

#: Unicode categories that change what a reader sees without being seen: controls, format marks, surrogates,
#: private use, unassigned, line and paragraph separators.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def sha256(data: bytes) -> str:
    """SHA-256 as 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def canonical(value: Any) -> bytes:
    """RFC 8785 JSON. Integers beyond 2**53 - 1 become strings of digits, which every reader reads alike.

    Raises:
        BundleError: the value holds something that JSON cannot say (NaN, an infinity, a foreign type).
    """
    try:
        return rfc8785.dumps(_safe(value))
    except (rfc8785.CanonicalizationError, ValueError) as error:
        raise BundleError(f"a value cannot be written as canonical JSON: {error}") from error


def document(value: Any) -> bytes:
    """Canonical JSON with a final newline: the form of every JSON file in a bundle."""
    return canonical(value) + b"\n"


def parse(data: bytes) -> Any:
    """JSON that must be in the form of `document`: another spelling of the same value is an alteration.

    Raises:
        ValueError: not UTF-8, not JSON, a key twice, too deep, or not canonical.
    """
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_no_duplicates, parse_int=_integer)
        again = document(value)
    except (RecursionError, BundleError) as error:
        raise ValueError(str(error)) from error
    if again != data:
        raise ValueError("it is not canonical JSON (RFC 8785) with one newline at its end")
    return value


def quote(text: str) -> str:
    """A JSON string literal as RFC 8785 writes it."""
    return encode_basestring(text)


def number(value: float) -> str:
    """A finite float as RFC 8785 writes it (the shortest text that reads back as the same number).

    Raises:
        BundleError: not a finite number.
    """
    text = repr(value)
    if value and "e" not in text and "n" not in text:  # Python and ECMAScript agree but for a final .0
        return text.removesuffix(".0")
    return canonical(value).decode()


def scalar(value: str | int | float | bool | None) -> str:
    """A single JSON value as RFC 8785 writes it."""
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, float):
        return number(value)
    return canonical(value).decode()


def visible(text: str) -> str:
    r"""Text as a reader shall see it: unseen characters spelled out (`\u202e`), everything else unchanged."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_spelled(c) if unicodedata.category(c) in _UNSEEN else c for c in text)


def has_unseen(text: str) -> bool:
    """Whether text holds a character that a reader cannot see, line feeds apart."""
    return any(unicodedata.category(c) in _UNSEEN for c in text if c != "\n")


def _spelled(char: str) -> str:
    code = ord(char)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _safe(value: Any) -> Any:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= MAX_SAFE_INT else str(value)
    if isinstance(value, dict):
        return {key: _safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_safe(item) for item in value]
    return value


def _integer(digits: str) -> int | float:
    """RFC 8785 writes a large float without a point: beyond the safe integers a number is a float."""
    value = int(digits)
    return value if abs(value) <= MAX_SAFE_INT else float(value)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one JSON object")
    return found
