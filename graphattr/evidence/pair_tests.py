"""How much a link bears: the least evidence it hangs on, comparable accounts, and other assumptions."""

from __future__ import annotations

from typing import Final

from graphattr.evidence.document import Code, Part, Sentence
from graphattr.evidence.figures import Figures
from graphattr.evidence.pair_pieces import piece_args
from graphattr.evidence.pair_rules import ledger_of, removal_of
from graphattr.records import GROUPS

#: By what the prior odds are multiplied, and how that is said.
OTHER_PRIORS: Final = {"0.1": "ten times smaller", "10": "ten times larger"}


def least_evidence(figures: Figures, a: str, b: str) -> tuple[Sentence, ...]:
    """The least evidence whose removal takes the probability below one half."""
    if ledger_of(figures.case, a, b).log_odds < 0:
        return (("The probability is below one half as it is: no evidence has to go for that.",),)
    removal = removal_of(figures.case, a, b)
    if removal is None:
        rest = figures.get("link.without_support", a, b)
        return (("Even without any piece that speaks for the link the probability would be ", rest, "."),)
    listed: list[Part] = []
    for n, piece in enumerate(removal.pieces):
        listed += [] if n == 0 else [" and " if n + 1 == len(removal.pieces) else ", "]
        listed.append(Code(piece.signal))
        listed += [] if piece.value is None else [" ", Code(piece.value)]
        weight = figures.get("piece.lr", a, b, piece.group, *piece_args(piece.signal, piece.value))
        listed += [" (", weight, ")"]
    count, rest = figures.get("link.least", a, b), figures.get("link.without_least", a, b)
    return (
        ("The fewest pieces without which the probability falls below one half: ", count, "."),
        ("Without ", *listed, " the probability would be ", rest, "."),
    )


def placebos(figures: Figures, a: str, b: str) -> tuple[Sentence, ...]:
    """How many accounts as active as one end are linked as strongly to the other end."""
    if not figures.case.has("signals/accounts"):
        return ()
    matched = figures.case.has("signals/usage")
    lines: list[Sentence] = []
    for kept, exchanged in ((a, b), (b, a)):
        among = figures.get("placebo.accounts", kept, exchanged)
        whom: Sentence = (
            ("with between half and twice the requests of ", Code(exchanged))
            if matched
            else ("other than ", Code(exchanged), " (not matched on activity, for want of a table usage)")
        )
        if among.value == "0":
            lines.append(("There is no account ", *whom, " to compare with."))
            continue
        strong, share = (
            figures.get(name, kept, exchanged) for name in ("placebo.as_strong", "placebo.share")
        )
        said: list[Part] = [strong, " of ", among, " comparable accounts (", *whom, ") are linked to "]
        said += [Code(kept), " at least as strongly: a share of ", share]
        if strong.value != "0":
            said += ["; members of its own ring among them: "]
            said += [figures.get("placebo.same_ring", kept, exchanged)]
        lines.append((*said, "."))
    return tuple(lines)


def stability(figures: Figures, a: str, b: str) -> tuple[Sentence, ...]:
    """The probability without each group and with other priors, and what rings hold the two."""
    parts = ledger_of(figures.case, a, b).parts
    lines: list[Sentence] = [
        (
            f"Without the {group} evidence the probability would be ",
            figures.get("link.without", a, b, group),
            ".",
        )
        for group in sorted(GROUPS, key=lambda name: -parts[name])
        if parts[group]
    ]
    for factor, words in OTHER_PRIORS.items():
        rest = figures.get("link.other_prior", a, b, factor)
        lines.append((f"With prior odds {words} the probability would be ", rest, "."))
    if figures.case.has("members"):
        lines += _rings(figures, a, b)
    return tuple(lines)


def _rings(figures: Figures, a: str, b: str) -> list[Sentence]:
    members = figures.case.tables["members"]
    of = {
        account: ring
        for account, ring in members.select("account_id", "ring_id").iter_rows()
        if account in (a, b)
    }
    if not of:
        return [("Neither account is a member of a ring.",)]
    if len(of) == 2 and of[a] == of[b]:
        first: Sentence = ("Both accounts are members of the ring ", Code(of[a]), ".")
    elif len(of) == 2:
        first = ("The accounts are members of different rings.",)
    else:
        first = ("Only ", Code(next(iter(of))), " is a member of a ring.")
    lines = [first]
    for account, ring in sorted(of.items()):
        p, low, high = (
            figures.get(f"member.{name}", ring, account) for name in ("probability", "low", "high")
        )
        lines.append(
            (
                "With the evidence drawn anew again and again, ",
                Code(account),
                " belongs to ",
                Code(ring),
                " with the probability ",
                p,
                ", between ",
                low,
                " and ",
                high,
                ".",
            )
        )
    return lines
