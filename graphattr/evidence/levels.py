"""The two levels of a reseller's accounts: who runs them, and the tenants who use them."""

from __future__ import annotations

from typing import Final

from graphattr.evidence.document import Sentence
from graphattr.evidence.figures import Figures
from graphattr.evidence.rulebook import cell

#: A reseller at least this likely has its levels told apart.
LIKELY: Final = 0.1


def levels(figures: Figures, ring_id: str) -> tuple[Sentence, ...]:
    """What is said of the tenants, where a reseller may run the ring's accounts; nothing elsewhere.

    The number of tenants is told from below: accounts with private work in common may serve one tenant or a pool of
    them (docs/decisions/0016-two-levels-of-a-reseller.md).
    """
    likely = cell(figures.case.of_ring("rings", ring_id), "p_reseller")
    if likely is None or likely < LIKELY:
        return ()
    said: list[Sentence] = [
        (
            "If a reseller runs these accounts, the ring is about who runs them. Who uses them, its tenants, may know"
            " nothing of it: what an account was used for is not shown to be the reseller's own.",
        )
    ]
    if not (figures.case.has("matrix.value") and figures.case.has("matrix.n")):
        return tuple(said)
    sets = figures.get("ring.work_sets", ring_id)
    if sets.value is not None:
        accounts = figures.get("ring.workers", ring_id)
        said.append(
            (
                "The accounts with known templates (", accounts, ") fall into sets without private work in common: ",
                sets, ". That is consistent with as many tenants or more: a single set is what a pool looks like that"
                " serves all tenants, as many sets as accounts is what an account for each tenant looks like.",
            )
        )  # fmt: skip
    return tuple(said)
