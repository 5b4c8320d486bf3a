"""Audiences: what each gets, what none but the full one gets, and that it comes from the same full bundle."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from graphattr.errors import BundleError, VerificationError
from graphattr.evidence import build_bundle, verify_bundle
from graphattr.evidence.assemble import assemble
from graphattr.evidence.canonical import document
from graphattr.evidence.case import read_case
from graphattr.evidence.payload import FIGURES, HTML, RUN, SALT_KEY
from graphattr.evidence.redact import committed_frames, redacted_tables

from .runs import ACCOUNTS, HOSTILE, make_run
from .tampering import STRANGER, Bag, forge
from .test_verify import failing_step

REDACTED = ("legal", "policy", "public")
VALUES = ("card-4711", "card-0815", "2001:db8::7", "hunter22", "graph.example")
KEY = bytes(range(32))


def everything(made: Bag) -> bytes:
    return b"\n".join(data for _, data in sorted(made.files.items()))


@pytest.mark.parametrize("audience", REDACTED)
def test_no_identifier_is_left(bundles: dict[str, Path], audience: str) -> None:
    content = everything(Bag.open(bundles[audience]))
    for text in (*ACCOUNTS, *VALUES):
        assert text.encode() not in content, text


@pytest.mark.parametrize("audience", REDACTED)
def test_no_digest_of_a_full_file_is_left(bundles: dict[str, Path], run: Path, audience: str) -> None:
    full, redacted = Bag.open(bundles["full"]), Bag.open(bundles[audience])
    same = {name for name, data in redacted.files.items() if full.files.get(name) == data}
    digests = set(re.findall(rb"[0-9a-f]{64}", full.files["manifest-sha256.txt"]))
    digests |= {d.encode() for d in json.loads((run / "run.json").read_text())["outputs"].values()}
    shared = {
        line.split()[0] for line in full.files["manifest-sha256.txt"].splitlines() if _name(line) in same
    }
    found = set(re.findall(rb"[0-9a-f]{64}", everything(redacted)))
    assert not (digests - shared) & found


def _name(line: bytes) -> str:
    return line.split(b"  ")[1].decode()


def test_the_full_bundle_holds_the_rows(bundles: dict[str, Path]) -> None:
    content = everything(Bag.open(bundles["full"]))
    assert b"acc-a1" in content
    assert b"card-4711" in content
    assert b"hunter22" not in content, "credentials of a store URI are nobody's business"


@pytest.mark.parametrize("audience", REDACTED)
def test_root_and_case_are_the_same(bundles: dict[str, Path], audience: str) -> None:
    full, redacted = verify_bundle(bundles["full"]), verify_bundle(bundles[audience])
    assert (full.root, full.case_id) == (redacted.root, redacted.case_id)


@pytest.mark.parametrize("audience", REDACTED)
def test_against_the_full_bundle(bundles: dict[str, Path], public_key: Path, audience: str) -> None:
    report = verify_bundle(bundles[audience], key=public_key, against=bundles["full"])
    assert report.steps[-1].name == "against"
    assert not any("--against" in note for note in report.notes)


def test_figures_from_elsewhere_are_announced(bundles: dict[str, Path]) -> None:
    assert any("--against" in note for note in verify_bundle(bundles["public"]).notes)


def test_against_another_case(bundles: dict[str, Path], run: Path, key: Path, tmp_path: Path) -> None:
    other = build_bundle(run, ["ring-1", "ring-2"], tmp_path / "other.zip", key=key)
    assert failing_step(bundles["legal"], against=other.path) == "against"
    assert failing_step(bundles["legal"], against=bundles["policy"]) == "against"
    assert failing_step(bundles["full"], against=bundles["full"]) == "against"


def test_against_a_full_bundle_that_fails_itself(bundles: dict[str, Path], tmp_path: Path) -> None:
    made = Bag.open(bundles["full"])
    made.files["data/secret/salt-key.bin"] = bytes(32)
    assert failing_step(bundles["legal"], against=made.sign().write(tmp_path / "f.zip")) == "commitments"


def test_against_a_full_bundle_of_another_signer(bundles: dict[str, Path], tmp_path: Path) -> None:
    other = Bag.open(bundles["full"]).sign(STRANGER).write(tmp_path / "f.zip")
    assert failing_step(bundles["legal"], against=other) == "against"


def test_a_carried_figure_altered_everywhere_shows_only_against(
    bundles: dict[str, Path], tmp_path: Path
) -> None:
    made = Bag.open(bundles["public"])
    entry = next(e for e in made.json(FIGURES)["figures"] if e["id"] == "ring.links/ring-1")
    assert entry["carried"]
    assert entry["value"] == "28"
    sources = assemble_public(bundles)
    sources.figures.get("ring.links", "ring-1")
    forged = sources.figures.made["ring.links/ring-1"]
    object.__setattr__(forged, "value", "27")
    object.__setattr__(forged, "shown", "27")
    path = forge(sources).write(tmp_path / "forged.zip")
    assert verify_bundle(path).audience == "public"
    assert failing_step(path, against=bundles["full"]) == "against"


def assemble_public(bundles: dict[str, Path]):
    from graphattr.evidence.checks_content import tables
    from graphattr.evidence.checks_files import bag_structure, container, signature
    from graphattr.evidence.opened import Opened

    opened = Opened(bundles["full"], None)
    for step in (container, bag_structure, signature, tables):
        step(opened)
    return assemble(opened.case, opened.files[SALT_KEY], "public")


DISCLOSED = "data/disclosed/members.jsonl"
TREE = "data/commitments/commitments.json"


def _another_root(paper: dict[str, Any]) -> None:
    hidden = next(name for name, table in paper["tables"].items() if set(table) == {"root"})
    paper["tables"][hidden]["root"] = "00" * 32


def _drop(made: Bag) -> None:
    lines = made.files[DISCLOSED].split(b"\n")
    made.files[DISCLOSED] = b"\n".join(lines[1:])
    made.rewrite_table("members", lambda rows: rows.pop(0))


def _reorder(made: Bag) -> None:
    first, second, *rest = made.files[DISCLOSED].split(b"\n")
    made.files[DISCLOSED] = b"\n".join([second, first, *rest])


def _swap_cells(made: Bag) -> None:
    """Two members' tiers change places in the disclosed rows, salts and all."""
    lines = [json.loads(line) for line in made.files[DISCLOSED].split(b"\n")[:-1]]
    core, probable = (
        next(row["cells"] for row in lines if row["cells"][4][1] == tier) for tier in ("core", "probable")
    )
    core[4], probable[4] = probable[4], core[4]
    made.files[DISCLOSED] = b"".join(document(row) for row in lines)


TAMPERED = {
    "value edited": lambda m: m.rewrite_table("members", lambda rows: rows[0].update(probability=0.955)),
    "row dropped": _drop,
    "disclosed rows reordered": _reorder,
    "cells swapped": _swap_cells,
    "disclosed value edited": lambda m: m.replace(DISCLOSED, b',"core"]', b',"bore"]'),
    "more disclosed": lambda m: m.replace(DISCLOSED, b'"rest":', b'"more":1,"rest":'),
    "cell withdrawn": lambda m: m.replace(DISCLOSED, b'"cells":[[', b'"cells":["00",['),
    "rest withdrawn": lambda m: m.files.update(
        {DISCLOSED: re.sub(rb'"rest":"\w+"', b'"rest":null', m.files[DISCLOSED])}
    ),
    "another row of commitments": lambda m: m.edit(TREE, lambda t: t["tables"]["members"].update(rows=7)),
    "another root of a hidden table": lambda m: m.edit(TREE, _another_root),
    "columns renamed": lambda m: m.edit(TREE, lambda t: t["tables"]["members"].update(private=["x"])),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_tampered_redactions(bundles: dict[str, Path], tmp_path: Path, name: str) -> None:
    made = Bag.open(bundles["legal"])
    TAMPERED[name](made)
    assert failing_step(made.sign().write(tmp_path / "t.zip")) == "commitments"


def test_secret_or_rows_inside(bundles: dict[str, Path], tmp_path: Path) -> None:
    full = Bag.open(bundles["full"])
    for name in (SALT_KEY, "data/tables/signals/ips.jsonl"):
        made = Bag.open(bundles["legal"])
        made.files[name] = full.files[name]
        assert failing_step(made.sign().write(tmp_path / "t.zip")) == "parts"


def test_full_digests_inside(bundles: dict[str, Path], tmp_path: Path) -> None:
    full = Bag.open(bundles["full"])
    made = Bag.open(bundles["legal"])
    made.edit(RUN, lambda facts: facts.update(outputs=full.json(RUN)["outputs"]))
    assert failing_step(made.sign().write(tmp_path / "t.zip")) == "tables"


def test_legal_keeps_reasons_with_tokens(bundles: dict[str, Path]) -> None:
    made = Bag.open(bundles["legal"])
    rows = [json.loads(line) for line in made.files["data/tables/evidence.jsonl"].split(b"\n")[:-1]]
    card = next(row for row in rows if row["signal"] == "instrument")
    assert card["value"].startswith("instrument-")
    assert f"both accounts hold the same instrument {card['value']}" in card["reason"]
    assert all(row["account_a"] < row["account_b"] for row in rows)
    ring = json.loads(made.files["data/tables/rings.jsonl"])
    assert re.fullmatch(r"ip:ip-[0-9a-f]{24}", ring["weakest_point"])
    assert ring["first_seen"].endswith("T00:00:00.000000Z")
    assert ring["operator"] == "Lotus Group"


def test_tokens_differ_between_cases_and_keys(run: Path) -> None:
    case = read_case(run, ["ring-1"])
    tokens = [
        committed_frames(case, key)["members"]["account_id#token"].to_list() for key in (KEY, KEY[::-1])
    ]
    assert not set(tokens[0]) & set(tokens[1])
    assert len(set(tokens[0])) == 8


def test_the_order_of_ends_says_nothing_of_the_identifiers(run: Path) -> None:
    """Were the ends kept in the order of the identifiers, the links of a ring would sort its members."""
    case = read_case(run, ["ring-1"])
    links = committed_frames(case, KEY)["links"]
    assert (links["account_a#token"] < links["account_b#token"]).all()
    kept = links.filter(pl.col("account_a") == "acc-a1")
    token = committed_frames(case, KEY)["members"].filter(pl.col("account_id") == "acc-a1")[
        "account_id#token"
    ][0]
    assert 0 < kept.filter(pl.col("account_b#token") == token).height < kept.height


def test_rare_classes_are_left_out(run: Path) -> None:
    case = read_case(run, ["ring-1"])
    tables = redacted_tables(committed_frames(case, KEY), "legal")
    kinds = dict(tables["holdings"].group_by("signal").agg(pl.col("kind").drop_nulls().unique()).iter_rows())
    assert kinds == {"ip": ["vpn"], "instrument": ["prepaid"]}, (
        "credit has one holder in the ring, prepaid seven"
    )
    reasons = " ".join(tables["evidence"]["reason"])
    assert "credit" not in reasons
    assert "prepaid" in reasons


@pytest.mark.parametrize("audience", ["policy", "public"])
def test_small_rings_are_refused(run: Path, key: Path, tmp_path: Path, audience: str) -> None:
    with pytest.raises(BundleError, match="fewer than 5 accounts"):
        build_bundle(run, ["ring-2"], tmp_path / "b.zip", audience=audience, key=key)  # type: ignore[arg-type]
    assert not (tmp_path / "b.zip").exists()
    assert build_bundle(run, ["ring-2"], tmp_path / "b.zip", audience="legal", key=key).path.exists()


@pytest.mark.parametrize("audience", ["policy", "public"])
def test_small_counts_are_withheld(bundles: dict[str, Path], audience: str) -> None:
    figures = {e["id"]: e for e in Bag.open(bundles[audience]).json(FIGURES)["figures"]}
    assert figures["ring.unresolved/ring-1"]["shown"] == "withheld"
    assert figures["labels.independent/ring-1"]["value"] is None
    assert figures["ring.size/ring-1"]["value"] == "8"
    for entry in figures.values():
        if entry["unit"] == "accounts" and entry["carried"] and entry["value"] is not None:
            assert int(entry["value"]) == 0 or 5 <= int(entry["value"]) in (8,)


def test_public_and_policy_say_less(bundles: dict[str, Path]) -> None:
    policy, public = (Bag.open(bundles[name]) for name in ("policy", "public"))
    assert "data/tables/matrix.jsonl" in policy.files
    assert "data/tables/matrix.jsonl" not in public.files
    for made in (policy, public):
        assert "data/tables/members.jsonl" not in made.files
        assert b"Lotus" not in everything(made)
        assert b"not said to this audience" in made.files[HTML]
        assert set(made.json("data/commitments/commitments.json")["tables"]["links"]) == {"root"}


def test_redaction_log(bundles: dict[str, Path]) -> None:
    log = Bag.open(bundles["legal"]).json("data/redaction/log.json")
    assert log["tables"]["members"]["replaced"] == {"account_id": "token"}
    assert log["tables"]["evidence"]["withheld"] == ["row_a", "row_b"]
    assert "signals" in log["tables_left_out"]


def test_prose_with_spaces_and_hostile_values(tmp_path: Path, key: Path) -> None:
    run = make_run(tmp_path / "run")
    made = Bag.open(build_bundle(run, ["ring-2"], tmp_path / "b.zip", audience="legal", key=key).path)
    assert HOSTILE.encode() not in everything(made)
    assert b"HYPERLINK" not in everything(made)


def test_a_redaction_is_signed_as_one(bundles: dict[str, Path], tmp_path: Path) -> None:
    made = Bag.open(bundles["legal"])
    made.files["attestations/full.dsse.json"] = made.files.pop("attestations/disclosure.dsse.json")
    path = made.repair().write(tmp_path / "t.zip")
    with pytest.raises(VerificationError) as caught:
        verify_bundle(path)
    assert caught.value.step == "signature"
