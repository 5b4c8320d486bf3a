"""The figures as a page of Markdown, every number out of the measurement."""

from __future__ import annotations

from benchmarks.attribution.figures import Control
from benchmarks.quality.tables import figure, markdown
from graphattr.evaluate.bootstrap import Estimate

Figures = dict[str, dict[str, Estimate]]


def page(
    small: int,
    numbers: dict[str, int],
    models: tuple[str, str, str, str],
    shipped: Figures,
    crossed: Figures,
    controls: dict[str, list[Control]],
    named: Figures,
    members: Figures,
) -> str:
    """The page.

    Args:
        small: how many small worlds were asked for.
        numbers: worlds by preset.
        models: name and SHA-256 of the linkage model, SHA-256 of the classifier, source of the known rings.
        shipped: by family, figures of the shipped classifier.
        crossed: by family, figures of the curves of the other family alone.
        controls: by what was measured on, figures of the error control.
        named: by family, figures of names.
        members: by family, figures of the members' intervals.
    """
    name, linkage, classifier, source = models
    many = ", ".join(f"{count} `{preset}`" for preset, count in numbers.items())
    return "\n".join(
        [
            "# Attribution: hypotheses, error control, names",
            "",
            f"Written by `python -m benchmarks.attribution --out docs/attribution-results.md --worlds {small}`.",
            f"Worlds: {many}; half of each family, none of them fitted to. Linkage model {name}"
            f" (SHA-256 {linkage[:12]}), ring classifier {classifier[:12]}. Intervals: 95 %, by world.",
            "",
            "## Hypotheses",
            "",
            "Rings of 10 accounts and more whose accounts are mostly of one true kind. *Other family*: read by the"
            " curves that were fitted to the other family of worlds alone; *shipped*: by the mean of both families'.",
            "",
            _side_by_side(shipped, crossed),
            "",
            "## Error control",
            "",
            "`small` worlds, and without operators those of `none` and `companies`. Wrong: attributed accounts that are"
            " innocent or not of their ring's largest controller;"
            " the mean over worlds, a world without an attributed ring counting 0. Power: accounts that are not"
            " innocent in attributed rings. The promise rests on " + source + ".",
            "",
            markdown(
                ("worlds", "alpha", "wrong share, mean", "90 % quantile", "power", "innocents attributed", "with any"),
                [_row(what, one) for what, parts in controls.items() for one in parts],
            ),
            "",
            *(_kept(what, one) for what, parts in controls.items() for one in parts),
            "",
            "## Names of known operators",
            "",
            "By labels of earlier takedowns, which are noisy and biased.",
            "",
            _table(named),
            "",
            "## Intervals of members",
            "",
            "Each member has a probability to belong to its ring's largest controller, and an interval that nine in ten"
            " should keep. Members of like probability in one world make a group of fifty, or one group where there are"
            " fewer; its interval is kept if as many of them belong as the intervals say, to the whole account.",
            "",
            _table(members),
            "",
        ]
    )  # fmt: skip


def _side_by_side(shipped: Figures, crossed: Figures) -> str:
    families = sorted(shipped)
    heads = ["figure"]
    heads += [f"{how}, family {family}" for how in ("shipped", "other family") for family in families]
    rows = [
        [what, *(figure(part[family][what], True) for part in (shipped, crossed) for family in families)]
        for what in shipped[families[0]]
    ]
    return markdown(heads, rows)


def _table(by_family: Figures) -> str:
    families = sorted(by_family)
    rows = [
        [what, *(figure(by_family[family][what], True) for family in families)]
        for what in by_family[families[0]]
    ]
    return markdown(["figure", *(f"family {family}" for family in families)], rows)


def _row(what: str, one: Control) -> list[str]:
    return [
        what, f"{one.alpha:.0%}", figure(one.wrong, True),
        f"{one.quantile:.1%}", figure(one.power, True), figure(one.innocent, True), str(one.worlds),
    ]  # fmt: skip


def _kept(what: str, one: Control) -> str:
    """A line in words."""
    if one.wrong.value is None:
        return f"- {what}, alpha {one.alpha:.0%}: nothing measured."
    if not one.worlds:
        return f"- {what}, alpha {one.alpha:.0%}: nothing is attributed, so nothing is wrong."
    low = one.wrong.low if one.wrong.low is not None else one.wrong.value
    verdict = "kept" if one.wrong.value <= one.alpha else ("not refuted" if low <= one.alpha else "broken")
    return f"- {what}, alpha {one.alpha:.0%}: the promise is {verdict}."
