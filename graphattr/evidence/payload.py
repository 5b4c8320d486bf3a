"""The payload of a bundle as a pure function of its sources.

Building and verifying call the same function: a bundle whose derived files are not what its tables say
cannot pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata, resources
from typing import Any, Final

from graphattr import __version__
from graphattr.evidence import html, papers, pdf
from graphattr.evidence.canonical import document, sha256
from graphattr.evidence.case import Case
from graphattr.evidence.figures import K_ANONYMITY, Figures
from graphattr.evidence.redact import redaction_log
from graphattr.evidence.report import TITLE, blocks
from graphattr.evidence.tables import to_csv, to_jsonl, to_parquet

SALT_KEY: Final = "data/secret/salt-key.bin"
CASE: Final = "data/provenance/case.json"
RUN: Final = "data/provenance/run.json"
SCHEMA: Final = "data/tables/schema.json"
FIGURES: Final = "data/report/figures.json"
HTML: Final = "data/report/report.html"
PDF: Final = "data/report/report.pdf"
EXCULPATORY: Final = "data/exculpatory/exculpatory.json"
CUSTODY: Final = "data/custody/log.jsonl"
COMMITMENTS: Final = "data/commitments/commitments.json"
_SELECTED: Final = (
    "The rows of the rings and their members were taken over: every link among the members, and of each "
    "member its most probable link to an account outside, with their evidence."
)
#: What decides the bytes of the report.
_RENDERERS: Final = ("reportlab", "polars", "rfc8785")


@dataclass(frozen=True)
class Sources:
    """All that a payload is made from.

    Attributes:
        figures: over the case's tables.
        case_id: the same for every audience of a case.
        commitments: commitments.json.
        disclosed: cells with salts by file name; none in a full bundle.
        salt_key: full bundle only.
        built_with: versions of what built the bundle.
    """

    figures: Figures
    case_id: str
    commitments: dict[str, Any]
    disclosed: Mapping[str, bytes]
    salt_key: bytes | None
    built_with: dict[str, str]

    @property
    def case(self) -> Case:
        """The case."""
        return self.figures.case


def versions() -> dict[str, str]:
    """Versions that decide the bytes of a bundle."""
    return {"graphattr": __version__} | {name: metadata.version(name) for name in _RENDERERS}


def payload(sources: Sources) -> dict[str, bytes]:
    """Every file under data/ by name.

    Raises:
        BundleError: a cell cannot be written (NaN or an infinity), or a figure cannot be computed.
    """
    case, figures = sources.case, sources.figures
    files = table_files(case)
    digests = {table: sha256(files[f"data/tables/{table}.jsonl"]) for table in case.tables}
    made, pages = blocks(figures, sources.case_id)
    hypotheses = papers.hypotheses_paper(figures)  # asks for figures too, so it comes before figures.json
    files |= sources.disclosed
    files |= {
        CASE: document(case_paper(sources)),
        RUN: document(case.facts),
        SCHEMA: document(papers.schema(case)),
        HTML: html.render(TITLE, made),
        PDF: pdf.render(TITLE, made),
        FIGURES: document(papers.figures_paper(figures, digests, sources.case_id)),
        "data/hypotheses/hypotheses.json": document(hypotheses),
        EXCULPATORY: document(papers.exculpatory_paper(pages)),
        "data/method/method.json": document(papers.method_paper(case)),
        "data/model/model.json": document(case.facts["model"]),
        "data/environment/environment.json": document(papers.environment_paper(case, sources.built_with)),
        "data/provenance/prov.json": document(papers.provenance_paper(case, figures, digests)),
        "data/certification/certification.md": template("certification.md"),
        COMMITMENTS: document(sources.commitments),
    }
    if sources.salt_key is not None:
        files[SALT_KEY] = sources.salt_key
    if case.audience != "full":
        files["data/redaction/log.json"] = document(redaction_log(case.audience, case.ring_ids))
    files[CUSTODY] = papers.custody_log(_events(sources, files, digests))
    return files


def table_files(case: Case) -> dict[str, bytes]:
    """Each table three times."""
    files = {}
    for table, frame in case.tables.items():
        files[f"data/tables/{table}.jsonl"] = to_jsonl(frame)
        files[f"data/tables/{table}.csv"] = to_csv(frame)
        files[f"data/tables/{table}.parquet"] = to_parquet(frame)
    return files


def case_paper(sources: Sources) -> dict[str, Any]:
    """case.json: what this bundle is about and for whom."""
    return {
        "case": sources.case_id,
        "audience": sources.case.audience,
        "rings": list(sources.case.ring_ids),
        "k_anonymity": K_ANONYMITY,
        "built_with": sources.built_with,
        "root": sources.commitments["root"],
    }


def template(name: str) -> bytes:
    """A text that stands in every bundle as it is."""
    return resources.files("graphattr.evidence").joinpath("templates", name).read_bytes()


def _events(
    sources: Sources, files: Mapping[str, bytes], digests: dict[str, str]
) -> list[tuple[str, str, dict[str, Any]]]:
    case, facts = sources.case, sources.case.facts
    root = {"root": sources.commitments["root"]}
    if case.audience == "full":
        start: list[tuple[str, str, dict[str, Any]]] = [
            ("signals read", "The run read these signal files.", facts["inputs"]),
            ("run finished", f"graphattr {facts['graphattr']} wrote these files.", facts["outputs"]),
            ("rows selected", _SELECTED, digests),
            ("rows committed", "Every cell became a leaf of the salted hash tree.", root),
        ]
    else:
        start = [
            ("rows committed", "Every cell of the full bundle became a leaf of the salted hash tree.", root),
            ("rows redacted", f"The rows were redacted for the audience {case.audience}.", digests),
        ]
    made = {name: sha256(files[name]) for name in (FIGURES, HTML, PDF, EXCULPATORY)}
    return [
        *start,
        ("report made", "Figures, report and exculpatory part were computed from the rows.", made),
    ]
