"""Two accounts in words and figures: why they are linked, or which evidence was looked for and not found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from graphattr.errors import InputError
from graphattr.evidence.case import Case, read_facts, rows, signal_files
from graphattr.evidence.document import Code, Quote, Sentence
from graphattr.evidence.figures import Figures
from graphattr.evidence.rules import RULES
from graphattr.records import GROUPS, SIGNALS


@dataclass(frozen=True)
class PairPage:
    """What can be said of two accounts. `linked` is False where links.parquet has no such pair."""

    account_a: str
    account_b: str
    linked: bool
    claim: Sentence
    speaks_for: tuple[Sentence, ...]
    speaks_against: tuple[Sentence, ...]
    weakest_point: Sentence
    missing: tuple[Sentence, ...]


def pair_page(run: Path, a: str, b: str) -> PairPage:
    """The page of two accounts, linked or not; their order does not matter.

    Raises:
        RunError: the run is unfinished or lacks a table.
        InputError: the two are one, or the run does not know an account.
    """
    facts = read_facts(run)
    first, second = sorted((a, b))
    if first == second:
        raise InputError(f"{a!r} was given twice", "two different accounts")
    pair = (pl.col("account_a") == first) & (pl.col("account_b") == second)
    tables = {name: rows(run, name, pair) for name in ("links", "evidence")}
    tables["holdings"] = rows(run, "holdings", pl.col("account_id").is_in([first, second]))
    case = Case((), "full", tables, facts)
    _known(run, first, second)
    if tables["links"].is_empty():
        return _unlinked_page(Figures(case, RULES), run, first, second)
    return pair_of(Figures(case, RULES), first, second, _unheld(run, case, first, second))


def pair_of(figures: Figures, a: str, b: str, missing: tuple[Sentence, ...] = ()) -> PairPage:
    """The page of a linked pair of a case (a < b)."""
    link = figures.case.tables["links"].filter((pl.col("account_a") == a) & (pl.col("account_b") == b))
    claim: Sentence = (
        "The accounts ",
        Code(a),
        " and ",
        Code(b),
        " are consistent with one controller with the probability ",
        figures.get("link.probability", a, b),
        ": prior odds ",
        figures.get("link.prior", a, b),
        " and evidence ",
        figures.get("link.lr", a, b),
        ", as decimal logarithms. A link says nothing of who that controller is.",
    )
    parts = {group: link[f"log10_lr_{group}"][0] or 0.0 for group in GROUPS}
    strongest = max(GROUPS, key=lambda group: parts[group])
    weakest: Sentence = (
        f"Without the {strongest} evidence the probability would be ",
        figures.get("link.without", a, b, strongest),
        ".",
    )
    silent = tuple((f"The {group} evidence says nothing.",) for group in GROUPS if parts[group] == 0)
    speaks_for = tuple(line for group in GROUPS if parts[group] > 0 for line in _pieces(figures, a, b, group))
    speaks_against = tuple(
        line for group in GROUPS if parts[group] < 0 for line in _pieces(figures, a, b, group)
    )
    return PairPage(a, b, True, claim, speaks_for, speaks_against, weakest, (*silent, *missing))


def _pieces(figures: Figures, a: str, b: str, group: str) -> list[Sentence]:
    evidence = figures.case.tables["evidence"].filter(
        (pl.col("account_a") == a) & (pl.col("account_b") == b) & (pl.col("group") == group)
    )
    lines: list[Sentence] = [(f"{group}: ", figures.get("link.group", a, b, group))]
    for used, reason in (
        evidence.sort("used", "log10_lr", descending=True).select("used", "reason").iter_rows()
    ):
        counts = "counts" if used else "adds nothing"
        lines.append((f"{group}, {counts}: ", Quote(reason)))
    return lines


def _known(run: Path, *accounts: str) -> None:
    path = run / "signals" / "accounts.parquet"
    known = (
        pl.scan_parquet(path, glob=False).filter(pl.col("account_id").is_in(accounts)).select("account_id")
    )
    unknown = sorted(set(accounts) - set(known.collect()["account_id"]))
    if unknown:
        raise InputError(
            f"the run knows no account {', '.join(map(repr, unknown))}", "an account_id of its signals"
        )


def _unlinked_page(figures: Figures, run: Path, a: str, b: str) -> PairPage:
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
    return PairPage(
        a, b, False, claim, shared, (), ("There is no link to break.",), _unheld(run, figures.case, a, b)
    )


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
