"""The card of a ring classifier, in words and tables."""

from __future__ import annotations

from typing import Any


def card(facts: dict[str, Any]) -> str:
    """The card as Markdown.

    Args:
        facts: what `rings_train.train_rings` returns.
    """
    lines = [
        "# Ring classifier and calibration rings",
        "",
        f"Made by `graphattr train-rings` from {len(facts['worlds'])} simulated worlds: {facts['rings']:,} rings.",
        f"Linkage: {facts['linkage']['name']} (SHA-256 {facts['linkage']['sha256'][:12]}). The classifier (SHA-256"
        f" {facts['sha256'][:12]}) was fitted to {facts['fitted']:,} of these rings; its ratios are tempered by"
        f" {facts['temper']}.",
        "",
        "Known controllers of rings of 5 accounts and more, by kind: "
        + ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in facts["known"].items())
        + ". A Bayes factor is capped by the rarer of the two kinds that it compares.",
        "",
        "| family | use | eligible rings | worlds |",
        "| --- | --- | ---: | ---: |",
        *(
            f"| {row['family']} | {'chooses the score' if row['tuning'] else 'calibrates'} | {row['rings']} |"
            f" {row['worlds']} |"
            for row in facts["calibration"]
        ),
        "",
        "## Leading hypothesis right, rings of 10 accounts and more",
        "",
        *_table("Worlds of both families that it was not fitted to", facts["held_out"]),
    ]
    for part in facts["crossed"]:
        lines += ["", *_table(f"Family {part['family']}, read by the curves of the other family alone", part)]
    lines += [
        "",
        "The list of statistics was chosen with both families in view, so the figures across families are those of",
        "curves that never saw the family, not of a design that never did. Simulated operators only: on real rings the",
        "figures are unknown. Not for naming a person, and not for any decision that no human looks at.",
        "",
    ]
    return "\n".join(lines)


def _table(title: str, part: dict[str, Any]) -> list[str]:
    return [
        f"{title} ({part['rings']} rings):",
        "",
        "| true kind | rings | right |",
        "| --- | ---: | ---: |",
        *(
            f"| {row['kind'].replace('_', ' ')} | {row['rings']} | {row['right'] / row['rings']:.3f} |"
            for row in part["kinds"]
        ),
    ]
