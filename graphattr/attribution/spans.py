"""Members who are consistent with a ring's control for a part of their life only: sold, stolen or given back.

Who buys an account takes it over at a moment: the password or the address is changed, other devices sign in from then
on, and what links the account with the buyer's others begins there. What it did before was somebody else's work, and
stands to nobody's account in the ring.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from graphattr.records import SPANS

#: Events by which an account passes into other hands.
TAKEN: Final = ("password_reset", "email_changed")
#: Signals that tell one hand from another. A fingerprint of a browser or a mail domain is many people's.
HELD: Final = ("ip", "ip_prefix", "instrument", "device", "actor", "template")
DEVICE: Final = "device"
#: Whoever opens an account may change its password on the same day.
SETTLED: Final = pl.duration(days=1)
#: A use so near to the event may be of either side: the new owner signs in to change the password.
NEAR: Final = pl.duration(hours=1)


def spans(
    members: pl.DataFrame,
    accounts: pl.LazyFrame,
    holdings: pl.LazyFrame,
    evidence: pl.LazyFrame,
    events: pl.LazyFrame | None,
) -> pl.DataFrame:
    """The members who changed hands, as far as the signals show it; without events or times nobody.

    An account did where, at a change of its password or address, all devices of before are gone and others are there,
    and all values that link it with the ring lie on one side. Everything else leaves a member in the ring for its
    whole life: nothing is taken off a ring on less.

    Args:
        members: ring_id, account_id.
        accounts: the table of accounts, with created_at.
        holdings: rows of `HOLDINGS`.
        evidence: rows of `EVIDENCE`.
        events: the table of events, or None.

    Returns:
        Rows of `SPANS`, sorted by ring_id, account_id.
    """
    nobody = pl.DataFrame(schema=SPANS)
    if events is None:
        return nobody
    keys = members.lazy().select("ring_id", "account_id")
    opened = accounts.select("account_id", "created_at")
    changes = (
        events.select("account_id", "event", at="observed_at", event_row="row")
        .filter(pl.col("event").is_in(TAKEN) & pl.col("at").is_not_null())
        .join(opened, on="account_id")
        .filter((pl.col("at") > pl.col("created_at") + SETTLED).fill_null(True))
        .join(keys, on="account_id")
        .drop("created_at")
    )
    held = (
        holdings.select("account_id", "signal", "value", "first_seen", "last_seen")
        .filter(pl.col("signal").is_in(HELD) & pl.col("first_seen").is_not_null())
        .join(_linking(keys, evidence), on=["account_id", "signal", "value"], how="left")
        .with_columns(pl.col("links").fill_null(value=False))
    )
    before = pl.col("last_seen") < pl.col("at") + NEAR
    after = pl.col("first_seen") >= pl.col("at") - NEAR
    device, links = pl.col("signal") == DEVICE, pl.col("links")
    sides = (
        changes.join(held, on="account_id")
        .group_by("ring_id", "account_id", "event", "event_row", "at")
        .agg(
            devices_before=(device & before).sum(),
            devices_after=(device & after).sum(),
            both=(device & ~before & ~after).sum(),
            links_before=(links & ~after).sum(),
            links_after=(links & ~before).sum(),
            shared_values=links.sum(),
        )
        .filter((pl.col("devices_before") > 0) & (pl.col("devices_after") > 0) & (pl.col("both") == 0))
        .filter((pl.col("links_before") == 0) != (pl.col("links_after") == 0))
        .with_columns(
            since=pl.when(pl.col("links_before") == 0).then("at"),
            until=pl.when(pl.col("links_after") == 0).then("at"),
        )
    )
    # Of several changes at one hand-over the first is taken.
    found = (
        sides.sort("ring_id", "account_id", "at", "event_row")
        .group_by("ring_id", "account_id", maintain_order=True)
        .agg(pl.col("since", "until").min(), pl.exclude("since", "until").first())
        .collect(engine="streaming")
    )
    return found.select(*SPANS).cast(pl.Schema(SPANS)).sort("ring_id", "account_id")


def in_hands(rows: pl.LazyFrame, in_part: pl.DataFrame, time: str = "observed_at") -> pl.LazyFrame:
    """The rows of members' lives that lie in their ring's hands; those whose time is not known stay.

    Args:
        rows: account_id and the time, of members of rings.
        in_part: rows of `SPANS`; who has none is in the ring's hands all their life.
        time: name of the column with the time.
    """
    span = in_part.lazy().select("account_id", "since", "until")
    outside = (pl.col(time) < pl.col("since")) | (pl.col(time) >= pl.col("until"))
    kept = rows.join(span, on="account_id", how="left").filter(~outside.fill_null(value=False))
    return kept.drop("since", "until")


def _linking(keys: pl.LazyFrame, evidence: pl.LazyFrame) -> pl.LazyFrame:
    """The values that link an account with another of its ring: account_id, signal, value, links (true)."""
    ends = {
        end: keys.rename({"account_id": f"account_{end}", "ring_id": f"ring_{end}"}) for end in ("a", "b")
    }
    pieces = (
        evidence.filter(pl.col("used") & pl.col("value").is_not_null() & (pl.col("log10_lr") > 0))
        .join(ends["a"], on="account_a")
        .join(ends["b"], on="account_b")
        .filter(pl.col("ring_a") == pl.col("ring_b"))
    )
    both = [pieces.select("signal", "value", account_id=f"account_{end}") for end in ("a", "b")]
    return pl.concat(both).unique().with_columns(links=pl.lit(value=True))
