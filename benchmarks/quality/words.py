"""What the figures say, in sentences made from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.quality import methods
from benchmarks.quality.measures import difference
from benchmarks.quality.tables import figure, ring_figure
from graphattr.evaluate.bootstrap import Estimate

Outcome = dict[str, Any]


def naive(worlds: Sequence[Outcome], family: str) -> str:
    """How components and modularity do beside the product."""
    lines = [f"In words, on family {family}:"]
    for name in (methods.COMPONENTS, methods.CAPPED, methods.LEIDEN, methods.LOUVAIN, methods.LEIDEN_TUNED):
        precision, recall, mixed, exposed, everybody = (
            ring_figure(worlds, name, key) for key in ("precision", "recall", "mixed", "exposed", "f1_all")
        )
        if precision.value is None:
            continue
        lines.append(
            f"- {name}: precision {figure(precision)} at recall {figure(recall)}; of the accounts in its rings that"
            f" hold somebody who is not innocent {figure(mixed, True)} are innocent, and {figure(exposed, True)} of all"
            f" innocents stand in such a ring; F1 over all accounts {figure(everybody)}{_beside(worlds, everybody)}."
        )
    return "\n".join(lines)


def _beside(worlds: Sequence[Outcome], found: Estimate) -> str:
    own = ring_figure(worlds, methods.PRODUCT, "f1_all")
    if own.value is None or found.value is None:
        return ""
    side = "below" if found.value < own.value else "not below"
    return f", {side} graphattr's {own.value:.3f}"


def transfer(first: Sequence[Outcome], second: Sequence[Outcome]) -> str:
    """What boosting and the product lose on the family not learnt on."""
    lines = ["In words:"]
    for name in (methods.BOOSTING, methods.PRODUCT):
        cllr = [[w["scores"][name]["calibrated"]["all"]["cllr"] for w in part] for part in (first, second)]
        f1 = [[w["rings"][name]["f1"] for w in part] for part in (first, second)]
        change, gain = difference(cllr[0], cllr[1]), difference(f1[0], f1[1])
        lines.append(
            f"- {name}: its Cllr is {_moves(change, 'higher', 'lower')} on B than on A, its F1"
            f" {_moves(gain, 'higher', 'lower')}."
        )
    return "\n".join(lines)


def _moves(change: Estimate, up: str, down: str) -> str:
    if change.value is None:
        return "unknown"
    size = Estimate(abs(change.value), None, None, change.n)
    sure = change.low is not None and change.high is not None and (change.low > 0 or change.high < 0)
    interval = (
        ""
        if change.low is None
        else f" (95 % interval of the change {change.low:+.3f} to {change.high:+.3f})"
    )
    doubt = "" if sure else " (not told apart from no change)"
    return f"{figure(size)} {up if change.value > 0 else down}{interval}{doubt}"


def control(worlds: Sequence[Outcome], loosest: Sequence[dict[str, int]]) -> str:
    """What is attributed, and what the leads are worth."""
    attributed = sum(one["accounts"] for one in loosest)
    leads, wrong, innocent = (
        sum(one[f"lead_{name}"] for one in loosest) for name in ("accounts", "wrong", "innocent")
    )
    first = (
        "Nothing is attributed in any of these worlds at any of these alphas, so no promise is broken and none is worth"
        " anything: the power is 0."
        if attributed == 0
        else f"At the largest alpha {attributed:,} accounts are attributed in {len(worlds)} worlds."
    )
    if not leads:
        return f"{first} There are no leads either."
    return (
        f"{first} Leads, which promise nothing: {leads:,} accounts, {wrong / leads:.1%} of them wrong and"
        f" {innocent / leads:.1%} innocent."
    )
