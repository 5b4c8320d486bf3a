"""Audiences: which columns each gets, and in which form. What is not named here is not disclosed.

Forms are committed to together with the cells themselves (`commitments.py`), so a redacted bundle shows cells
of the very tree that the full bundle is signed over:

- `token`: an identifier or value, as a keyed token. The two ends of a pair are put in the order of their
  tokens, since the order of the identifiers would tell of them.
- `text`: prose in which every identifier and value of the case is replaced by its token.
- `day`: a time, cut to its day.
- `common`: a class of value, left out where fewer than `K_ANONYMITY` accounts of the case share it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import polars as pl

from graphattr.errors import BundleError
from graphattr.evidence.case import FACTS, MORE_FACTS, Audience, Case, ordered
from graphattr.evidence.commitments import token
from graphattr.evidence.figures import K_ANONYMITY
from graphattr.records import TABLES

#: Identifiers shorter than this are not looked for in prose: they would be found in every other word.
SHORTEST: Final = 4

_FORMS: Final[dict[str, dict[str, str]]] = {
    "members": {"account_id": "token"},
    "links": {"account_a": "token", "account_b": "token"},
    "evidence": {
        "account_a": "token",
        "account_b": "token",
        "value": "token",
        "kind": "common",
        "reason": "text",
    },
    "holdings": {"account_id": "token", "value": "token", "kind": "common"},
    "rings": {"first_seen": "day", "last_seen": "day", "weakest_point": "text"},
    "matrix": {"reason": "text"},
}

_WITHHELD: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "legal": {
        "members": (),
        "links": (),
        "evidence": ("row_a", "row_b"),
        "holdings": ("first_seen", "last_seen", "count", "first_row"),
        "rings": (),
        "matrix": (),
    },
    "policy": {"rings": ("operator", "operator_probability", "weakest_point"), "matrix": ("value", "n")},
    "public": {"rings": ("operator", "operator_probability", "weakest_point")},
}

#: Facts of the run that a redacted bundle leaves out: digests of personal data, and where it lies.
_PRIVATE_FACTS: Final = ("inputs", "outputs", "store")


def committed_frames(case: Case, key: bytes) -> dict[str, pl.DataFrame]:
    """Every table of a full case, with a column `<column>#<form>` for each form of `_FORMS`."""
    frames = dict(case.tables)
    replace = _prose_redactor(case, key)
    common = _common_kinds(case)
    for table, forms in _FORMS.items():
        frame = case.tables[table]
        made = {f"{c}#{form}": _form(frame, c, form, key, replace, common) for c, form in forms.items()}
        if "account_a" in forms:
            ends = zip(made["account_a#token"], made["account_b#token"], strict=True)
            sorted_ends = [sorted(pair) for pair in ends]
            made["account_a#token"] = pl.Series([a for a, _ in sorted_ends], dtype=pl.String)
            made["account_b#token"] = pl.Series([b for _, b in sorted_ends], dtype=pl.String)
        frames[table] = frame.with_columns(**made)
    return frames


def disclosed_columns(audience: Audience) -> dict[str, dict[str, str]]:
    """For each disclosed table: its columns, each with the committed column that stands for it."""
    return {
        table: {
            column: f"{column}#{_FORMS[table][column]}" if column in _FORMS[table] else column
            for column in TABLES[table][0]
            if column not in withheld
        }
        for table, withheld in _WITHHELD[audience].items()
    }


def redacted_case(case: Case, frames: Mapping[str, pl.DataFrame], audience: Audience) -> Case:
    """The case as an audience sees it.

    Raises:
        BundleError: a ring is so small that figures about it would point at somebody.
    """
    if audience != "legal":
        _check_sizes(case, audience)
    return Case(
        case.ring_ids, audience, redacted_tables(frames, audience), public_facts(case.facts), hidden(audience)
    )


def redacted_tables(frames: Mapping[str, pl.DataFrame], audience: Audience) -> dict[str, pl.DataFrame]:
    """The disclosed tables, in their schema; a withheld column is there and empty."""
    tables = {}
    for table, columns in disclosed_columns(audience).items():
        schema: Mapping[str, Any] = TABLES[table][0]
        cells = [
            pl.col(columns[column]).alias(column) if column in columns else pl.lit(None, dtype).alias(column)
            for column, dtype in schema.items()
        ]
        tables[table] = ordered(table, frames[table].select(cells))
    return tables


def hidden(audience: Audience) -> frozenset[str]:
    """Withheld columns, as table.column."""
    withheld = _WITHHELD.get(audience, {})
    return frozenset(f"{table}.{column}" for table, columns in withheld.items() for column in columns)


def public_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a run that tell nothing of its signals."""
    return {name: value for name, value in facts.items() if name not in _PRIVATE_FACTS}


def expected_facts(audience: Audience) -> tuple[str, ...]:
    """Names of the facts that an audience's bundle states of the run."""
    return tuple(name for name in (*FACTS, *MORE_FACTS) if audience == "full" or name not in _PRIVATE_FACTS)


def redaction_log(audience: Audience, ring_ids: tuple[str, ...]) -> dict[str, Any]:
    """What was left out or replaced, table by table, and why."""
    shown = disclosed_columns(audience)
    return {
        "audience": audience,
        "rings": list(ring_ids),
        "tables": {
            table: {
                "replaced": {column: form for column, form in forms.items() if column in shown[table]},
                "withheld": list(_WITHHELD[audience][table]),
            }
            for table, forms in _FORMS.items()
            if table in shown
        },
        "tables_left_out": [*sorted(set(TABLES) - set(shown)), "signals"],
        "facts_left_out": list(_PRIVATE_FACTS),
        "k_anonymity": K_ANONYMITY,
        "rules": [
            "Identifiers and values are keyed tokens: a token is the same value throughout this case only.",
            f"A class of value that fewer than {K_ANONYMITY} accounts share is left out.",
            f"A count of accounts from which a group of fewer than {K_ANONYMITY} would follow is withheld.",
            "The order of rows is by token and says nothing of the order of the identifiers.",
            f"Identifiers of fewer than {SHORTEST} characters are not replaced in prose.",
            "No digest of a file of the full bundle is given, since it could be undone by guessing.",
        ],
    }


def _form(
    frame: pl.DataFrame,
    column: str,
    form: str,
    key: bytes,
    replace: Callable[[str | None], str | None],
    common: frozenset[tuple[str, str]],
) -> pl.Series:
    cells = frame[column]
    if form == "day":
        return cells.dt.truncate("1d")
    if form == "text":
        words = [replace(cell) for cell in cells]
        if "kind" in frame.columns:
            rare = zip(words, frame["signal"], frame["kind"], strict=True)
            words = [
                _without(text, kind) if (name, kind) not in common else text for text, name, kind in rare
            ]
        return pl.Series(words, dtype=pl.String)
    if form == "common":
        pairs = zip(frame["signal"], cells, strict=True)
        return pl.Series([kind if (name, kind) in common else None for name, kind in pairs], dtype=pl.String)
    kinds = frame["signal"] if column == "value" else ["account"] * frame.height
    tokens = [
        None if cell is None else token(key, kind, cell) for kind, cell in zip(kinds, cells, strict=True)
    ]
    return pl.Series(tokens, dtype=pl.String)


def _common_kinds(case: Case) -> frozenset[tuple[str, str]]:
    counted = (
        case.tables["holdings"].group_by("signal", "kind").agg(pl.col("account_id").n_unique().alias("n"))
    )
    return frozenset(counted.filter(pl.col("n") >= K_ANONYMITY).select("signal", "kind").iter_rows())


def _without(text: str | None, kind: str | None) -> str | None:
    if text is None or not kind:
        return text
    return re.sub(rf"(?<!\w){re.escape(kind)}(?!\w)", "(class withheld)", text)


def _prose_redactor(case: Case, key: bytes) -> Callable[[str | None], str | None]:
    """A function that puts tokens for all identifiers and values of the case into a text."""
    tokens: dict[str, str] = {}
    for table in ("holdings", "evidence"):
        for signal, value in (
            case.tables[table].select("signal", "value").unique().sort("signal", "value").iter_rows()
        ):
            if value is not None:
                tokens[value] = token(key, signal, value)
    for table, column in (("members", "account_id"), ("links", "account_a"), ("links", "account_b")):
        tokens |= {value: token(key, "account", value) for value in case.tables[table][column]}
    long = {value: text for value, text in tokens.items() if len(value) >= SHORTEST}
    # Values with white space in them, which no single word of a text can be.
    broken = sorted((value for value in long if re.search(r"[^\w.:@+/-]", value)), key=len, reverse=True)

    def replace(text: str | None) -> str | None:
        if text is None:
            return None
        for value in broken:
            text = text.replace(value, long[value])
        return re.sub(r"[\w.:@+/-]+", lambda word: _token_of(word.group(0), long), text)

    return replace


def _token_of(word: str, tokens: Mapping[str, str]) -> str:
    """A word with the identifier in it replaced, punctuation at its ends apart."""
    if word in tokens:
        return tokens[word]
    bare = word.strip(".:/-@+")
    if bare in tokens:
        return word.replace(bare, tokens[bare])
    signal, _, value = word.partition(":")
    if value in tokens:  # the form of a weakest point
        return f"{signal}:{tokens[value]}"
    parts = re.split(r"([:/@+-])", word)
    return "".join(tokens.get(part, part) for part in parts)


def _check_sizes(case: Case, audience: Audience) -> None:
    small = [ring for ring in case.ring_ids if len(case.accounts(ring)) < K_ANONYMITY]
    if small:
        raise BundleError(
            f"the ring {small[0]} has fewer than {K_ANONYMITY} accounts",
            f"rings of at least {K_ANONYMITY} accounts for the audience {audience}",
            "figures about fewer would point at somebody; use the audience legal",
        )
