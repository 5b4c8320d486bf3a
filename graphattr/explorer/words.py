"""The explorer's wording: names of the records' enumerations in plain, neutral words."""

from __future__ import annotations

from typing import Any, Final, Literal

from graphattr.evidence.words import HYPOTHESIS_WORDS
from graphattr.explorer.text import moment, percent, plural
from graphattr.records import HYPOTHESES, INNOCENT, PRIOR_ROW, Status, Tier

#: Said before the rings of accounts that were grouped with those of another.
SET_APART = "Grouped with these, and set apart as only some may be attributed:"
#: Said before the members who were in the ring's hands for a part of their life only.
SPANS = "Consistent with this ring's control for a part of their life only; what they did outside it is not the ring's:"
#: Short names, for tables and axes.
HYPOTHESIS: Final = {
    "single_operator": "Single operator",
    "contractors": "Contractors",
    "reseller": "Reseller",
    "organisation": "Lawful organisation",
    "shared_infrastructure": "Shared infrastructure",
    "compromised": "Compromised accounts",
    "coincidence": "Coincidence",
}
STATUS: Final = {
    Status.ATTRIBUTED: "Attributed",
    Status.LEAD: "Lead",
    Status.NOT_ATTRIBUTABLE: "Not attributable",
}
STATUS_MEANS: Final = {
    Status.ATTRIBUTED: "The error control of this run allows it to be attributed.",
    Status.LEAD: "A lead to look into: the error control of this run does not allow an attribution.",
    Status.NOT_ATTRIBUTABLE: "Nothing may be said of who controls these accounts.",
}
STATUS_COLOUR: Final[dict[Status, Literal["blue", "orange", "gray"]]] = {
    Status.ATTRIBUTED: "blue",
    Status.LEAD: "orange",
    Status.NOT_ATTRIBUTABLE: "gray",
}
TIER: Final = {Tier.CORE: "Core", Tier.PROBABLE: "Probable", Tier.UNRESOLVED: "Unresolved"}
GROUP: Final = {
    "network": "Network",
    "payment": "Payment",
    "device": "Device",
    "identity": "Identity",
    "timing": "Timing",
    "behaviour": "Behaviour",
    "graph": "Graph",
}
SIGNAL: Final = {
    "ip": "IP address",
    "ip_hash": "IP address (hash)",
    "ip_prefix": "IP prefix",
    "instrument": "Payment instrument",
    "device": "Device",
    "tls_fingerprint": "TLS fingerprint",
    "phone": "Phone",
    "email": "E-mail",
    "email_domain": "E-mail domain",
    "name": "Name",
    "organisation": "Organisation",
    "actor": "Actor",
    "template": "Prompt template",
    "creation": "Creation time",
    "volume": "Volume of use",
}


def plain(name: str | None) -> str:
    """A name without words of its own, made readable: `hour_profile` as `Hour profile`."""
    return (name or "").replace("_", " ").capitalize()


def signal(name: str | None) -> str:
    """A signal's or a likeness's name in plain words."""
    return SIGNAL.get(name or "", plain(name))


def statistic(name: str | None) -> str:
    """A ring statistic's name in plain words."""
    return "Before the statistics" if name == PRIOR_ROW else plain(name)


def best_innocent(ring: dict[str, Any]) -> str:
    """The most probable hypothesis under which nobody did anything wrong together; the first of equals."""
    return max(INNOCENT, key=lambda name: float(ring[f"p_{name}"] or 0.0))


def best_other(ring: dict[str, Any]) -> str:
    """The most probable hypothesis under common control."""
    rivals = [name for name in HYPOTHESES if name not in INNOCENT]
    return max(rivals, key=lambda name: float(ring[f"p_{name}"] or 0.0))


def headline(ring: dict[str, Any]) -> str:
    """What the ring is consistent with and the best explanation on the other side, in one sentence or two."""
    name = ring["hypothesis"]
    lead = (
        f"Consistent with {HYPOTHESIS_WORDS.get(name, plain(name).lower())} ({percent(ring[f'p_{name}'])})."
    )
    if name in INNOCENT:
        rival = best_other(ring)
        share = percent(ring[f"p_{rival}"])
        return f"{lead} The best explanation by common control is {HYPOTHESIS_WORDS[rival]} ({share})."
    rival = best_innocent(ring)
    return (
        f"{lead} The best innocent explanation is {HYPOTHESIS_WORDS[rival]} ({percent(ring[f'p_{rival}'])})."
    )


def span(row: dict[str, Any]) -> str:
    """When a member was in the ring's hands and how that shows, from a row of `records.SPANS`; its account apart."""
    ends = [f"{word} {moment(row[word])}" for word in ("since", "until") if row[word] is not None]
    event = row["event"].replace("_", " ")
    before, after = (plural(row[f"devices_{side}"], "device") for side in ("before", "after"))
    values = plural(row["shared_values"], "value")
    return (
        f"{' '.join(ends)}: {event}, {before} before it and {after} after it with none in common, and all {values} that"
        " link it with the ring on that side"
    )
