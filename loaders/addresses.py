"""IP addresses in one spelling: IPv4, IPv6, IPv4-mapped, zones, brackets, ports."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

import polars as pl

_OCTET: Final = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
#: Most addresses already have their one spelling: these are settled without a Python call.
_PLAIN_V4: Final = rf"^(?:{_OCTET}\.){{3}}{_OCTET}$"
_BRACKETS: Final = re.compile(r"^\[([^\[\]]+)\](?::\d{1,5})?$", re.ASCII)
_V4_PORT: Final = re.compile(r"^(\d+\.\d+\.\d+\.\d+):\d{1,5}$", re.ASCII)

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def parse_address(text: str) -> Address | None:
    """The address that a text denotes, or None.

    Brackets, a port after brackets or after IPv4, an IPv6 zone and a full-length mask (/32, /128) are
    dropped; an IPv4-mapped IPv6 address becomes IPv4. `a:b::1:80` without brackets has no port.
    """
    text = text.strip()
    if match := _BRACKETS.match(text) or _V4_PORT.match(text):
        text = match[1]
    bare, slash, mask = text.partition("/")
    if slash and mask != ("128" if ":" in bare else "32"):
        return None
    if ":" in bare:
        bare = bare.partition("%")[0]
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def canonical_address(text: str) -> str | None:
    """Compressed lower-case text of the address, or None if the text is not one."""
    address = parse_address(text)
    return None if address is None else str(address)


def prefix(address: Address) -> str:
    """The /24 of an IPv4 address or the /48 of an IPv6 address, as CIDR text."""
    bits = 24 if address.version == 4 else 48
    below = address.max_prefixlen - bits
    # An ip_network says the same in three times the time.
    return f"{type(address)(int(address) >> below << below)}/{bits}"


def canonical_addresses(raw: pl.Series) -> pl.DataFrame:
    """Canonical text and prefix of each cell.

    Args:
        raw: texts, null where there is none.

    Returns:
        As many rows, with `ip` and `ip_prefix`; both null where the text is not an address.
    """
    plain = pl.col("raw").str.contains(_PLAIN_V4)
    cells = pl.DataFrame({"raw": raw})
    odd = cells.filter(~plain)["raw"].unique().drop_nulls().to_list()
    parsed = {text: parse_address(text) for text in odd}
    texts = {text: str(address) for text, address in parsed.items() if address is not None}
    prefixes = {text: prefix(address) for text, address in parsed.items() if address is not None}

    def looked_up(table: dict[str, str]) -> pl.Expr:
        return pl.col("raw").replace_strict(
            pl.Series(list(table), dtype=pl.String),
            pl.Series(list(table.values()), dtype=pl.String),
            default=None,
            return_dtype=pl.String,
        )

    return cells.select(
        ip=pl.when(plain).then(pl.col("raw")).otherwise(looked_up(texts)),
        ip_prefix=pl.when(plain)
        .then(pl.col("raw").str.replace(r"\d+$", "0/24"))
        .otherwise(looked_up(prefixes)),
    )
