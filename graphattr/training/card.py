"""The model card: what a model was fitted on, how right it was on other worlds, and what it is not for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

LIMITS = """\
- It says how likely two accounts share a controller, never who that is, nor that anything is wrong with them.
- Simulated worlds are guesses of real ones: on other data its calibration is unknown until measured there.
- Kinds of value that are not in the table of curves fall back on field-guided parameters.
- No figure here holds against somebody who knows the model and changes tactics.
"""


def card(facts: dict[str, Any]) -> str:
    """The card as Markdown, from the facts of card.json."""
    return "\n".join(_lines(facts)) + "\n"


def _lines(facts: dict[str, Any]) -> Iterator[str]:
    fitted, measured = facts["fitted_on"], facts["measured_on"]
    yield f"# Model card: {facts['name']}"
    yield ""
    yield f"SHA-256 of its parameters: `{facts['sha256']}`"
    yield ""
    yield (
        f"Fitted on {fitted['pairs']:,} pairs ({fitted['same_controller']:,} of one controller) from"
        f" {fitted['samples']} samples; measured on {measured['pairs']:,} pairs from {measured['samples']} others."
        f" Shared values are measured with the parameters of `{facts['base']['name']}`."
    )
    yield ""
    if "network" in facts:
        yield (
            f"It reads a graph network, SHA-256 `{facts['network']['sha256']}`. {facts['network']['note']} Without the"
            f" network its Cllr on the same pairs is {_figure(facts['figures_without_network']['all'], 'cllr')}."
            + _told_by_strangers(facts["network"]["unseen"])
        )
        yield ""
    yield "## Not for"
    yield ""
    yield LIMITS
    yield "## Figures on candidate pairs that it was not fitted on"
    yield ""
    yield "95 % intervals over worlds. A pair counts in the stratum of either end; knowing nothing costs a Cllr of 1."
    yield ""
    yield "| stratum | pairs | Cllr | Cllr before fitting | Cllr_min | Brier | ECE |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for name, row in facts["figures"].items():
        before = facts["figures_of_base"][name]
        cells = [
            _figure(row, "cllr"),
            _figure(before, "cllr"),
            *(_figure(row, key) for key in ("cllr_min", "brier", "ece")),
        ]
        yield f"| {name.replace('_', ' ') or 'unknown'} | {row['pairs']:,} | {' | '.join(cells)} |"
    yield ""
    if facts["within_limits"] is not None:
        yield (
            "The interval of a link's probability is where nine in ten worlds' own calibration lay. Of each of these"
            f" worlds {100 * facts['within_limits']:.1f} % of the pairs, on average, stand at sums whose calibration"
            " agrees with the limits from the others."
        )
        yield ""
    yield "## Curves"
    yield ""
    yield "log10 likelihood ratio at the least and the most telling value, and the same-controller pairs behind it."
    yield ""
    yield "| evidence | least | most | pairs |"
    yield "| --- | ---: | ---: | ---: |"
    for key, curve in facts["curves"].items():
        yield f"| {key.replace('_', ' ')} | {curve['least']:.2f} | {curve['most']:.2f} | {curve['pairs']:,} |"


def _figure(row: dict[str, Any], key: str) -> str:
    if key not in row:
        return "-"
    return f"{row[key]['value']:.3f} ({row[key]['low']:.3f} to {row[key]['high']:.3f})"


def _told_by_strangers(unseen: list[list[str]]) -> str:
    """What the network's curve was fitted on, where other networks than the one that ships spoke."""
    if not unseen:
        return ""
    kinds = "; ".join(" and ".join(kinds).replace("_", " ") for kinds in unseen)
    return f" What it says counts as much as what networks said of operators of kinds that they never saw ({kinds})."
