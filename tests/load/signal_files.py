"""A small sound world of signals, and what a load leaves of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from loaders import LoadResult

AS_OF = datetime(2025, 6, 1, tzinfo=UTC)
KEY = b"a key for tests, long enough"
Rows = Sequence[Mapping[str, Any]]

ACCOUNTS = [
    {"account_id": f"a{number}", "created_at": f"2025-01-{number:02}T00:00:00Z"} for number in range(1, 10)
]
SOUND: dict[str, Mapping[str, Any]] = {
    "payments": {
        "account_id": "a1",
        "instrument_id": "card",
        "observed_at": "2025-03-01T10:00:00Z",
        "kind": "credit",
        "issuer_country": "DE",
        "amount": "9.5",
        "outcome": "approved",
    },
    "ips": {"account_id": "a1", "ip": "198.51.100.7", "observed_at": "2025-03-01T10:00:00Z", "asn": "64500"},
    "devices": {
        "account_id": "a1",
        "device_id": "d1",
        "observed_at": "2025-03-01T10:00:00Z",
        "utc_offset_minutes": "60",
    },
    "usage": {
        "account_id": "a1",
        "observed_at": "2025-03-01T10:00:00Z",
        "requests": "3",
        "input_tokens": "10",
        "output_tokens": "20",
    },
    "events": {"account_id": "a1", "observed_at": "2025-03-01T10:00:00Z", "event": "key_created"},
    "labels": {
        "account_id": "a1",
        "operator": "op",
        "source": "desk",
        "observed_at": "2025-03-01T10:00:00Z",
        "reliability": "B",
    },
}


def write(folder: Path, name: str, rows: Rows) -> Path:
    """Writes rows of texts as <name>: CSV, JSON Lines or Parquet by its suffix."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    frame = pl.DataFrame(
        [{column: row.get(column) for column in columns} for row in rows], infer_schema_length=None
    )
    if path.suffix == ".csv":
        frame.write_csv(path)
    elif path.suffix == ".parquet":
        frame.write_parquet(path)
    else:
        path.write_text("".join(json.dumps(dict(row)) + "\n" for row in rows), encoding="utf-8")
    return path


@dataclass
class Loaded:
    """What a load left on disk."""

    result: LoadResult
    out: Path

    def table(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.out / "signals" / f"{name}.parquet")

    def quarantine(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.out / "quarantine" / f"{name}.parquet")

    def report(self, name: str) -> dict[str, Any]:
        report: dict[str, Any] = json.loads((self.out / "load_report.json").read_text())["tables"][name]
        accounted = ("loaded", "quarantined", "duplicates", "not_selected")
        assert report["rows"] == sum(report[part] for part in accounted)
        assert report["loaded"] == self.table(name).height
        assert report["quarantined"] == sum(report["reasons"].values())
        return report

    def reasons(self, name: str) -> list[str]:
        return list(self.quarantine(name).sort("row")["reason"]) if self.report(name)["quarantined"] else []


Load = Callable[..., Loaded]
