"""The ring's graph, with the tables of the same beside it, and what is in focus."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from graphattr.explorer import component, queries, state, text, ui
from graphattr.explorer.network import Drawing, account_node, drawing, value_node
from graphattr.explorer.runs import Run
from graphattr.explorer.text import count, plural
from graphattr.explorer.words import GROUP, TIER, signal

_TEXT = st.column_config.TextColumn
_NUMBER = st.column_config.NumberColumn
_KEY = "network"


def show(run: Run, ring: dict[str, Any], active: frozenset[str] | None) -> None:
    """Draws graph and tables.

    Args:
        run: the run.
        ring: the ring's row.
        active: accounts that a time filter leaves; None for all.
    """
    drawn = drawing(run, ring["ring_id"])
    focus = state.get(state.FOCUS)
    if focus and focus.startswith("a:"):
        focus = drawn.where.get(focus[2:], focus)
    left, right = st.columns([11, 9], gap="medium")
    with left:
        st.subheader("Accounts and what they share", anchor=False)
        component.draw(
            drawn,
            key=_KEY,
            identity=f"{run.stamp}:{ring['ring_id']}",
            selected=focus,
            shown=None if active is None else _shown(run, ring["ring_id"], drawn, active),
            alt=_alt(drawn),
            on_click=_clicked,
        )
        if drawn.left_out:
            st.caption(" ".join(drawn.left_out))
    with right:
        _tables(run, ring["ring_id"], drawn, active)


def _clicked() -> None:
    result = st.session_state.get(_KEY)
    if result is not None:
        state.put(**{state.FOCUS: result.get("clicked")})


def _alt(drawn: Drawing) -> str:
    accounts = sum(len(node.accounts) for node in drawn.nodes)
    values = sum(not node.accounts for node in drawn.nodes)
    return (
        f"Graph of {plural(accounts, 'account')} and {plural(values, 'shared value')}; the tables beside it"
        " hold the same. Arrows pan, plus and minus zoom, N and P step through the marks, Enter opens one,"
        " Escape clears."
    )


def _shown(run: Run, ring_id: str, drawn: Drawing, active: frozenset[str]) -> frozenset[str]:
    held = queries.holders(run, ring_id).filter(pl.col("account_id").is_in(list(active)))
    values = {value_node(name, value) for name, value in held.select("signal", "value").iter_rows()}
    return frozenset({drawn.where[a] for a in active if a in drawn.where} | values)


def _tables(run: Run, ring_id: str, drawn: Drawing, active: frozenset[str] | None) -> None:
    members = queries.members(run, ring_id)
    values = queries.shared_values(run, ring_id)
    if active is not None:
        members = members.filter(pl.col("account_id").is_in(list(active)))
        values = values.join(
            queries.holders(run, ring_id).filter(pl.col("account_id").is_in(list(active))),
            on=["signal", "value"],
            how="semi",
        )
    focus = state.get(state.FOCUS)
    members, values, about = _focused(run, ring_id, drawn, focus, members, values)
    if about:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(about, width="content")
            st.button("Show all", key="clear_focus", type="tertiary", on_click=lambda: state.put(focus=None))
    tabs = st.tabs([f"Members ({count(members.height)})", f"Shared values ({count(values.height)})"])
    with tabs[0]:
        _members(members)
    with tabs[1]:
        _values(values)


def _focused(
    run: Run, ring_id: str, drawn: Drawing, focus: str | None, members: pl.DataFrame, values: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, str]:
    """Members and values that hang on what is in focus, and a sentence on it."""
    if not focus:
        return members, values, ""
    held = queries.holders(run, ring_id)
    kind, _, rest = focus.partition(":")
    if kind == "v":
        name, _, value = rest.partition(":")
        its = held.filter(pl.col("signal") == name, pl.col("value") == value)
        same = values.filter(pl.col("signal") == name, pl.col("value") == value)
        return (
            members.join(its, on="account_id", how="semi"),
            same,
            f"{signal(name)} in focus and who holds it.",
        )
    node = next((n for n in drawn.nodes if n.id == focus), None)
    accounts = list(node.accounts) if node else [rest]
    its = held.filter(pl.col("account_id").is_in(accounts))
    peers = held.join(its, on=["signal", "value"], how="semi")["account_id"].unique()
    near = members.filter(pl.col("account_id").is_in(peers.implode()) | pl.col("account_id").is_in(accounts))
    ranked = near.sort(~pl.col("account_id").is_in(accounts), maintain_order=True)
    return (
        ranked,
        values.join(its, on=["signal", "value"], how="semi"),
        "The account in focus, and who shares a value with it.",
    )


def _members(members: pl.DataFrame) -> None:
    rows = members.with_columns(
        grade=pl.col("tier").replace({tier.value: name for tier, name in TIER.items()}),
        p=(pl.col("probability") * 100).clip(upper_bound=99),  # no member is certain
        interval=pl.struct("low", "high").map_elements(
            lambda ends: text.interval(ends["low"], ends["high"]), return_dtype=pl.String
        ),
    )
    columns = {
        "account_id": _TEXT("Account", width=128),
        "grade": _TEXT("Tier", width=80),
        "p": st.column_config.ProgressColumn(
            "Membership", format="%.0f %%", min_value=0, max_value=100, width=100
        ),
        "interval": _TEXT("Interval", width=88),
        "requests": _NUMBER("Exchanges", format="localized", width=80),
        "created_at": st.column_config.DateColumn("Created", format="D MMM YYYY", width=100),
        "country": _TEXT("Country", width=70),
        "first_seen": st.column_config.DateColumn("First seen", format="D MMM YYYY", width=100),
        "last_seen": st.column_config.DateColumn("Last seen", format="D MMM YYYY", width=100),
    }
    if members["requests"].null_count() == members.height:
        del columns["requests"]
    ui.table(
        rows,
        columns,
        key="members",
        alt="Members of the ring",
        height=480,
        opens=lambda row: state.put(focus=account_node(row["account_id"])),
        verb="Focus",
    )
    ui.download(members, "members", "members_csv")


def _values(values: pl.DataFrame) -> None:
    rows = values.with_columns(
        what=pl.col("signal").map_elements(signal, return_dtype=pl.String),
        part=pl.col("group").replace(GROUP),
    )
    columns = {
        "what": _TEXT("Signal", width=130),
        "value": _TEXT("Value", width=170),
        "members": _NUMBER("Here", help="Members of this ring that hold it", format="localized", width=60),
        "holders": _NUMBER("In all", help="Accounts of the run that hold it", format="localized", width=70),
        "entities": _NUMBER(
            "Entities", help="Separate holders, each ring counted as one", format="%.1f", width=76
        ),
        "log10_lr": _NUMBER("log10 LR", help="Of the strongest link it speaks for", format="%.1f", width=80),
        "kind": _TEXT("Kind", width=100),
    }
    ui.table(
        rows,
        columns,
        key="values",
        alt="Values shared in the ring",
        height=480,
        opens=lambda row: state.put(focus=value_node(row["signal"], row["value"])),
        verb="Focus",
    )
    ui.download(values, "shared_values", "values_csv")
