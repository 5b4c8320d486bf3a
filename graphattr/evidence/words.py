"""The words of a report: neutral ones, and those that no bundle may say."""

from __future__ import annotations

import re
from typing import Final

from graphattr.records import Status

#: How each hypothesis is said after "consistent with".
HYPOTHESIS_WORDS: Final = {
    "single_operator": "a single operator",
    "contractors": "contractors who work for one principal",
    "reseller": "a reseller whose accounts carry others' traffic",
    "organisation": "a lawful organisation",
    "shared_infrastructure": "shared infrastructure (a household, an exit, a network)",
    "compromised": "compromised accounts of unrelated people",
    "coincidence": "coincidence",
}

STATUS_WORDS: Final = {
    Status.ATTRIBUTED: "alleged: the error control of the method lets common control be alleged",
    Status.LEAD: "a lead: worth looking into, and not a finding",
    Status.NOT_ATTRIBUTABLE: "not attributable: the evidence does not carry an allegation",
}

#: Verbal scale for a factor in favour of a hypothesis: from log10 factor, words (after the ENFSI guideline
#: for evaluative reporting, 2015, 2.4).
VERBAL_SCALE: Final = (
    (0.0, "no support"),
    (0.30103, "weak support"),
    (1.0, "moderate support"),
    (2.0, "moderately strong support"),
    (3.0, "strong support"),
    (4.0, "very strong support"),
    (6.0, "extremely strong support"),
)

#: Words that decide what only a court, or nobody, can decide.
FORBIDDEN: Final = re.compile(
    r"\b(guilt\w*|prove[nds]?|proving|proof positive|confirmed?\s+criminals?|criminals?|fraudsters?|crooks?|"
    r"culprits?|perpetrators?|offenders?|beyond (?:any )?(?:reasonable )?doubt|undoubtedly|certainly|"
    r"definitely|convicted|scammers?|thie(?:f|ves)|liars?|malicious actors?)\b",
    re.IGNORECASE,
)


def forbidden_word(text: str) -> str | None:
    """The first word in a text that a bundle may not say, or None."""
    found = FORBIDDEN.search(text)
    return found.group(0) if found else None


def support(log10_factor: float) -> str:
    """The verbal scale's words for a factor of at least one."""
    return [words for floor, words in VERBAL_SCALE if log10_factor >= floor][-1]
