"""Why two accounts are held together: links, the waterfall of one, its pieces, and the signal rows behind."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from graphattr.explorer import charts, queries, signals, state, ui
from graphattr.explorer.runs import Run
from graphattr.explorer.text import code, count, gap, odds, percent, plural, ratio
from graphattr.explorer.words import GROUP, signal
from graphattr.records import GROUPS

_TEXT = st.column_config.TextColumn
_NUMBER = st.column_config.NumberColumn
#: Columns of signals that are amounts; other numbers are names (an ASN, a BIN, a position).
_AMOUNTS = ("requests", "input_tokens", "output_tokens", "amount")


def show(run: Run, ring: dict[str, Any], active: frozenset[str] | None) -> None:
    """Draws the section.

    Args:
        run: the run.
        ring: the ring's row.
        active: accounts that a time filter leaves; None for all.
    """
    links = queries.links(run, ring["ring_id"])
    if active is not None:
        links = links.filter(pl.col("account_a").is_in(list(active)), pl.col("account_b").is_in(list(active)))
    account = _account()
    st.subheader("Evidence", anchor=False)
    if account is not None:
        links = links.filter((pl.col("account_a") == account) | (pl.col("account_b") == account))
    if links.is_empty():
        st.caption("No link between two members" + (" fits what is in focus." if account or active else "."))
        return
    chosen = _chosen(links)
    left, right = st.columns([9, 11], gap="medium")
    with left:
        _links(links, account)
    with right:
        _waterfall(chosen, account, links.height)
    _pieces(run, chosen)


def _account() -> str | None:
    focus = state.get(state.FOCUS)
    return focus[2:] if focus and focus.startswith("a:") else None


def _chosen(links: pl.DataFrame) -> dict[str, Any]:
    """The link that the address names, if it is among those shown, else the strongest."""
    a, b = state.get(state.FIRST), state.get(state.SECOND)
    named = links.filter(pl.col("account_a") == (a or ""), pl.col("account_b") == (b or ""))
    return (named if named.height else links).row(0, named=True)


def _links(links: pl.DataFrame, account: str | None) -> None:
    strongest = pl.concat_list(f"log10_lr_{group}" for group in GROUPS).list.arg_max()
    rows = links.with_columns(
        p=(pl.col("probability") * 100).clip(upper_bound=99.9),
        odds=(pl.col("log10_lr") + pl.col("log10_prior_odds")).map_elements(odds, return_dtype=pl.String),
        most=strongest.replace_strict(dict(enumerate(GROUP.values())), return_dtype=pl.String),
        groups=pl.sum_horizontal((pl.col(f"log10_lr_{g}") > 0.005).cast(pl.Int64) for g in GROUPS),
    )
    st.caption(
        f"{plural(links.height, 'link')} {'of the account in focus' if account else 'between members'},"
        " the strongest first."
    )
    columns = {
        "account_a": _TEXT("Account", width=132),
        "account_b": _TEXT("Account", width=132),
        "p": _NUMBER("Probability", format="%.1f %%", width=86),
        "most": _TEXT("Most from", width=84),
        "groups": _NUMBER("Groups", help="Evidence groups that speak for the link", width=62),
        "odds": _TEXT("Odds", width=110),
    }
    ui.table(
        rows,
        columns,
        key="links",
        alt="Links between members",
        height=340,
        opens=lambda row: state.put(a=row["account_a"], b=row["account_b"], piece=None),
        verb="Show",
    )
    ui.download(links, "links", "links_csv")


def _waterfall(link: dict[str, Any], account: str | None, others: int) -> None:
    a, b = link["account_a"], link["account_b"]
    if account is None:
        st.caption(f"What makes {code(a, 40)} and {code(b, 40)} stand at {percent(link['probability'])}")
    else:
        other = b if account == a else a
        st.caption(
            f"{code(account, 40)} is held through its link to {code(other, 40)}"
            f" ({percent(link['probability'])}); {plural(others - 1, 'other link')} in this ring."
        )
    st.altair_chart(
        charts.waterfall(link, ui.ink()),
        alt="Prior odds and the evidence groups that raise or lower them: " + _said(link),
    )
    silent = [GROUP[group] for group in GROUPS if abs(float(link[f"log10_lr_{group}"] or 0.0)) < 0.005]
    if silent:
        st.caption(f"Adds nothing: {', '.join(silent).lower()}.")


def _said(link: dict[str, Any]) -> str:
    steps = charts.waterfall_steps(link)
    return "; ".join(f"{name} {words}" for name, words in steps.select("step", "words").iter_rows())


def _pieces(run: Run, link: dict[str, Any]) -> None:
    a, b = link["account_a"], link["account_b"]
    pieces = queries.evidence(run, a, b)
    if pieces.is_empty():
        st.caption("The run holds no single pieces of evidence for this link.")
        return
    rows = pieces.with_columns(
        part=pl.col("group").replace(GROUP),
        what=pl.col("signal").map_elements(signal, return_dtype=pl.String),
        factor=pl.col("log10_lr").map_elements(ratio, return_dtype=pl.String),
        counted=pl.when("used").then(pl.lit("counts")).otherwise(pl.lit("adds nothing")),
        apart=pl.col("gap_seconds").map_elements(gap, return_dtype=pl.String),
    )
    st.markdown(f"**Pieces behind the link of {code(a, 40)} and {code(b, 40)}**")
    columns = {
        "part": _TEXT("Group", width=90),
        "what": _TEXT("Signal", width=130),
        "value": _TEXT("Shared value", width=200),
        "factor": _TEXT("Speaks", width=110),
        "counted": _TEXT("In its group", help="A group counts its best piece, never the sum", width=100),
        "holders": _NUMBER("Holders", format="localized", width=74),
        "entities": _NUMBER("Entities", format="%.1f", width=74),
        "apart": _TEXT("Apart", help="Smallest time between the two accounts' uses", width=80),
        "reason": _TEXT("Reason", width=420),
    }
    ui.table(
        rows,
        columns,
        key="pieces",
        alt="Pieces of evidence behind the link",
        opens=lambda row: state.put(a=a, b=b, piece=_name(row)),
        verb="Rows",
    )
    _rows(run, a, b, pieces)


def _name(piece: dict[str, Any]) -> str:
    return f"{piece['signal']}:{piece['value'] or ''}"


def _rows(run: Run, a: str, b: str, pieces: pl.DataFrame) -> None:
    picked = state.get(state.PIECE)
    piece = pieces.row(0, named=True)
    for row in pieces.iter_rows(named=True):
        if picked == _name(row):
            piece = row
    named = tuple(int(r) for r in (piece["row_a"], piece["row_b"]) if r is not None)
    rows = signals.rows_behind(run, piece["signal"], piece["value"], (a, b), named)
    what = f"{signal(piece['signal'])}" + (
        f" {code(piece['value'], 60)}" if piece["value"] is not None else ""
    )
    if rows is None or rows.is_empty():
        st.caption(f"No signal rows are kept for {what}.")
        return
    source = signals.table_of(piece["signal"])
    st.markdown(
        f"**Signal rows behind it**: {what}, {plural(rows.height, 'row')} of signals/{source}.parquet"
    )
    marked = rows.insert_column(
        0, pl.Series("evidence", ["first use" if r in named else "" for r in rows["row"]], dtype=pl.String)
    )
    ui.table(
        marked,
        {name: _column(name, dtype) for name, dtype in marked.schema.items()},
        key="rows",
        alt="Signal rows",
    )
    if rows.height == signals.MOST_ROWS:
        st.caption(f"The first {count(rows.height)} rows are shown.")
    ui.download(rows, "signal_rows", "rows_csv")


def _column(name: str, dtype: pl.DataType) -> Any:
    label = name.replace("_", " ").capitalize()
    if isinstance(dtype, pl.Datetime):
        return st.column_config.DatetimeColumn(label, format="D MMM YYYY HH:mm:ss", timezone="UTC", width=160)
    if dtype.is_numeric():
        return _NUMBER(label, format="localized" if name in _AMOUNTS else None)
    return _TEXT(label)
