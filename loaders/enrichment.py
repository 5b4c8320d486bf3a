"""What can be told of a value without its user: the kind of a network, a throw-away domain, a known hub.

Everything comes from lists that the operator names, or from one short list in this package. Nothing is
fetched.
"""

from __future__ import annotations

import ipaddress
from collections import Counter, defaultdict
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from loaders.addresses import canonical_address, parse_address
from loaders.errors import LoadError
from loaders.files import Folder
from loaders.mapping import Mapping, ValueList
from loaders.normalise import as_text
from loaders.pseudonymise import canonical_domain
from loaders.schema import NETWORK_KINDS, Table
from loaders.sources import Source

LISTS_SCHEMA: Final = {"signal": pl.String, "value": pl.String, "kind": pl.String}
#: Signals whose values have one spelling, which the lists must be given too.
_FORMS: Final = {"ip": canonical_address, "email_domain": canonical_domain}
#: Not 10.0.0.0/8 and the other wide ranges: data under test or behind a tunnel numbers its clients there, and those
#: that strangers share are found by how many hold them.
_PRIVATE: Final = r"^(?:0|127|169\.254|192\.168)\.|^(?:::1?(?:/48)?$|fe[89ab][0-9a-f]:)"
_FILLED: Final = {"network_kind": pl.String, "asn": pl.Int64, "country": pl.String}


class Network(NamedTuple):
    """What is known of an address range; None where nothing is."""

    kind: str | None
    asn: int | None
    country: str | None


class Networks:
    """Address ranges; of nested ones the narrowest that knows an answer speaks."""

    def __init__(self) -> None:
        self._ranges: dict[tuple[int, int], dict[int, Network]] = defaultdict(dict)

    def add(self, cidr: str, network: Network) -> None:
        """Adds a range; of the same range given twice the first stays.

        Raises:
            ValueError: `cidr` is no range.
        """
        parsed = ipaddress.ip_network(cidr.strip(), strict=False)
        shift = parsed.max_prefixlen - parsed.prefixlen
        known = self._ranges[parsed.version, shift]
        known.setdefault(int(parsed.network_address) >> shift, network)

    def find(self, ip: str) -> Network:
        """What the ranges around a canonical address say, each answer from the narrowest that has it."""
        address = parse_address(ip)
        answers: list[str | int | None] = [None, None, None]
        if address is not None:
            number = int(address)
            for (version, shift), known in sorted(self._ranges.items()):
                if version == address.version and (found := known.get(number >> shift)):
                    answers = [
                        old if old is not None else new for old, new in zip(answers, found, strict=True)
                    ]
        return Network(*answers)  # type: ignore[arg-type]

    def fill(self, table: Table, rows: pl.DataFrame) -> tuple[pl.DataFrame, Counter[str]]:
        """Fills network_kind, asn and country of `ips` where a row has none; counts the filled cells."""
        if table.name != "ips" or not self._ranges:
            return rows, Counter()
        ips = rows["ip"].unique(maintain_order=True).drop_nulls().to_list()
        found = [(ip, *self.find(ip)) for ip in ips]
        known = pl.DataFrame(
            found,
            schema={"ip": pl.String, **{f"{name}_known": dtype for name, dtype in _FILLED.items()}},
            orient="row",
        )
        joined = rows.join(known, on="ip", how="left", maintain_order="left")
        filled = joined.with_columns(pl.coalesce(name, f"{name}_known").alias(name) for name in _FILLED)
        counts = {f"filled_{name}": rows[name].null_count() - filled[name].null_count() for name in _FILLED}
        return filled.select(rows.columns), Counter(counts)


def read_networks(folder: Folder | None, mapping: Mapping) -> Networks:
    """The address ranges that the mapping names.

    Raises:
        LoadError: a file cannot be read, or a row of it is no range, or of an unknown kind.
    """
    networks = Networks()
    if folder is None:
        return networks
    for path in mapping.enrich.networks:
        frame = _table(folder.source(path), ("network", "kind", "asn", "country"), ("network",))
        for number, (cidr, kind, asn, country) in enumerate(frame.iter_rows()):
            where = f"{path}: row {number}"
            if kind is not None and kind.lower() not in NETWORK_KINDS:
                raise LoadError(
                    f"{where} has the unknown kind {kind!r}", f"one of {', '.join(NETWORK_KINDS)}"
                )
            try:
                known = Network(
                    kind.lower() if kind else None,
                    int(asn.upper().removeprefix("AS")) if asn else None,
                    country.upper() if country else None,
                )
                networks.add(cidr or "", known)
            except ValueError as error:
                raise LoadError(f"{where}: {error}", "a range such as 192.0.2.0/24") from error
    return networks


def read_lists(folder: Folder | None, mapping: Mapping) -> pl.DataFrame:
    """Known values as (signal, value, kind), each once, sorted: hubs, disposable domains, public mailboxes.

    Raises:
        LoadError: a file cannot be read, or lacks a column.
    """
    shipped = resources.files("loaders.data").joinpath("public_mailboxes.txt").read_text(encoding="utf-8")
    frames = [_domains(shipped.splitlines(), "public_mailbox")]
    if folder is not None:
        for path in mapping.enrich.disposable_domains:
            text = folder.open(path).read_text(encoding="utf-8", errors="replace")
            frames.append(_domains(text.splitlines(), "disposable_domain"))
        for entries in mapping.lists.values():
            frames += [_values(folder, entry) for entry in entries]
    return pl.concat(frames).drop_nulls("value").unique().sort("signal", "value", "kind")


def private_addresses(ips: Path) -> pl.DataFrame:
    """The addresses and prefixes of a table of ips that every machine or home uses for itself, as known values.

    Two accounts that share 192.168.1.1 share nothing. Home routers (192.168.0.0/16), loopback, link-local, 0.0.0.0/8.
    """
    known = []
    for signal, column in (("ip", "ip"), ("ip_prefix", "ip_prefix")):
        found = pl.scan_parquet(ips).select(
            signal=pl.lit(signal), value=column, kind=pl.lit("private_address")
        )
        known.append(found.filter(pl.col("value").str.contains(_PRIVATE)).unique())
    return pl.concat(known).collect(engine="streaming")


def _values(folder: Folder, entry: ValueList) -> pl.DataFrame:
    frames = []
    for path in folder.parts(entry.file):
        columns = (entry.column,) if entry.kind_column is None else (entry.column, entry.kind_column)
        frame = _table(folder.source(path), columns, columns)
        form = _FORMS.get(entry.signal, str)
        values = [None if text is None else form(text) or text for text in frame[entry.column].to_list()]
        kind = pl.coalesce(entry.kind_column, pl.lit(entry.kind)) if entry.kind_column else pl.lit(entry.kind)
        known = frame.select(signal=pl.lit(entry.signal), value=pl.Series(values, dtype=pl.String), kind=kind)
        frames.append(known)
    return pl.concat(frames)


def _domains(lines: Iterable[str], kind: str) -> pl.DataFrame:
    words = (line.partition("#")[0].strip() for line in lines)
    domains = [canonical_domain(word) for word in words if word]
    return pl.DataFrame({"signal": "email_domain", "value": domains, "kind": kind}, schema=LISTS_SCHEMA)


def _table(source: Source, columns: tuple[str, ...], required: tuple[str, ...]) -> pl.DataFrame:
    for column in required:
        if column not in source.columns:
            raise LoadError(f"{source.name} has no column {column}", f"one of {', '.join(source.columns)}")
    present = tuple(column for column in columns if column in source.columns)
    frames = [batch.select(as_text(batch[name]) for name in present) for batch in source.batches(present)]
    blank = dict.fromkeys(columns, pl.String)
    return pl.concat([pl.DataFrame(schema=blank), *frames], how="diagonal").select(columns)
