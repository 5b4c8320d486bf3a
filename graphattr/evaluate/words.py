"""Each measure in words: its heading, the part of the page it stands in, and its definition in a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Measure:
    """A measure in words.

    Attributes:
        name: its key in `Report.figures`, `Report.links` or `Report.ring_figures`.
        label: a short heading.
        says: what it is, in a sentence.
        over: what `n` counts.
        where: the accounts or rings that it is taken over, as the end of a heading.
    """

    name: str
    label: str
    says: str
    over: str = "accounts"
    where: str = ""

    @property
    def heading(self) -> str:
        """Label and where."""
        return f"{self.label}, {self.where}" if self.where else self.label


_BCUBED: Final = (
    ("precision", "B-cubed precision", "of an account's ring, the share that has its controller", "accounts"),
    ("recall", "B-cubed recall", "of an account's controller, the share that is in its ring", "accounts"),
    ("f1", "B-cubed F1", "the harmonic mean of B-cubed precision and recall", "accounts"),
    (
        "pairwise_precision",
        "Pairwise precision",
        "of the pairs in one ring, the share of one controller",
        "pairs",
    ),
    ("pairwise_recall", "Pairwise recall", "of the pairs of one controller, the share in one ring", "pairs"),
    ("pairwise_f1", "Pairwise F1", "the harmonic mean of pairwise precision and recall", "pairs"),
)
_OVER: Final = (
    ("", "", "averaged over all accounts; an account in no ring stands alone"),
    ("non_innocent_", "non-innocent accounts alone",
     "with every innocent account taken out of the rings first, so it hides them: read with the innocents in rings"),
    ("attributed_", "accounts of attributed rings", "averaged over the accounts of attributed rings"),
)  # fmt: skip

GROUPING: Final = tuple(
    Measure(over + name, label, f"{says}, {how}", unit, where)
    for over, where, how in _OVER
    for name, label, says, unit in _BCUBED
)

_STANDS: Final = (
    ("attributed", "attributed rings"),
    ("leads", "leads and attributed rings"),
    ("rings", "rings of every kind"),
)
WRONG: Final = tuple(
    measure
    for key, where in _STANDS
    for measure in (
        Measure(
            f"wrong_in_{key}",
            "Wrongly attributed",
            f"ring size less its largest controller, summed over {where}, as a share of their accounts",
            "accounts in them",
            where,
        ),
        Measure(
            f"wrong_in_{key}_of_all",
            "Wrongly attributed of all",
            f"the same wrong accounts of {where} as a share of all accounts",
            where=where,
        ),
        Measure(
            f"innocent_in_{key}",
            "Innocents",
            f"accounts over which nobody may be accused, as a share of the accounts of {where}",
            "accounts in them",
            where,
        ),
        Measure(
            f"innocent_in_{key}_per_10000",
            "Innocents per 10,000",
            f"innocent accounts in {where}, for every 10,000 accounts there are",
            where=where,
        ),
    )
)

ANSWERS: Final = (
    Measure("power", "Power", "share of the non-innocent accounts that stand in attributed rings",
            "non-innocent accounts"),
    Measure("power_right", "Power, right", "the same, counting only accounts of the ring's largest controller",
            "non-innocent accounts"),
    Measure("power_in_leads", "Power with leads", "share of the non-innocent accounts in leads or attributed rings",
            "non-innocent accounts"),
    Measure("attributed", "Attributed", "share of the accounts in rings whose ring is attributed",
            "accounts in rings"),
    Measure("abstained", "Abstained", "share of the accounts in rings whose ring is not attributable",
            "accounts in rings"),
    Measure("linked_inside", "Linked inside",
            "share of the non-innocent accounts of controllers with several that have a link in links.parquet to "
            "another account of their controller; an account without one cannot be found", "non-innocent accounts"),
    Measure("largest_piece", "Largest piece",
            "share of the same accounts in the largest piece that links inside their controller alone make",
            "non-innocent accounts"),
)  # fmt: skip

HANDS: Final = (
    Measure("hands_told", "Changes of hands told",
            "share of the members whose controller bought the account that the run has in the ring's hands since then, "
            "within a day", "bought members"),
    Measure("hands_wrong", "Told wrongly",
            "share of the members said to be in the ring's hands since some day whose controller had opened them; a "
            "stolen account counts so too", "members so told"),
)  # fmt: skip

NAMING: Final = (
    Measure("known_named", "Known operators named",
            "share of the accounts of operators in the run's labels whose ring bears a name",
            "accounts of known operators"),
    Measure("known_named_right", "Of these, named right", "of these, the share whose own operator it is",
            "named accounts of known operators"),
    Measure("unknown_named", "Unknown operators given a name",
            "share of the accounts of operators in no label whose ring bears a name all the same",
            "accounts of unknown operators"),
    Measure("innocent_named", "Innocents given a name", "share of the innocent accounts whose ring bears a name",
            "innocent accounts"),
    Measure("named_right", "Names right", "of all accounts in rings that bear a name, the share whose own it is",
            "named accounts"),
)  # fmt: skip

LINKS: Final = (
    Measure("cllr", "Cllr",
            "cost in bits of the likelihood ratios of links, each its odds over those of the run's links in all: the "
            "mean of the mean costs of true and untrue pairs; 0 is perfect, 1 is what saying nothing costs", "links"),
    Measure("cllr_min", "Cllr_min",
            "Cllr after the best monotone mapping of the same scores: what no calibration can mend", "links"),
    Measure("cllr_cal", "Cllr_cal", "Cllr less Cllr_min: what calibration could mend", "links"),
    Measure("cost_true", "Cost, true pairs", "the half of Cllr from pairs of one controller: mean log2(1 + 1/LR)",
            "true pairs"),
    Measure("cost_untrue", "Cost, untrue pairs", "the half of Cllr from all other pairs: mean log2(1 + LR)",
            "untrue pairs"),
    Measure("brier", "Brier score", "mean squared distance of the link's probability from the outcome", "links"),
    Measure("ece", "Calibration error (ECE)",
            "mean distance of stated probability and share true, over ten equal intervals", "links"),
    Measure("found", "Links found", "of all pairs of one controller, the share that stands in links.parquet",
            "true pairs"),
)  # fmt: skip

MEMBERS: Final = (
    Measure("membership_brier", "Brier score of memberships",
            "mean squared distance of membership probability from the outcome", "members"),
    Measure("membership_ece", "Calibration error of memberships",
            "mean distance of stated membership and share that belongs, over ten equal intervals", "members"),
    Measure("coverage", "Coverage of member intervals",
            "share of members in groups of like probability whose share that belongs lies in the mean stated "
            "interval; at least .9 if the intervals are what they say", "members"),
    Measure("coverage_at_most", "Coverage, chance allowed",
            "the same, counting groups too that miss the interval by no more than chance", "members"),
)  # fmt: skip

RINGS: Final = (
    Measure("hypothesis_accuracy", "Hypothesis right", "share of the rings whose leading hypothesis is true",
            "rings"),
    Measure("hypothesis_accuracy_large", "Right, rings of 10 or more", "the same in rings of ten or more accounts",
            "rings"),
    Measure("hypothesis_accuracy_by_account", "Right, by account", "the same, each ring counted by its accounts",
            "accounts"),
    Measure("operator_or_reseller", "Operator or reseller",
            "of the rings that are one or the other, the share where the true one is the more probable of the two "
            "(level: half)", "rings"),
    Measure("organisation_called_operated", "Company called operated",
            "of the lawful organisations' rings, the share whose leading hypothesis is operator, contractors or "
            "reseller", "rings"),
    Measure("innocent_called_operated", "Innocent kind called operated",
            "the same of the rings of every innocent kind", "rings"),
    Measure("hypothesis_brier", "Brier score of hypotheses",
            "squared distance of the seven probabilities from the truth, summed, mean over rings (0 to 2)", "rings"),
    Measure("hypothesis_ece", "Calibration error of hypotheses",
            "mean distance of the leading probability and the share right, over ten equal intervals", "rings"),
    Measure("hypothesis_abstained", "No hypothesis ahead",
            "share of the rings whose leading hypothesis has a probability under one half", "rings"),
    Measure("hypothesis_accuracy_if_said", "Right where one is ahead", "share right of the other rings", "rings"),
    Measure("abstained_rings", "Rings not attributable", "share of the rings with that status", "rings"),
)  # fmt: skip

MEASURES: Final = (*GROUPING, *WRONG, *ANSWERS, *NAMING, *HANDS, *LINKS, *MEMBERS, *RINGS)
