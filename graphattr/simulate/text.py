"""Codes to text: every entity of a world is an integer until it is written."""

from __future__ import annotations

import ipaddress
import zlib
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa

from graphattr.simulate.draws import Ints, mix, words

#: Mailbox domains open to anyone; the code of such a domain is its position here. By falling share of users.
PUBLIC_DOMAINS: Final = (
    "gmail.com",
    "outlook.com",
    "qq.com",
    "yahoo.com",
    "163.com",
    "hotmail.com",
    "icloud.com",
    "proton.me",
    "gmx.de",
    "mail.ru",
    "yandex.ru",
    "naver.com",
)
#: Domains of throwaway mailboxes, open to anyone too; their codes follow those of the public ones.
DISPOSABLE_DOMAINS: Final = ("mailinator.com", "guerrillamail.com", "10minutemail.com", "yopmail.com")
_DOMAINS: Final = PUBLIC_DOMAINS + DISPOSABLE_DOMAINS


def _through_unique(codes: Ints, render: pl.Series) -> pl.Series:
    """Values of the distinct codes, spread over all rows."""
    _, inverse = np.unique(codes, return_inverse=True)
    return render.gather(inverse)


def _hex(values: Ints, digits: int) -> pl.Series:
    raw = values.astype(np.uint64).astype(">u8").tobytes().hex().encode()
    ends = np.arange(len(values) + 1, dtype=np.int64) * 16
    text = pa.LargeStringArray.from_buffers(len(values), pa.py_buffer(ends), pa.py_buffer(raw))
    return pl.Series(text, dtype=pl.String).str.head(digits)


def hashed(codes: Ints, namespace: str, seed: int, digits: int = 16) -> pl.Series:
    """Ids that look like keyed hashes: one to one at 16 digits, other in every seed and namespace.

    A negative code is null.
    """
    unique = np.unique(codes)
    ids = _hex(words(seed, zlib.crc32(namespace.encode()), unique).view(np.int64), digits)
    ids = pl.select(pl.when(pl.Series(unique) >= 0).then(ids).otherwise(None)).to_series()
    return _through_unique(codes, ids)


def domains(codes: Ints, seed: int) -> pl.Series:
    """E-mail domains: open ones by name, all others under the reserved top-level domain .example."""
    unique = np.unique(codes)
    own = hashed(unique, "domain", seed, 8) + ".example"
    names = [
        _DOMAINS[code] if 0 <= code < len(_DOMAINS) else text
        for code, text in zip(unique.tolist(), own, strict=True)
    ]
    return _through_unique(codes, pl.Series(names, dtype=pl.String))


def addresses(high: Ints, low: Ints) -> pl.Series:
    """IP addresses as text.

    Args:
        high: 0 for IPv4, else 1 + the number of a /64 network below 2001:db8::/32 (for documentation).
        low: for IPv4 the offset into 240.0.0.0/4 (reserved, nobody's), for IPv6 the last 64 bits.
    """
    _, first, inverse = np.unique(mix(high, low), return_index=True, return_inverse=True)
    texts = [
        str(ipaddress.IPv6Address((0x20010DB8 << 96) | ((h - 1) << 64) | lo))
        if h
        else str(ipaddress.IPv4Address(0xF0000000 + lo))
        for h, lo in zip(high[first].tolist(), low[first].tolist(), strict=True)
    ]
    return pl.Series(texts, dtype=pl.String).gather(inverse)


def tls(codes: Ints) -> pl.Series:
    """JA4-like TLS fingerprints. They name a client build, so they are the same in every world."""
    unique = np.unique(codes)
    first, second = _hex(mix(1, unique), 12), _hex(mix(2, unique), 12)
    shape = [f"t13d{12 + code % 7}{8 + code % 11:02d}h2" for code in unique.tolist()]
    made = pl.select(pl.concat_str(pl.Series(shape), first, second, separator="_")).to_series()
    made = pl.select(pl.when(pl.Series(unique) >= 0).then(made).otherwise(None)).to_series()
    return _through_unique(codes, made)


def named(codes: Ints, names: tuple[str, ...]) -> pl.Series:
    """A catalogue's names by position; a negative code is null."""
    series = pl.Series([*names, None], dtype=pl.String)
    return series.gather(np.where(codes < 0, len(names), codes))
