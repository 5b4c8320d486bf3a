"""The signal tables of the data contract: columns, types, closed vocabularies, and what a row cannot lack."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import polars as pl

UTC: Final = pl.Datetime("us", "UTC")


class Kind(StrEnum):
    """How the cells of a column are read and checked."""

    TEXT = "text"
    TIME = "time"
    COUNT = "count"  # whole number, not negative
    INTEGER = "integer"  # whole number inside Column.bounds
    AMOUNT = "amount"  # finite decimal number
    COUNTRY = "country"  # ISO 3166-1 alpha-2
    ENUM = "enum"  # one of Column.values
    ADDRESS = "address"  # IPv4 or IPv6
    DOMAIN = "domain"  # of an e-mail address


DTYPES: Final[dict[Kind, Any]] = {
    Kind.TIME: UTC,
    Kind.COUNT: pl.Int64,
    Kind.INTEGER: pl.Int64,
    Kind.AMOUNT: pl.Float64,
}


NUMBERS: Final = (Kind.COUNT, Kind.INTEGER, Kind.AMOUNT)


@dataclass(frozen=True)
class Column:
    """A column of a signal table.

    Attributes:
        name: its name in the contract.
        kind: how its cells are read.
        required: a table without it is an error, a row without a value is refused.
        values: the vocabulary of an ENUM, in the case in which it is stored.
        bounds: least and greatest value of an INTEGER.
        default: taken where the cell or the whole column is missing.
    """

    name: str
    kind: Kind = Kind.TEXT
    required: bool = False
    values: tuple[str, ...] = ()
    bounds: tuple[int, int] = (0, 0)
    default: int | None = None

    @property
    def dtype(self) -> Any:
        """Polars type of the canonical column."""
        return DTYPES.get(self.kind, pl.String)


@dataclass(frozen=True)
class Table:
    """A signal table.

    Attributes:
        name: its name in the contract.
        columns: in the order of the contract.
        time: its time column; a table that lacks the column altogether is timeless.
        raw: columns with raw personal identifiers, each with the keyed column that it is turned into.
        one_of: columns of which a row needs at least one.
        predates: True if rows may be older than the account itself.
    """

    name: str
    columns: tuple[Column, ...]
    time: str
    raw: tuple[tuple[str, str], ...] = ()
    one_of: tuple[str, ...] = ()
    predates: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        """Columns and types of the canonical table: the contract's columns, derived ones, then `row`."""
        fields: dict[str, Any] = {column.name: column.dtype for column in self.columns}
        if self.name == "ips":
            fields["ip_prefix"] = pl.String
        return {**fields, "row": pl.UInt64}

    @property
    def names(self) -> tuple[str, ...]:
        """Every column that a source may hold: those of the contract, then the raw ones."""
        return tuple(column.name for column in self.columns) + tuple(raw for raw, _ in self.raw)


def _id(name: str = "account_id") -> Column:
    return Column(name, required=True)


def _time(name: str = "observed_at", *, required: bool = True) -> Column:
    return Column(name, Kind.TIME, required=required)


_COUNTRY: Final = Column("country", Kind.COUNTRY)
_PAYMENT_KINDS: Final = ("credit", "debit", "prepaid", "virtual", "bank", "wallet", "crypto")
_OUTCOMES: Final = ("approved", "declined", "refunded", "charged_back")
NETWORK_KINDS: Final = ("residential", "mobile", "hosting", "vpn", "proxy", "tor", "education", "business")

#: The contract's tables in its order; `accounts` first, because every other table is checked against it.
TABLES: Final = {
    table.name: table
    for table in (
        Table(
            "accounts",
            (
                _id(),
                _time("created_at"),
                Column("email_domain", Kind.DOMAIN),
                Column("email_id"),
                Column("phone_id"),
                Column("name_id"),
                Column("organisation_id"),
                _COUNTRY,
                _time("closed_at", required=False),
            ),
            time="created_at",
            raw=(("email", "email_id"), ("phone", "phone_id")),
        ),
        Table(
            "payments",
            (
                _id(),
                _id("instrument_id"),
                _time(),
                Column("kind", Kind.ENUM, values=_PAYMENT_KINDS),
                Column("bin"),
                Column("issuer_country", Kind.COUNTRY),
                Column("amount", Kind.AMOUNT),
                Column("currency"),
                Column("outcome", Kind.ENUM, values=_OUTCOMES),
            ),
            time="observed_at",
            raw=(("pan", "instrument_id"),),
        ),
        Table(
            "ips",
            (
                _id(),
                Column("ip", Kind.ADDRESS),
                Column("ip_id"),
                _time(),
                Column("asn", Kind.INTEGER, bounds=(0, 2**32 - 1)),
                Column("network_kind", Kind.ENUM, values=NETWORK_KINDS),
                _COUNTRY,
            ),
            time="observed_at",
            one_of=("ip", "ip_id"),
        ),
        Table(
            "devices",
            (
                _id(),
                _id("device_id"),
                _time(),
                Column("os"),
                Column("browser"),
                Column("tls_fingerprint"),
                Column("utc_offset_minutes", Kind.INTEGER, bounds=(-840, 840)),
                Column("language"),
            ),
            time="observed_at",
        ),
        Table(
            "usage",
            (
                _id(),
                _time(),
                Column("requests", Kind.COUNT, default=1),
                Column("input_tokens", Kind.COUNT),
                Column("output_tokens", Kind.COUNT),
                Column("model"),
                Column("capability"),
                Column("template_id"),
            ),
            time="observed_at",
        ),
        Table("events", (_id(), _time(), _id("event"), Column("actor_id")), time="observed_at"),
        Table(
            "labels",
            (
                _id(),
                Column("operator"),
                Column("source"),
                _time(required=False),
                Column("reliability", Kind.ENUM, values=("A", "B", "C", "D", "E", "F")),
            ),
            time="observed_at",
            predates=True,
        ),
    )
}

#: Names of the signals that two accounts can share, as in graphattr/records.py (a test compares the two).
SIGNAL_NAMES: Final = (
    "ip",
    "ip_prefix",
    "instrument",
    "device",
    "tls_fingerprint",
    "phone",
    "email",
    "email_domain",
    "name",
    "organisation",
    "actor",
    "template",
)
