"""The JSON papers of a bundle, each a pure function of the case, its figures and its commitments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from graphattr.evidence.canonical import canonical, document, sha256
from graphattr.evidence.case import Case, key_of
from graphattr.evidence.document import as_json
from graphattr.evidence.explain import RingPage
from graphattr.evidence.figures import K_ANONYMITY, Figures, to_json
from graphattr.evidence.report import NO_ERROR_RATES
from graphattr.evidence.tables import schema_of
from graphattr.evidence.words import VERBAL_SCALE
from graphattr.records import HYPOTHESES, INNOCENT

_DEFINITIONS: Final = {
    "link": "two accounts share a controller",
    "ring": "a set of accounts is under common control",
    "attribution": "which explanation fits a ring, and perhaps which known operator",
}


def schema(case: Case) -> dict[str, Any]:
    """schema.json: columns with types, and the sort key, of each table."""
    return {name: {"columns": schema_of(frame), "key": key_of(name)} for name, frame in case.tables.items()}


def figures_paper(figures: Figures, table_digests: Mapping[str, str], case_id: str) -> dict[str, Any]:
    """figures.json: every figure of the report and of the papers."""
    return {
        "case": case_id,
        "audience": figures.case.audience,
        "k_anonymity": K_ANONYMITY,
        "figures": [to_json(figure, table_digests) for figure in figures.all()],
    }


def hypotheses_paper(figures: Figures) -> dict[str, Any]:
    """Every hypothesis of every ring, with the evidence matrix where the audience gets it."""
    case = figures.case
    rings = []
    for ring in case.ring_ids:
        row = case.of_ring("rings", ring).row(0, named=True)
        rings.append(
            {
                "ring_id": ring,
                "hypotheses": [_hypothesis(figures, ring, name) for name in HYPOTHESES],
                "log10_factor": [row["log10_bf_low"], row["log10_bf_high"]],
                "factor_cap": row["bf_cap"],
                "factor_of": "single operator or reseller, against the best innocent explanation",
                "matrix": _matrix(case, ring),
                "sensitivity": _sensitivity(figures, ring, row["hypothesis"]),
            }
        )
    scale = [{"from_log10_factor": floor, "words": words} for floor, words in VERBAL_SCALE]
    return {
        "rings": rings,
        "verbal_scale": scale,
        "verbal_scale_source": "ENFSI guideline on evaluative reporting",
    }


def _hypothesis(figures: Figures, ring: str, name: str) -> dict[str, Any]:
    return {
        "hypothesis": name,
        "innocent": name in INNOCENT,
        "prior": figures.get("hypothesis.prior", ring, name).value,
        "probability": figures.get("hypothesis.p", ring, name).value,
        "log10_lr_sum": figures.get("hypothesis.sum", ring, name).value,
    }


def _matrix(case: Case, ring: str) -> list[dict[str, Any]] | None:
    return list(case.of_ring("matrix", ring).iter_rows(named=True)) if case.has("matrix") else None


def _sensitivity(figures: Figures, ring: str, hypothesis: str) -> dict[str, Any] | None:
    """Probability of the ring's hypothesis with each statistic left out."""
    if not figures.case.has("matrix"):
        return None
    statistics = figures.case.of_ring("matrix", ring)["statistic"].to_list()
    without = {name: figures.get("hypothesis.without", ring, hypothesis, name).value for name in statistics}
    return {"hypothesis": hypothesis, "probability_without": without}


def exculpatory_paper(pages: Mapping[str, RingPage]) -> dict[str, Any]:
    """What speaks against each ring, with the record of every search, whether it found something or not."""
    return {
        "rings": [
            {
                "ring_id": ring,
                "speaks_against": as_json(list(page.speaks_against)),
                "weakest_point": as_json(page.weakest_point),
                "missing": as_json(list(page.missing)),
                "searches": [
                    {
                        "name": search.name,
                        "question": search.question,
                        "looked_in": list(search.tables),
                        "found": search.found,
                        "answer": as_json(search.answer),
                    }
                    for search in page.searches
                ],
            }
            for ring, page in pages.items()
        ]
    }


def method_paper(case: Case) -> dict[str, Any]:
    """Settings, guarantee and error rates."""
    return {
        "definitions": _DEFINITIONS,
        "settings": case.facts["settings"],
        "seed": case.facts["seed"],
        "links": case.facts["links"],
        "stages": case.facts["stages"],
        "guarantee": case.facts["guarantee"],
        "error_rates": {"measured": [], "words": NO_ERROR_RATES},
    }


def environment_paper(case: Case, built_with: Mapping[str, str]) -> dict[str, Any]:
    """Versions: of the run, and of what built the bundle."""
    run = {
        "graphattr": case.facts["graphattr"],
        "packages": case.facts["versions"],
        "schema": case.facts["schema"],
    }
    return {"run": run, "bundle": dict(built_with)}


def provenance_paper(case: Case, figures: Figures, digests: Mapping[str, str]) -> dict[str, Any]:
    """W3C PROV-JSON: signal files, run tables, the bundle's tables, each figure, the report."""
    inputs = {f"input:{name}": digest for name, digest in sorted(case.facts.get("inputs", {}).items())}
    outputs = {f"run:{name}": digest for name, digest in sorted(case.facts.get("outputs", {}).items())}
    tables = {_table_entity(table): digests[table] for table in sorted(case.tables)}
    entity: dict[str, Any] = {
        name: {"graphattr:sha256": digest} for name, digest in (inputs | outputs | tables).items()
    }
    edges = [(made, used, "run") for made in outputs for used in inputs]
    for table in sorted(case.tables):
        source = f"run:{table}.parquet" if case.audience == "full" else _FULL_ROWS
        edges.append((_table_entity(table), source, "select" if case.audience == "full" else "redact"))
    for figure in figures.all():
        name = f"figure:{figure.id}"
        entity[name] = {"graphattr:rule": figure.rule, "graphattr:shown": figure.shown}
        used = [_table_entity(table) if table in case.tables else _FULL_ROWS for table in figure.tables]
        edges += [(name, source, "compute") for source in dict.fromkeys(used)]
        edges.append((_REPORT, name, "report"))
    names = {end for made, used, _ in edges for end in (made, used)}
    return {
        "prefix": {
            name: f"urn:graphattr:{name}:"
            for name in ("graphattr", "input", "run", "bundle", "figure", "full")
        },
        "entity": {name: {} for name in sorted(names)} | entity,
        "activity": {f"graphattr:{name}": {} for name in sorted({activity for _, _, activity in edges})},
        "wasDerivedFrom": {
            f"_:d{number}": {
                "prov:generatedEntity": made,
                "prov:usedEntity": used,
                "prov:activity": f"graphattr:{activity}",
            }
            for number, (made, used, activity) in enumerate(edges)
        },
    }


_FULL_ROWS: Final = "full:rows"
_REPORT: Final = "bundle:data/report/report.html"


def _table_entity(table: str) -> str:
    return f"bundle:data/tables/{table}.jsonl"


def custody_log(events: list[tuple[str, str, dict[str, Any]]]) -> bytes:
    """A hash-chained log: each entry holds the digest of the one before.

    Args:
        events: name, sentence and digests of each step. There are no times: they would differ in every build.
    """
    previous, lines = "0" * 64, []
    for number, (event, what, hashes) in enumerate(events):
        entry = {"number": number, "event": event, "what": what, "sha256": hashes, "previous": previous}
        previous = sha256(canonical(entry))
        lines.append(document({**entry, "entry": previous}))
    return b"".join(lines)
