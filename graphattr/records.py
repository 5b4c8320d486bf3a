"""The frozen records and table schemas that pass between the stages of a run.

Each table is a Parquet file in the run folder with exactly the columns below, sorted by the key named beside
it, so the same signals, settings, seed and versions give the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self

import polars as pl

from graphattr.errors import RunError

UTC: Final = pl.Datetime("us", "UTC")

#: Evidence groups, in the order of the columns of links.parquet.
GROUPS: Final = ("network", "payment", "device", "identity", "timing", "behaviour", "graph")

#: Operator hypotheses, in the order of the p_ columns of rings.parquet.
HYPOTHESES: Final = (
    "single_operator",
    "contractors",
    "reseller",
    "organisation",
    "shared_infrastructure",
    "compromised",
    "coincidence",
)
#: The hypotheses under which nobody in the ring did anything wrong together.
INNOCENT: Final = ("organisation", "shared_infrastructure", "compromised", "coincidence")


class Status(StrEnum):
    """What may be said of a ring, given the error control (method.md, 6)."""

    ATTRIBUTED = "attributed"
    LEAD = "lead"
    NOT_ATTRIBUTABLE = "not_attributable"


class Tier(StrEnum):
    """How firmly an account belongs to its ring: core >= .9, probable .5 to .9, else unresolved."""

    CORE = "core"
    PROBABLE = "probable"
    UNRESOLVED = "unresolved"


#: Who holds which value: one row an account, signal and value. Key: signal, value, account_id.
HOLDINGS: Final[dict[str, Any]] = {
    "account_id": pl.String,
    "signal": pl.String,  # a name of SIGNALS
    "value": pl.String,  # the value as loaded (keyed hash, address text, fingerprint)
    "kind": pl.String,  # class of the value: network_kind, payment kind, "own" (see links.holdings), or null
    "first_seen": UTC,  # null where the table is timeless
    "last_seen": UTC,
    "count": pl.Int64,  # signal rows
    "first_row": pl.UInt64,  # `row` of the earliest of them in signals/<table>.parquet
}

#: Linked pairs. Key: account_a, account_b. log10 odds of probability = log10_prior_odds + log10_lr.
LINKS: Final[dict[str, Any]] = {
    "account_a": pl.String,
    "account_b": pl.String,
    "probability": pl.Float64,
    "low": pl.Float64,  # interval of the probability: nine in ten worlds' own calibration; null where none is known
    "high": pl.Float64,
    "log10_lr": pl.Float64,  # sum of the group columns
    **{f"log10_lr_{group}": pl.Float64 for group in GROUPS},
    "log10_prior_odds": pl.Float64,
}

#: Why a pair is linked: every shared value and likeness behind a link. Key: account_a, account_b, group, signal, value.
EVIDENCE: Final[dict[str, Any]] = {
    "account_a": pl.String,
    "account_b": pl.String,
    "group": pl.String,
    "signal": pl.String,
    "value": pl.String,  # the shared value; null for a likeness (creation gap, hour profile) and for absent:<signal>
    "kind": pl.String,
    "log10_lr": pl.Float64,  # of this piece alone
    "used": pl.Boolean,  # it counts: those of a pair and group sum to its log10_lr_ column, cut at the cap
    "holders": pl.Int64,  # accounts that hold the value
    "entities": pl.Float64,  # k_eff: resolved entities that hold it, the pair counted as one
    "gap_seconds": pl.Float64,  # smallest time between the two accounts' use; null if timeless
    "row_a": pl.UInt64,  # first row of account_a's use in the signal's table
    "row_b": pl.UInt64,
    "reason": pl.String,  # one sentence in neutral words
}

#: Rings. Key: ring_id.
RINGS: Final[dict[str, Any]] = {
    "ring_id": pl.String,
    "size": pl.Int64,
    "requests": pl.Int64,
    "first_seen": UTC,
    "last_seen": UTC,
    "hypothesis": pl.String,
    **{f"p_{name}": pl.Float64 for name in HYPOTHESES},
    "log10_bf_low": pl.Float64,
    "log10_bf_high": pl.Float64,
    "bf_cap": pl.Float64,
    "operator": pl.String,
    "operator_probability": pl.Float64,
    "weakest_point": pl.String,
    "status": pl.String,
}

#: Members. Key: ring_id, account_id; an account stands in one ring at most.
MEMBERS: Final[dict[str, Any]] = {
    "ring_id": pl.String,
    "account_id": pl.String,
    "probability": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "tier": pl.String,
}

#: The rings as they were grouped: members, before the error control attributed firm parts of rings and set the others
#: of those rings apart. Key: as members.
GROUPED: Final[dict[str, Any]] = {
    **MEMBERS,
    "firm": pl.Boolean,  # it stays in the ring's largest piece whichever kind of evidence is left out (rings.guards)
}
GROUPED_FILE: Final = "grouped.parquet"

#: Members who are consistent with the ring's control for a part of their life only. Key: as members.
SPANS: Final[dict[str, Any]] = {
    "ring_id": pl.String,
    "account_id": pl.String,
    "since": UTC,  # null: from its opening on
    "until": UTC,  # null: to its end
    "event": pl.String,  # the change of who can use the account that the time is taken from
    "event_row": pl.UInt64,  # its row in signals/events.parquet
    "devices_before": pl.Int64,  # devices that the account used before it, none of them after it
    "devices_after": pl.Int64,
    "shared_values": pl.Int64,  # values that link it with the ring, all of them used on one side alone
}
SPANS_FILE: Final = "spans.parquet"

#: What an attribution asks of a ring as it was grouped, in the order of asking. Key: ring_id, condition.
CONDITIONS: Final[dict[str, Any]] = {
    "ring_id": pl.String,
    "condition": pl.String,  # a name of pipeline.conditions
    "value": pl.Float64,  # the ring's figure; null where the run did not come to it
    "needed": pl.Float64,  # what it is at least; null where no figure would do
    "met": pl.Boolean,  # a ring that meets all is attributed
}
CONDITIONS_FILE: Final = "conditions.parquet"

#: The evidence matrix: which statistic of a ring speaks for which hypothesis. Key: ring_id, statistic.
#: Name of the matrix row that holds the log10 prior probabilities, so that a ring's rows sum to its posterior.
PRIOR_ROW: Final = "prior"
#: Start of the names of the rows that say what each family of training worlds adds; they cancel out.
FAMILY_ROW: Final = "learnt_on_family_"
MATRIX: Final[dict[str, Any]] = {
    "ring_id": pl.String,
    "statistic": pl.String,
    "value": pl.Float64,
    "n": pl.Int64,  # what it was computed over (accounts, rows, pairs: `unit` says)
    "unit": pl.String,
    **{f"log10_lr_{name}": pl.Float64 for name in HYPOTHESES},
    "reason": pl.String,
}


@dataclass(frozen=True)
class Signal:
    """A kind of value that two accounts can share.

    Attributes:
        name: the signal's name in holdings and evidence.
        group: its evidence group.
        table: the signal table it is read from.
        column: the column with the value.
        kind_column: the column with the value's class, if it has one.
        label: node label of the value in the graph; None keeps it out of the graph.
        edge: relationship type from the account to the value.
    """

    name: str
    group: str
    table: str
    column: str
    kind_column: str | None
    label: str | None
    edge: str | None


SIGNALS: Final = (
    # `ip`, or `ip_id` where only the keyed hash was given
    Signal("ip", "network", "ips", "ip", "network_kind", "Ip", "USED_IP"),
    Signal("ip_prefix", "network", "ips", "ip_prefix", "network_kind", None, None),
    Signal("instrument", "payment", "payments", "instrument_id", "kind", "Instrument", "PAID_WITH"),
    Signal("device", "device", "devices", "device_id", None, "Device", "USED_DEVICE"),
    Signal("tls_fingerprint", "device", "devices", "tls_fingerprint", None, "TlsFingerprint", "USED_TLS"),
    Signal("phone", "identity", "accounts", "phone_id", None, "Phone", "HAS_PHONE"),
    Signal("email", "identity", "accounts", "email_id", None, "Email", "HAS_EMAIL"),
    Signal("email_domain", "identity", "accounts", "email_domain", None, "EmailDomain", "HAS_EMAIL_DOMAIN"),
    Signal("name", "identity", "accounts", "name_id", None, "Name", "HAS_NAME"),
    Signal(
        "organisation", "identity", "accounts", "organisation_id", None, "Organisation", "IN_ORGANISATION"
    ),
    Signal("actor", "identity", "events", "actor_id", None, "Actor", "ACTED_ON_BY"),
    Signal("template", "behaviour", "usage", "template_id", None, "Template", "USED_TEMPLATE"),
)
SIGNAL: Final = {signal.name: signal for signal in SIGNALS}


@dataclass(frozen=True)
class RunPaths:
    """Where everything in a run folder lies. `run.json` is written last: without it a run is unfinished."""

    root: Path

    @classmethod
    def finished(cls, root: Path) -> Self:
        """The paths of a finished run.

        Raises:
            RunError: there is no run.json.
        """
        paths = cls(root)
        if not paths.run_json.is_file():
            raise RunError(
                f"{root} is not a finished run: it has no run.json, so it is unfinished or another folder",
                "the folder of a finished run",
                "start the same `graphattr run` command again: it resumes",
            )
        return paths

    @property
    def signals(self) -> Path:
        """Folder of canonical signal tables: the contract's columns plus `row`, the position in the input."""
        return self.root / "signals"

    @property
    def quarantine(self) -> Path:
        """Folder of refused rows, one Parquet a table, with a `reason` column."""
        return self.root / "quarantine"

    @property
    def graph(self) -> Path:
        """The embedded store, or pointer.json to the Neo4j database used."""
        return self.root / "graph"

    @property
    def grouped(self) -> Path:
        """The members as they were grouped, before any were set apart from a ring that is attributed."""
        return self.root / GROUPED_FILE

    @property
    def spans(self) -> Path:
        """The members who were in the ring's hands for a part of their life only, as far as signals show it."""
        return self.root / SPANS_FILE

    @property
    def conditions(self) -> Path:
        """What an attribution asks of each ring, and whether the ring has it."""
        return self.root / CONDITIONS_FILE

    @property
    def load_report(self) -> Path:
        """Row counts a table, exact."""
        return self.root / "load_report.json"

    @property
    def run_json(self) -> Path:
        """Versions, seed, settings, hashes, seconds and peak memory; the mark of a finished run."""
        return self.root / "run.json"

    def table(self, name: str) -> Path:
        """Path of a result table: holdings, links, evidence, rings, members or matrix."""
        return self.root / f"{name}.parquet"


#: Result tables of a run with their schemas and sort keys.
TABLES: Final[dict[str, tuple[dict[str, Any], tuple[str, ...]]]] = {
    "holdings": (HOLDINGS, ("signal", "value", "account_id")),
    "links": (LINKS, ("account_a", "account_b")),
    "evidence": (EVIDENCE, ("account_a", "account_b", "group", "signal", "value")),
    "rings": (RINGS, ("ring_id",)),
    "members": (MEMBERS, ("ring_id", "account_id")),
    "matrix": (MATRIX, ("ring_id", "statistic")),
}
