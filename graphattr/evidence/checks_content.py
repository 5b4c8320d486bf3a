"""Verification, second half: what the files say, computed again from the tables.

Each check takes the bundle as it stands, returns what it checked, and raises ValueError.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from graphattr.evidence import bag
from graphattr.evidence.assemble import assemble
from graphattr.evidence.canonical import canonical, parse, sha256
from graphattr.evidence.case import BUNDLED, Case, key_of
from graphattr.evidence.consistency import problems
from graphattr.evidence.disclosure import check_disclosed
from graphattr.evidence.document import Quote, part_text
from graphattr.evidence.figures import Figures, from_json, to_json
from graphattr.evidence.html import Reader
from graphattr.evidence.opened import Opened
from graphattr.evidence.payload import (
    COMMITMENTS,
    CUSTODY,
    EXCULPATORY,
    FIGURES,
    HTML,
    RUN,
    SALT_KEY,
    SCHEMA,
    Sources,
    payload,
    template,
    versions,
)
from graphattr.evidence.redact import disclosed_columns, expected_facts, hidden
from graphattr.evidence.report import quotable
from graphattr.evidence.rules import RULES
from graphattr.evidence.tables import TYPES, from_jsonl, parquet_difference, sort_error, to_csv
from graphattr.evidence.words import forbidden_word


def tables(opened: Opened) -> str:
    """JSON Lines is canonical and sorted; CSV and Parquet say the same."""
    schema, frames = parse(opened.files[SCHEMA]), {}
    for name, stated in schema.items():
        if stated["key"] != key_of(name):
            raise ValueError(f"{SCHEMA} sorts {name} by another key")
        if name in BUNDLED:
            expected = {
                column: dtype() if isinstance(dtype, type) else dtype
                for column, dtype in BUNDLED[name][0].items()
            }
            if [(c, TYPES[t]) for c, t in stated["columns"]] != list(expected.items()):
                raise ValueError(f"{SCHEMA} gives {name} other columns than graphattr's")
        path = f"data/tables/{name}"
        try:
            frame = from_jsonl(opened.files[f"{path}.jsonl"], stated["columns"])
        except ValueError as error:
            raise ValueError(f"{path}.jsonl: {error}") from error
        wrong = sort_error(frame, stated["key"])
        if wrong:
            raise ValueError(f"{path}.jsonl: {wrong}")
        if opened.files[f"{path}.csv"] != to_csv(frame):
            raise ValueError(f"{path}.csv does not say what {path}.jsonl says")
        wrong = parquet_difference(opened.files[f"{path}.parquet"], frame)
        if wrong:
            raise ValueError(f"{path}.parquet does not say what {path}.jsonl says: {wrong}")
        frames[name] = frame
    audience = opened.identity["audience"]
    facts = parse(opened.files[RUN])
    if set(facts) != set(expected_facts(audience)):
        raise ValueError(f"{RUN} does not state what this audience gets of the run")
    opened.case = Case(tuple(opened.identity["rings"]), audience, frames, facts, hidden(audience))
    rows = sum(frame.height for frame in frames.values())
    return f"{rows} rows in {len(frames)} tables, alike in three formats"


def commitments(opened: Opened) -> str:
    """The salted hash tree is that of the rows."""
    stated = parse(opened.files[COMMITMENTS])
    if stated["root"] != opened.root:
        raise ValueError("its root is not the one that case.json names")
    opened.commitments = stated
    if opened.audience == "full":
        made = assemble(opened.case, opened.files[SALT_KEY], "full")
        if made.commitments != stated or made.case_id != opened.case_id:
            raise ValueError("the tree over the rows, with this salt key, is another one")
        return f"every cell of {len(stated['tables'])} tables, with its salt"
    columns = disclosed_columns(opened.identity["audience"])
    check_disclosed(opened.files, stated, opened.case.tables, columns)
    return f"the disclosed cells of {len(columns)} tables are leaves of the tree of the full bundle"


def consistency(opened: Opened) -> str:
    """The tables agree with each other."""
    found = problems(opened.case)
    if found:
        raise ValueError(found)
    return "sizes, sums of evidence, probabilities, factors, tiers, and the signal rows that are named"


def figures(opened: Opened) -> str:
    """Every figure, by its rule, from the tables."""
    stated = parse(opened.files[FIGURES])
    entries = stated["figures"]
    for entry in entries:
        if entry["carried"]:
            figure = from_json(entry, RULES)
            if opened.audience == "full" or all(opened.case.has(need) for need in RULES[figure.rule].needs):
                raise ValueError(
                    f"the figure {figure.id} claims to be carried over, but can be computed here"
                )
            opened.stated[figure.id] = figure
    opened.figures = Figures(opened.case, RULES, stated=opened.stated)
    digests = {table: sha256(opened.files[f"data/tables/{table}.jsonl"]) for table in opened.case.tables}
    for entry in entries:
        made = to_json(opened.figures.get(entry["rule"], *entry["args"]), digests)
        if made != entry:
            raise ValueError(f"the figure {entry['id']} is {made['value']} by its rule, not {entry['value']}")
    if len({entry["id"] for entry in entries}) != len(entries):
        raise ValueError("a figure stands twice")
    return f"{len(entries)} figures, {len(opened.stated)} of them carried over from the full bundle"


def exculpatory(opened: Opened) -> str:
    """What speaks against is there: for every ring the record of every search."""
    if EXCULPATORY not in opened.files:
        raise ValueError("the part that says what speaks against is missing")
    rings = parse(opened.files[EXCULPATORY])["rings"]
    if [ring["ring_id"] for ring in rings] != list(opened.case.ring_ids):
        raise ValueError("it is not about every ring")
    for ring in rings:
        found = [search["answer"] for search in ring["searches"] if search["found"]]
        if not ring["searches"] or ring["speaks_against"] != found:
            raise ValueError(f"of {ring['ring_id']} it does not say what its searches found")
    return f"{sum(len(ring['searches']) for ring in rings)} searches for what speaks against"


def words(opened: Opened) -> str:
    """No word that decides what is not ours to decide; values and identifiers are left out of it."""
    reader = _read_report(opened)
    texts = {HTML: " ".join(reader.prose)}
    for name in ("evidence", "matrix", "rings"):
        if name in opened.case.tables:
            texts[f"data/tables/{name}.jsonl"] = _prose_of(opened.case, name)
    texts[RUN] = " ".join(sorted(quotable(opened.case.facts)))
    texts |= {name: opened.files[name].decode() for name in opened.files if name.endswith(".md")}
    searched = parse(opened.files[EXCULPATORY])["rings"]
    texts[EXCULPATORY] = " ".join(search["question"] for ring in searched for search in ring["searches"])
    for name, text in texts.items():
        word = forbidden_word(text)
        if word:
            raise ValueError(f"{name} says {word!r}")
    return f"{len(texts)} texts say alleged and consistent with, and nothing that only a court can say"


def _prose_of(case: Case, table: str) -> str:
    frame = case.tables[table]
    if "reason" not in frame.columns:
        return ""
    values = [column for column in ("value", "account_a", "account_b") if table == "evidence"]
    prose = []
    for reason, *foreign in frame.select("reason", *values).unique().iter_rows():
        text = reason or ""
        for value in filter(None, foreign):
            text = text.replace(value, " ")
        prose.append(text)
    return "\n".join(prose)


def report(opened: Opened) -> str:
    """Every number in the report is a figure, nothing in it is hidden, and nothing runs."""
    reader = _read_report(opened)
    for fault in (*reader.hidden, *reader.faults):
        raise ValueError(fault)
    return "every number is a figure, every quotation stands in a table, no element hides or runs anything"


def _read_report(opened: Opened) -> Reader:
    quoted = {"", *quotable(opened.case.facts)}
    for frame in opened.case.tables.values():
        if "reason" in frame.columns:
            quoted |= set(frame["reason"].drop_nulls())
    stated = {entry["id"]: entry["shown"] for entry in parse(opened.files[FIGURES])["figures"]}
    reader = Reader(stated, {part_text(Quote(str(text))) for text in quoted})
    reader.feed(opened.files[HTML].decode("utf-8"))
    reader.close()
    return reader


_EVENTS: Final = {
    True: ["signals read", "run finished", "rows selected", "rows committed", "report made"],
    False: ["rows committed", "rows redacted", "report made"],
}


def custody(opened: Opened) -> str:
    """The log is whole: numbered, chained by digests, and ending with the files that are here."""
    previous, events = "0" * 64, []
    lines = opened.files[CUSTODY].split(b"\n")[:-1]
    for number, line in enumerate(lines):
        entry = parse(line + b"\n")
        digest = entry.pop("entry")
        if entry["number"] != number or entry["previous"] != previous or sha256(canonical(entry)) != digest:
            raise ValueError(f"the chain breaks at its entry {number}")
        previous = digest
        events.append(entry)
    if [event["event"] for event in events] != _EVENTS[opened.audience == "full"]:
        raise ValueError("the log does not hold every step of the making")
    for name, stated in events[-1]["sha256"].items():
        if sha256(opened.files[name]) != stated:
            raise ValueError(f"{name} is not the file that the log names")
    return f"{len(events)} entries, chained"


def rebuild(opened: Opened) -> str:
    """Every payload file, derived again from tables and facts, is the same; so are the texts beside it."""
    sources = Sources(
        figures=Figures(opened.case, RULES, stated=opened.stated),
        case_id=opened.case_id,
        commitments=opened.commitments,
        disclosed={name: data for name, data in opened.files.items() if name.startswith("data/disclosed/")},
        salt_key=opened.files.get(SALT_KEY),
        built_with=opened.identity["built_with"],
    )
    made = payload(sources)
    made |= {"VERIFY.md": template("VERIFY.md"), "verify.sh": template("verify_sh.txt")}
    different = difference(opened, made)
    if different:
        raise ValueError(_explained(different, sources))
    return f"{len(made)} files derived again from tables and facts are the same, the PDF included"


def difference(opened: Opened, made: Mapping[str, bytes]) -> str | None:
    """The first payload file that is not as made again. Parquet was compared by its rows, not its bytes."""
    present, _ = bag.split(opened.files)
    for name in sorted(set(present) | set(made)):
        if opened.files.get(name) != made.get(name) and not (name in made and name.endswith(".parquet")):
            return name
    return None


def _explained(name: str, sources: Sources) -> str:
    here, there = versions(), sources.built_with
    other = [
        f"{package} {there.get(package)} (here {here[package]})"
        for package in here
        if here[package] != there.get(package)
    ]
    if other:
        with_what = ", ".join(other)
        return (
            f"{name} is not what the tables give; it was built with {with_what}: verify with these versions"
        )
    return f"{name} is not what the tables and facts of this bundle give"
