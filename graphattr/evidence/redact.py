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
from collections.abc import Collection, Mapping
from typing import Any, Final

import polars as pl

from graphattr.errors import BundleError
from graphattr.evidence.case import AUDIENCES, BUNDLED, FACTS, MORE_FACTS, Audience, Case, ordered
from graphattr.evidence.commitments import token
from graphattr.evidence.figures import K_ANONYMITY

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
        "conditions": (),
    },
    "policy": {"rings": ("operator", "operator_probability", "weakest_point"), "matrix": ("value", "n")},
    "public": {"rings": ("operator", "operator_probability", "weakest_point")},
}

#: Facts of the run that a redacted bundle leaves out: digests of personal data, and where it lies.
_PRIVATE_FACTS: Final = ("inputs", "outputs", "store")


def committed_frames(case: Case, key: bytes) -> dict[str, pl.DataFrame]:
    """Every table of a full case, with a column `<column>#<form>` for each form of `_FORMS`."""
    frames = dict(case.tables)
    tokens, common = _Tokens(case, key), _common_kinds(case)
    for table, forms in _FORMS.items():
        frame = case.tables[table]
        made = {
            f"{column}#{form}": _form(frame, column, form, tokens, common) for column, form in forms.items()
        }
        if "account_a" in forms:
            ends = zip(made["account_a#token"], made["account_b#token"], strict=True)
            sorted_ends = [sorted(pair) for pair in ends]
            made["account_a#token"] = pl.Series([a for a, _ in sorted_ends], dtype=pl.String)
            made["account_b#token"] = pl.Series([b for _, b in sorted_ends], dtype=pl.String)
        frames[table] = frame.with_columns(**made)
    return frames


def open_columns() -> dict[str, frozenset[str]]:
    """For each table the committed columns that some audience gets."""
    found: dict[str, frozenset[str]] = {}
    for audience in AUDIENCES:
        if audience != "full":
            for table, columns in disclosed_columns(audience).items():
                found[table] = found.get(table, frozenset()) | frozenset(columns.values())
    return found


def disclosed_columns(audience: Audience) -> dict[str, dict[str, str]]:
    """For each disclosed table: its columns, each with the committed column that stands for it."""
    return {
        table: {
            column: f"{column}#{forms[column]}" if column in forms else column
            for column in BUNDLED[table][0]
            if column not in withheld
        }
        for table, withheld in _WITHHELD[audience].items()
        for forms in (_FORMS.get(table, {}),)
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
        schema: Mapping[str, Any] = BUNDLED[table][0]
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
        "tables_left_out": [*sorted(set(BUNDLED) - set(shown)), "signals"],
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
    frame: pl.DataFrame, column: str, form: str, tokens: _Tokens, common: frozenset[tuple[str, str]]
) -> pl.Series:
    cells = frame[column]
    if form == "day":
        return cells.dt.truncate("1d")
    if form == "common":
        pairs = zip(frame["signal"], cells, strict=True)
        return pl.Series([kind if (name, kind) in common else None for name, kind in pairs], dtype=pl.String)
    if form == "token":
        kinds = frame["signal"] if column == "value" else ["account"] * frame.height
        return pl.Series(
            [tokens.of(kind, cell) for kind, cell in zip(kinds, cells, strict=True)], dtype=pl.String
        )
    if "value" not in frame.columns or "signal" not in frame.columns:
        return pl.Series([tokens.in_prose(cell) for cell in cells], dtype=pl.String)
    rows = frame.select("signal", "kind", "value", "account_a", "account_b", column).iter_rows()
    return pl.Series(
        [
            _without(tokens.in_prose(text, own), kind if (signal, kind) not in common else None)
            for signal, kind, *own, text in rows
        ],
        dtype=pl.String,
    )


def _common_kinds(case: Case) -> frozenset[tuple[str, str]]:
    counted = (
        case.tables["holdings"].group_by("signal", "kind").agg(pl.col("account_id").n_unique().alias("n"))
    )
    return frozenset(counted.filter(pl.col("n") >= K_ANONYMITY).select("signal", "kind").iter_rows())


def _without(text: str | None, kind: str | None) -> str | None:
    if text is None or not kind:
        return text
    return re.sub(rf"(?<!\w){re.escape(kind)}(?!\w)", "(class withheld)", text)


class _Tokens:
    """Tokens of a case's identifiers and values, and prose with them in it."""

    def __init__(self, case: Case, key: bytes) -> None:
        self._key = key
        self._known: dict[tuple[str, str], str] = {}
        self._words: dict[str, str] = {}
        named = [case.tables[table].select("signal", "value") for table in ("holdings", "evidence")]
        pairs = pl.concat(named).drop_nulls().unique().sort("signal", "value")
        self._tokens = {value: self._made(signal, value) for signal, value in pairs.iter_rows()}
        for table, column in (("members", "account_id"), ("links", "account_a"), ("links", "account_b")):
            self._tokens |= {value: self._made("account", value) for value in case.tables[table][column]}
        self._tokens = {value: made for value, made in self._tokens.items() if len(value) >= SHORTEST}
        # What no single word of a text can be (a name with a space in it), the longest first.
        self._broken = sorted(
            (v for v in self._tokens if _WORD.fullmatch(v) is None), key=lambda v: (-len(v), v)
        )

    def of(self, kind: str, value: str | None) -> str | None:
        """The token of a value."""
        return None if value is None else self._made(kind, value)

    def in_prose(self, text: str | None, own: Collection[str | None] | None = None) -> str | None:
        """A text with tokens in it; `own`: the values that it can speak of, if it is a row's reason."""
        if text is None:
            return None
        for value in self._broken if own is None else filter(None, own):
            if value in self._tokens:
                text = text.replace(value, self._tokens[value])
        return _WORD.sub(lambda word: self._word(word.group(0)), text)

    def _made(self, kind: str, value: str) -> str:
        if (kind, value) not in self._known:
            self._known[kind, value] = token(self._key, kind, value)
        return self._known[kind, value]

    def _word(self, word: str) -> str:
        if word not in self._words:
            self._words[word] = _token_of(word, self._tokens)
        return self._words[word]


#: A word that may be, or hold, an identifier.
_WORD: Final = re.compile(r"[\w.:@+/-]+")


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
