from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graphattr.errors import QueryError
from graphattr.store.readonly import MAX_CHARS, OPENINGS, REFUSED, read_only


@pytest.mark.parametrize(
    "text",
    [
        "MATCH (n) RETURN n",
        "  match (n) return n.set, n . create, $delete",
        "RETURN 'CREATE (n)', \"it's a DROP\", `CALL`",
        "RETURN 'a \\' CREATE' AS x",
        "RETURN 1.5, 1., 1..2",
        "OPTIONAL MATCH (n) RETURN creator, settings, dropped",
        "RETURN 1;",
        "UNWIND [1] AS x WITH x AS start RETURN start ORDER BY start",
    ],
)
def test_reading_passes_unchanged(text: str) -> None:
    assert read_only(text, {"delete"}) == text.strip().removesuffix(";")


@pytest.mark.parametrize(
    "text",
    [
        "RETURN 1 // CREATE (n)\nAS x",
        "RETURN 1 /* ' */ AS x",
        'RETURN 1 /* " CREATE (n) */ AS x',
        "// CREATE\nRETURN 1 AS x",
        "RETURN 1 AS x //",
    ],
)
def test_comments_go(text: str) -> None:
    sent = read_only(text)
    assert "CREATE" not in sent
    assert "/" not in sent
    assert sent.split() == ["RETURN", "1", "AS", "x"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("MATCH (n) SET n.x = 1", "SET in a query"),
        ("MATCH (n) sEt n.x = 1", "SET in a query"),
        ("RETURN 'a' CREATE (n)", "CREATE in a query"),
        (
            "RETURN 'a\\\\' CREATE (n) RETURN 'b'",
            "CREATE in a query",
        ),  # the backslash is escaped, the string ends
        ("RETURN 1 // comment\rCREATE (n)", "CREATE in a query"),  # a carriage return ends a comment
        ("RETURN 1 /* a */ CREATE (n) /* b */", "CREATE in a query"),
        ("RETURN `a` CREATE (n)", "CREATE in a query"),
        ("RETURN `a``CREATE (n)", "never closed"),
        ("RETURN 1.CREATE (n)", "CREATE in a query"),  # a number may end in a dot
        ("MATCH (n) WITH n CALL { CREATE (m) } RETURN n", "CALL in a query"),
        ("\\u0043REATE (n)", "escape"),
        ("RETURN '\\u0027 CREATE (n) //'", "escape"),  # Neo4j would see the string end
        ("RETURN 1; MATCH (n) DELETE n", "more than one statement"),
        ("RETURN 1;;", "more than one statement"),
        ("RETURN 'open", "never closed"),
        ("RETURN 1 /* open", "never closed"),
        ("EXPLAIN MATCH (n) RETURN n", "begins with EXPLAIN"),
        ("CHECKPOINT", "begins with CHECKPOINT"),
        ("SHOW DATABASES", "begins with SHOW"),
        ("BEGIN TRANSACTION", "begins with BEGIN"),
        ("(n)", "begins with N"),
        ("", "empty query"),
        (" // nothing", "empty query"),
        ("RETURN $one + $two", r"no value for \$two"),
        ("RETURN $`two`", r"no value for \$`two`"),
        ("RETURN $2", r"no value for \$2"),
        ("RETURN " + "1" * MAX_CHARS, "characters"),
    ],
)
def test_more_than_reading_is_refused(text: str, named: str) -> None:
    with pytest.raises(QueryError, match=named):
        read_only(text, {"one"})


WORDS = st.sampled_from(sorted(REFUSED))
TEXT = st.text(alphabet=st.characters(exclude_characters="\\", exclude_categories=["Cs"]))


@given(WORDS, TEXT)
@example("CREATE", "'")
def test_a_refused_word_outside_quotes_is_always_seen(word: str, text: str) -> None:
    """Whatever quoted text stands before it, by way of parameters or quotes well closed."""
    quoted = "'" + text.replace("'", "") + "'"
    with pytest.raises(QueryError):
        read_only(f"MATCH (n) WHERE n.x = {quoted} {word.lower()} n")


@given(WORDS, TEXT)
def test_a_refused_word_in_quotes_is_text(word: str, text: str) -> None:
    quoted = '"' + text.replace('"', "") + word + '"'
    assert read_only(f"RETURN {quoted} AS x") == f"RETURN {quoted} AS x"


@given(TEXT)
def test_any_text_is_answered_or_refused(text: str) -> None:
    try:
        sent = read_only(text)
    except QueryError:
        return
    assert sent.split()[0].upper().split("(")[0][:2] in {word[:2] for word in OPENINGS}
