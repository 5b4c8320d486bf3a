"""Features of accounts that could give them away: values held, quantities, and mixes.

`natural` marks values that tie accounts in the real world too (a card, a device): an engine is meant to find
them. All others are circumstances; if one of those alone tells most of a stratum, the world is too easy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from graphattr.simulate.draws import Floats
from graphattr.simulate.realism.tables import Tables


@dataclass(frozen=True)
class Held:
    """Values of a column of a table, any number an account.

    Attributes:
        name: for the reader.
        table: its table.
        column: its column.
        natural: whether sharing one ties accounts in the real world.
    """

    name: str
    table: str
    column: str
    natural: bool = False


SHARED: Final = (
    Held("address", "ips", "ip", True),
    Held("network (ASN)", "ips", "asn"),
    Held("network kind", "ips", "network_kind"),
    Held("address country", "ips", "country"),
    Held("device", "devices", "device_id", True),
    Held("TLS client", "devices", "tls_fingerprint"),
    Held("operating system", "devices", "os"),
    Held("browser", "devices", "browser"),
    Held("language", "devices", "language"),
    Held("UTC offset", "devices", "utc_offset_minutes"),
    Held("card", "payments", "instrument_id", True),
    Held("issuer range", "payments", "bin"),
    Held("card kind", "payments", "kind"),
    Held("issuer country", "payments", "issuer_country"),
    Held("amount paid", "payments", "amount"),
    Held("mail domain", "accounts", "email_domain"),
    Held("mailbox", "accounts", "email_id", True),
    Held("phone", "accounts", "phone_id", True),
    Held("name", "accounts", "name_id", True),
    Held("organisation", "accounts", "organisation_id", True),
    Held("declared country", "accounts", "country"),
    Held("template", "usage", "template_id"),
    Held("model", "usage", "model"),
    Held("capability", "usage", "capability"),
    Held("actor", "events", "actor_id", True),
)
#: Values whose sharing counts more the fewer hold them.
WEIGHTED: Final = (
    Held("template, by rarity", "usage", "template_id"),
    Held("address, by rarity", "ips", "ip", True),
)
#: Mixes: table, column or expression, weight.
MIXES: Final = {
    "hour of the week": (
        "usage",
        pl.col("observed_at").dt.weekday().cast(pl.Int64) * 24 + pl.col("observed_at").dt.hour(),
        pl.lit(1.0),
    ),
    "hour of the day": ("usage", pl.col("observed_at").dt.hour(), pl.lit(1.0)),
    "model mix": ("usage", pl.col("model"), pl.col("requests")),
    "capability mix": ("usage", pl.col("capability"), pl.col("requests")),
    "network mix": ("ips", pl.col("network_kind"), pl.lit(1.0)),
}
_REQUESTS: Final = pl.col("requests").sum()
_DAYS: Final = pl.col("observed_at").dt.date().n_unique()
_GAPS: Final = pl.col("observed_at").unique().sort().diff().drop_nulls().dt.total_seconds()


def _share(column: str, *values: str) -> pl.Expr:
    return pl.col(column).is_in(values).mean()


#: Quantities an account: table and aggregate over its rows there.
_OF_TABLE: Final = {
    "creation time": ("accounts", pl.col("created_at").first().dt.epoch("s")),
    "without a phone": ("accounts", pl.col("phone_id").is_null().mean()),
    "cards": ("payments", pl.col("instrument_id").n_unique()),
    "payments": ("payments", pl.len()),
    "prepaid share": ("payments", _share("kind", "prepaid", "virtual")),
    "failed payments": ("payments", _share("outcome", "declined")),
    "charged back": ("payments", _share("outcome", "charged_back")),
    "mean amount": ("payments", pl.col("amount").mean()),
    "addresses": ("ips", pl.col("ip").n_unique()),
    "addresses a row": ("ips", pl.col("ip").n_unique() / pl.len()),
    "address countries": ("ips", pl.col("country").n_unique()),
    "hosting share": ("ips", _share("network_kind", "hosting")),
    "proxy share": ("ips", _share("network_kind", "proxy")),
    "VPN share": ("ips", _share("network_kind", "vpn")),
    "home and mobile share": ("ips", _share("network_kind", "residential", "mobile")),
    "devices": ("devices", pl.col("device_id").n_unique()),
    "script share": ("devices", pl.col("browser").is_null().mean()),
    "languages": ("devices", pl.col("language").n_unique()),
    "requests": ("usage", _REQUESTS),
    "load (requests an active day)": ("usage", _REQUESTS / _DAYS),
    "prompt length": ("usage", (pl.col("input_tokens").sum() / _REQUESTS)),
    "answer length": ("usage", (pl.col("output_tokens").sum() / _REQUESTS)),
    "answer to prompt": ("usage", pl.col("output_tokens").sum() / pl.col("input_tokens").sum()),
    "active days": ("usage", _DAYS),
    "weekend share": ("usage", (pl.col("observed_at").dt.weekday() >= 6).mean()),
    "burstiness": (
        "usage",
        pl.when(_GAPS.len() >= 5).then((_GAPS.std() - _GAPS.mean()) / (_GAPS.std() + _GAPS.mean())),
    ),
    "templates": ("usage", pl.col("template_id").n_unique()),
    "templates a row": ("usage", pl.col("template_id").n_unique() / pl.len()),
    "keys made": ("events", (pl.col("event") == "key_created").sum()),
    "password resets": ("events", (pl.col("event") == "password_reset").sum()),
}
#: Counts: an account without rows has none of them, not an unknown number.
_COUNTS: Final = {"cards", "payments", "keys made", "password resets"}
#: Quantities that need two tables.
_JOINED: Final = ("created to first use", "address abroad", "issuer abroad", "holders of its mail domain")
MEASURED: Final = (*_OF_TABLE, *_JOINED)


def quantities(tables: Tables, accounts: pl.Series) -> pl.DataFrame:
    """One row an account, in the order given, one Float64 column a name of `MEASURED`; null if unknown."""
    found = pl.DataFrame({"account_id": accounts})
    for table in dict.fromkeys(table for table, _ in _OF_TABLE.values()):
        wanted = [
            expression.cast(pl.Float64).alias(name)
            for name, (at, expression) in _OF_TABLE.items()
            if at == table
        ]
        values = tables[table].group_by("account_id").agg(wanted)
        found = found.join(values, on="account_id", how="left", maintain_order="left")
    found = found.with_columns(pl.col(*sorted(_COUNTS)).fill_null(0.0))
    for name, values in zip(_JOINED, _two_tables(tables), strict=True):
        values = values.rename({"value": name})
        found = found.join(values, on="account_id", how="left", maintain_order="left")
    return found.select("account_id", pl.col(*MEASURED).cast(pl.Float64).fill_nan(None))


def _two_tables(tables: Tables) -> list[pl.DataFrame]:
    """The quantities of `_JOINED`, each with the columns account_id and value."""
    accounts = tables["accounts"].select("account_id", "created_at", "email_domain", home="country")
    first = tables["usage"].group_by("account_id").agg(pl.col("observed_at").min())
    lag = accounts.join(first, on="account_id").select(
        "account_id", value=(pl.col("observed_at") - pl.col("created_at")).dt.total_seconds()
    )
    abroad = [
        tables[table]
        .join(accounts, on="account_id")
        .group_by("account_id")
        .agg(value=(pl.col(column) != pl.col("home")).mean())
        for table, column in (("ips", "country"), ("payments", "issuer_country"))
    ]
    domain = accounts.select("account_id", value=pl.len().over("email_domain"))
    return [lag, *abroad, domain]


def holdings(tables: Tables, held: Held, accounts: pl.Series) -> csr_array:
    """Which account holds which value: accounts x values, one where held."""
    rows = pl.DataFrame({"account_id": accounts, "row": np.arange(len(accounts))})
    pairs = tables[held.table].select("account_id", value=held.column).drop_nulls().unique()
    pairs = pairs.join(rows, on="account_id").sort("row", "value")
    return _matrix(pairs.with_columns(weight=1.0), len(accounts))


def mix(tables: Tables, name: str, accounts: pl.Series) -> Floats:
    """Shares of a mix of `MIXES`: accounts x values, rows of length 1; nan for an account without rows."""
    table, value, weight = MIXES[name]
    rows = pl.DataFrame({"account_id": accounts, "row": np.arange(len(accounts))})
    sums = tables[table].select("account_id", value=value, weight=weight).drop_nulls()
    sums = sums.group_by("account_id", "value").agg(pl.col("weight").sum()).join(rows, on="account_id")
    dense = np.asarray(_matrix(sums.sort("row", "value"), len(accounts)).toarray(), dtype=np.float64)
    length = np.sqrt((dense**2).sum(axis=1, keepdims=True))
    return np.asarray(np.divide(dense, length, out=np.full_like(dense, np.nan), where=length > 0))


def _matrix(cells: pl.DataFrame, height: int) -> csr_array:
    code = cells["value"].rank("dense").to_numpy().astype(np.int64) - 1
    shape = (height, int(code.max(initial=0)) + 1)
    return csr_array((cells["weight"].to_numpy(), (cells["row"].to_numpy(), code)), shape=shape)
