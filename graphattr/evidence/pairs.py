"""Two accounts in words and figures: why they are linked, or which evidence was looked for and not found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from graphattr.evidence.case import Case, signal_files
from graphattr.evidence.document import Code, Figure, Sentence
from graphattr.evidence.figures import Figures
from graphattr.evidence.pair_case import pair_case
from graphattr.evidence.pair_pieces import GroupSum, group_sums, spoken_pieces
from graphattr.evidence.pair_tests import least_evidence, placebos, stability
from graphattr.evidence.rulebook import link_of
from graphattr.evidence.rules import RULES
from graphattr.records import GROUPS, SIGNALS


@dataclass(frozen=True)
class PairPage:
    """What can be said of two accounts.

    Attributes:
        linked: False where links.parquet has no such pair: then most of the rest is empty.
        prior, log10_odds: before and after the evidence; the groups are what lies between.
        groups: every group that says something, the strongest first, with every piece.
        speaks_for, speaks_against: the pieces that count, in words.
        weakest_point: what the loss of the strongest group would do.
        least: the least evidence whose removal turns the link.
        placebo: how many comparable accounts are linked as strongly.
        stability: the probability under other assumptions, and the rings of the two.
        missing: evidence that was looked for and not found.
    """

    account_a: str
    account_b: str
    linked: bool
    claim: Sentence
    speaks_for: tuple[Sentence, ...]
    speaks_against: tuple[Sentence, ...]
    weakest_point: Sentence
    missing: tuple[Sentence, ...]
    prior: Figure | None = None
    groups: tuple[GroupSum, ...] = ()
    log10_odds: Figure | None = None
    least: tuple[Sentence, ...] = ()
    placebo: tuple[Sentence, ...] = ()
    stability: tuple[Sentence, ...] = ()


def pair_page(run: Path, a: str, b: str) -> PairPage:
    """The page of two accounts, linked or not; their order does not matter.

    Raises:
        RunError: the run is unfinished or lacks a table.
        InputError: the two are one, or the run does not know an account.
    """
    first, second = sorted((a, b))
    case = pair_case(run, first, second)
    figures, missing = Figures(case, RULES), _unheld(run, case, first, second)
    if link_of(case, first, second).is_empty():
        return _unlinked_page(figures, first, second, missing)
    return pair_of(figures, first, second, missing)


def pair_of(figures: Figures, a: str, b: str, missing: tuple[Sentence, ...] = ()) -> PairPage:
    """The page of a linked pair of a case (a < b)."""
    link = link_of(figures.case, a, b)
    claim: Sentence = (
        "The accounts ",
        Code(a),
        " and ",
        Code(b),
        " are consistent with one controller with the probability ",
        figures.get("link.probability", a, b),
        *_limits(figures, link, a, b),
        ": prior odds ",
        figures.get("link.prior", a, b),
        " and evidence ",
        figures.get("link.lr", a, b),
        " sum to ",
        figures.get("link.odds", a, b),
        ", as decimal logarithms. A link says nothing of who that controller is.",
    )
    parts = {group: link[f"log10_lr_{group}"][0] or 0.0 for group in GROUPS}
    strongest = max(GROUPS, key=lambda group: parts[group])
    weakest: Sentence = (
        f"Without the {strongest} evidence the probability would be ",
        figures.get("link.without", a, b, strongest),
        ".",
    )
    groups = group_sums(figures, a, b)
    told = {one.group for one in groups}
    silent = tuple((f"The {group} evidence says nothing.",) for group in GROUPS if group not in told)
    return PairPage(
        account_a=a,
        account_b=b,
        linked=True,
        claim=claim,
        speaks_for=spoken_pieces(figures, a, b, groups, against=False),
        speaks_against=spoken_pieces(figures, a, b, groups, against=True),
        weakest_point=weakest,
        missing=(*silent, *missing),
        prior=figures.get("link.prior", a, b),
        groups=groups,
        log10_odds=figures.get("link.odds", a, b),
        least=least_evidence(figures, a, b),
        placebo=placebos(figures, a, b),
        stability=stability(figures, a, b),
    )


def _unlinked_page(figures: Figures, a: str, b: str, missing: tuple[Sentence, ...]) -> PairPage:
    claim: Sentence = (
        "There is no link between ",
        Code(a),
        " and ",
        Code(b),
        ": either nothing brought the two together, or what did left the probability below ",
        figures.get("run.min_probability"),
        ". That is no finding that their controllers differ.",
    )
    held = figures.case.tables["holdings"]
    both = (
        held.group_by("signal", "value")
        .agg(pl.col("account_id").n_unique().alias("n"))
        .filter(pl.col("n") == 2)
    )
    shared = tuple(
        (f"Both hold the {signal} ", Code(value), ", which did not suffice.")
        for signal, value in both.sort("signal", "value").select("signal", "value").iter_rows()
    )
    return PairPage(a, b, False, claim, shared, (), ("There is no link to break.",), missing)


def _unheld(run: Path, case: Case, a: str, b: str) -> tuple[Sentence, ...]:
    """Which evidence was looked for and not found, signal by signal."""
    present = {path.stem for path in signal_files(run)}
    held = {
        name: set(case.tables["holdings"].filter(pl.col("account_id") == name)["signal"]) for name in (a, b)
    }
    lines: list[Sentence] = []
    for signal in SIGNALS:
        without = [name for name in (a, b) if signal.name not in held[name]]
        if signal.table not in present:
            lines.append((f"{signal.name}: there is no table {signal.table} among the signals.",))
        elif without:
            named: Sentence = (" nor of ", Code(b)) if len(without) == 2 else ()
            lines.append((f"{signal.name}: none is known of ", Code(without[0]), *named, "."))
        else:
            values = case.tables["holdings"].filter(pl.col("signal") == signal.name)
            if values["value"].n_unique() == values.height:
                lines.append((f"{signal.name}: both have some, and share none.",))
    return tuple(lines)


def _limits(figures: Figures, link: pl.DataFrame, a: str, b: str) -> Sentence:
    """Where the probability lay in worlds that no fitting saw; nothing where that is not known."""
    if not figures.case.has("links.low") or link["low"][0] is None:
        return ()
    limits = (figures.get("link.low", a, b), " to ", figures.get("link.high", a, b))
    return (" (", *limits, " by the calibration of nine in ten worlds that no fitting saw)")
