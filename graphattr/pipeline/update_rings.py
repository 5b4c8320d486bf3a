"""Rings of an update get the ids of the rings that they continue; what became of the old ones is written beside."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import polars as pl

from graphattr.records import GROUPED_FILE, TABLES, RunPaths
from graphattr.rings.continuity import Change, continuity

CHANGES_FILE: Final = "changes.parquet"
RETIRED_FILE: Final = "retired.parquet"
#: Ids that no ring has any more. Key: ring_id.
RETIRED: Final[dict[str, Any]] = {
    "ring_id": pl.String,
    "update": pl.Int64,  # number of the update that ended it
    "to_ids": pl.List(pl.String),  # rings that its accounts were in then
}


def name_rings(before: RunPaths, out: Path, number: int) -> dict[str, Any]:
    """Gives the rings of `out` lasting ids, in grouped.parquet and the weakest points beside `out`.

    Also writes changes.parquet and retired.parquet. Started again after a kill it finds what it wrote, and so would
    take final ids for provisional ones; so the rings as they were made are kept until the end.

    Args:
        before: the run as it was.
        out: the run in the making.
        number: of the update, from 1.

    Returns:
        `changes`: rows of changes.parquet by change.
    """
    made = {name: out.parent / f"{name}.made" for name in ("grouped", "weakest")}
    paths = {"grouped": out / GROUPED_FILE, "weakest": out.parent / "weakest.parquet"}
    for name, path in paths.items():
        if not made[name].exists():
            path.rename(made[name])
    members = pl.read_parquet(made["grouped"])
    earlier = before.root / RETIRED_FILE
    retired = pl.read_parquet(earlier) if earlier.exists() else pl.DataFrame(schema=RETIRED)
    columns = ["ring_id", "account_id"]
    grouped = before.root / GROUPED_FILE  # as they were before any accounts were set apart
    old = pl.read_parquet(grouped if grouped.exists() else before.table("members"), columns=columns)
    result = continuity(old, members.select(columns), retired["ring_id"].to_list())
    names = pl.DataFrame(
        {"ring_id": list(result.ids), "id": list(result.ids.values())},
        schema={"ring_id": pl.String, "id": pl.String},
    )
    for name, path in paths.items():
        frame = pl.read_parquet(made[name])
        renamed = frame.join(names, on="ring_id").select(pl.col("id").alias("ring_id"), *frame.columns[1:])
        key = TABLES["members"][1] if name == "grouped" else ("ring_id",)
        renamed.sort(key).write_parquet(path)
    ended = pl.DataFrame(
        [(ring, number, to_ids) for ring, to_ids in result.ended.items()], schema=RETIRED, orient="row"
    )
    pl.concat([retired, ended]).sort("ring_id").write_parquet(out / RETIRED_FILE)
    result.changes.write_parquet(out / CHANGES_FILE)
    counts = dict(result.changes["change"].value_counts().iter_rows())
    return {"changes": {change.value: counts.get(change.value, 0) for change in Change}}
