"""The words of the page that no figure stands in."""

from __future__ import annotations

from typing import Final

HOW_TO_READ: Final = """\
Each attack edits the signal tables of simulated worlds as an adversary could, graphattr runs again on what it
left, and the result is set beside the run before. An adversary knows which accounts are its own, which values
they use, and, where it aims at somebody, whose values it has come by and that the target is innocent. It knows
nothing of the truth besides, nothing of the run, and does not try again after a failure. Costs are counted
units; what a unit costs in money is for the reader. Values *got* are cards, devices, addresses, phones and mail
domains bought, or values of others come by; values *made up* (TLS fingerprints, templates, names, mailboxes) cost
only care.

Shares are of the operator's accounts, mean over worlds, with 95 % intervals by resampling worlds (a share of exactly
0 or 1 in every world has Clopper and Pearson's far limit). *Largest piece*: in the one ring that holds most of them;
the ring is broken where that is below half. *Eligible*: firm in rings whose firm part the error control may
attribute: five accounts and more that hold together whichever kind of evidence is left out, more likely controlled
than not, two kinds of evidence, no single value without which the ring breaks. *Bystanders*: innocents, other than
those aimed at, in rings with accounts of the operator, more (or fewer) than before. Of those aimed at, and who did
not stand with the operator before: *pulled in* is the share who now do."""

MEASURES: Final = {
    "largest": "largest piece",
    "placed": "in a ring of 3 and more",
    "recall": "B-cubed recall",
    "leads": "in leads or attributed rings",
    "eligible": "in eligible rings",
    "attributed": "in attributed rings",
    "bystanders": "bystanders, accounts",
    "joined": "pulled in",
    "core": "... as core members",
    "joined eligible": "... into an eligible ring",
    "joined attributed": "... into an attributed ring",
    "named": "bear the rival's name",
}

ATTACK: Final = {
    "splitting": (
        "The operator divides its accounts at random into compartments that share no card, device, TLS "
        "fingerprint, address, template, phone, name, mailbox, mail domain of its own, or actor. The first "
        "compartment that used a value keeps it, all others get a new one. When it works stays as it was."
    ),
    "camouflage": (
        "Accounts of the operator live like others of the crowd, one model each: opened up to a week before the "
        "model was, at work about when the model is, with requests of about its sizes and no more of them. The "
        "values stay."
    ),
    "splitting and camouflage": "First the one, then the other on all accounts.",
    "framing": (
        "The operator plants a value of its own, or one each of several kinds, on an innocent account: it uses "
        "them there at the times at which it used them itself, and takes those that most of its accounts share. "
        "{tries} accounts of a world are tried one after the other, each in a run of its own; *at once*: all in "
        "one run. Nothing is bought; what it takes is a way into each account."
    ),
    "false flags": (
        "The operator plants values of a rival on all of its own accounts, used at the rival's times, one of "
        "each kind an account. What it takes is the rival's values."
    ),
    "bridge to a rival": (
        "Accounts are opened, with a little use like the crowd's and without a card, that use a device and an "
        "address of the operator and of the rival."
    ),
    "bridge to a household": (
        "The same with the members of an innocent household: a proxy on its line and copied fingerprints."
    ),
    "bridge to a company": "The same with the staff of an innocent company.",
    "hub inflation": (
        "Accounts are opened that use every device, address, template and card that accounts of the operator "
        "share, each once, so that the values look common."
    ),
}

NOT_MEASURED: Final = """\
The worlds are small and simulated; operators there have tens of accounts. Worlds in which no ring held half of the
operator's accounts are left out: there no attack is needed. The ladders are coarse: the least strength that works
may lie between two rungs. Attacks are tried one at a time, but for splitting with camouflage. An adversary who can
run graphattr itself could search for better ones."""
