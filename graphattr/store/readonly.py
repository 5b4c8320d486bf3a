"""Which Cypher a reader may send: a check of the words outside strings, comments and quoted names.

It stands before the stores' own refusals (a read-only database, a read transaction), which do not cover
everything: Ladybug writes files from a read-only database (COPY TO, EXPORT), and Neo4j may read files and
addresses from a read transaction (LOAD CSV, CALL).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from graphattr.errors import QueryError

#: What a query may begin with.
OPENINGS: Final = frozenset({"MATCH", "OPTIONAL", "UNWIND", "WITH", "RETURN"})

#: Clauses that write or reach outside. A statement that only begins with its verb (GRANT, SHOW, EXPORT ...)
#: is kept out by OPENINGS already; those of them that nobody takes for a name are refused twice.
REFUSED: Final = frozenset(
    {"ALTER", "ATTACH", "CALL", "COPY", "CREATE", "DELETE", "DETACH", "DROP", "EXPORT", "FOREACH", "IMPORT"}
    | {"INSERT", "INSTALL", "LOAD", "MERGE", "REMOVE", "SET", "UNINSTALL", "USE"}
)
#: Read-only queries are short; this keeps the check and the store's parser from a text of megabytes.
MAX_CHARS: Final = 50_000

_TOKEN: Final = re.compile(
    r"""(?P<comment>//[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]*|/\*.*?\*/)
    |(?P<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`)
    |(?P<number>\d+(?:\.\d*)?)
    |(?P<word>[^\W\d]\w*)
    |(?P<open>['"`]|/\*)
    |(?P<other>\S)""",
    re.DOTALL | re.VERBOSE,
)
#: Neo4j turns \u0043 into C before it parses, in strings too, so it could hide a word or end a string.
_UNICODE_ESCAPE: Final = re.compile(r"\\[uU]")


def read_only(cypher: str, given: Collection[str] = ()) -> str:
    """The query without its comments, if it only reads.

    The store is sent what was checked, so that it cannot see a comment end elsewhere than here.

    Args:
        cypher: a user's query.
        given: names of the parameters that go with it.

    Raises:
        QueryError: the text could do more than read, cannot be told apart into words, or names a parameter
            that is not given (Ladybug would take it for null).
    """
    if len(cypher) > MAX_CHARS:
        raise QueryError(f"a query of {len(cypher)} characters", f"at most {MAX_CHARS}")
    if _UNICODE_ESCAPE.search(cypher):
        raise QueryError(
            "a \\u escape in the query", "the character itself", "or pass the text as a parameter"
        )
    kept: list[str] = []
    last, words, position = "", 0, 0
    for match in _TOKEN.finditer(cypher):
        text, kind = match.group(), match.lastgroup
        kept += (cypher[position : match.start()], " " if kind == "comment" else text)
        position = match.end()
        if kind == "comment":
            continue
        if kind == "open":
            raise QueryError(f"a {text} that is never closed", "the same mark at the end")
        if last == ";":
            raise QueryError("more than one statement", "one query")
        if last == "$" and text.strip("`") not in given:
            raise QueryError(f"no value for ${text}", "one for every parameter of the query")
        if kind == "word" and last not in (".", "$"):
            words += 1
            _check_word(text.upper(), first=words == 1)
        last = text
    if not words:
        raise QueryError("an empty query", "MATCH ... RETURN ...")
    return "".join(kept).strip().removesuffix(";")


def _check_word(word: str, first: bool) -> None:
    if word in REFUSED:
        raise QueryError(
            f"{word} in a query",
            "a query that only reads",
            f"if {word} is a name here, put it in backticks",
        )
    if first and word not in OPENINGS:
        raise QueryError(f"a query that begins with {word}", f"one of {', '.join(sorted(OPENINGS))}")
