"""From a full case and its salt key to the sources of any audience's payload."""

from __future__ import annotations

from graphattr.evidence.case import Audience, Case
from graphattr.evidence.commitments import Progress, commit, salt_of, statement
from graphattr.evidence.disclosure import disclosed_files
from graphattr.evidence.figures import Figures
from graphattr.evidence.payload import Sources, versions
from graphattr.evidence.redact import committed_frames, disclosed_columns, open_columns, redacted_case
from graphattr.evidence.rules import RULES


def assemble(case: Case, salt_key: bytes, audience: Audience, progress: Progress | None = None) -> Sources:
    """Sources of an audience's payload. The salted hash tree is the same for all of them.

    Raises:
        BundleError: a ring is too small for the audience.
    """
    frames = committed_frames(case, salt_key)
    committed = commit(salt_key, frames, open_columns(), progress)
    case_id = salt_of(salt_key, "case")[:8].hex()
    figures = Figures(case, RULES)
    if audience == "full":
        return Sources(figures, case_id, statement(committed), {}, salt_key, versions())
    columns = disclosed_columns(audience)
    return Sources(
        figures=Figures(redacted_case(case, frames, audience), RULES, full=figures),
        case_id=case_id,
        commitments=statement(committed, tuple(columns)),
        disclosed=disclosed_files(committed, columns),
        salt_key=None,
        built_with=versions(),
    )
