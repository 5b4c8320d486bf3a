"""What verification must catch, each with the step that catches it. See the design's list."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from graphattr.errors import InputError, VerificationError
from graphattr.evidence import bag, verify_bundle
from graphattr.evidence.assemble import assemble
from graphattr.evidence.canonical import document
from graphattr.evidence.case import read_case
from graphattr.evidence.payload import (
    CASE,
    CUSTODY,
    EXCULPATORY,
    FIGURES,
    HTML,
    PDF,
    RUN,
    SALT_KEY,
)

from .tampering import STRANGER, Bag, forge

LINKS = "data/tables/links.jsonl"
ENVELOPE = "attestations/full.dsse.json"
Tamper = Callable[[Bag], object]


def failing_step(path: Path, **options: Path) -> str:
    with pytest.raises(VerificationError) as caught:
        verify_bundle(path, **options)
    return caught.value.step


@pytest.mark.parametrize("audience", ["full", "legal", "policy", "public"])
def test_intact_bundles_pass(bundles: dict[str, Path], public_key: Path, audience: str) -> None:
    report = verify_bundle(bundles[audience], key=public_key)
    assert report.audience == audience
    assert report.signer_known
    assert [step.number for step in report.steps] == list(range(1, 15))
    assert all(step.ok and step.checked for step in report.steps)


def test_without_a_key_the_signer_is_unknown(bundles: dict[str, Path]) -> None:
    report = verify_bundle(bundles["full"])
    assert not report.signer_known
    assert "signer is unknown" in report.notes[0]


def test_an_unpacked_bundle_passes(bundles: dict[str, Path], tmp_path: Path) -> None:
    folder = Bag.open(bundles["full"]).unpack(tmp_path)
    assert verify_bundle(folder.rename(tmp_path / "renamed")).audience == "full"


def test_nothing_to_verify(tmp_path: Path, bundles: dict[str, Path]) -> None:
    with pytest.raises(InputError, match="cannot read the bundle"):
        verify_bundle(tmp_path / "none.zip")
    with pytest.raises(InputError, match="cannot read the key"):
        verify_bundle(bundles["full"], key=tmp_path / "none.pem")
    (tmp_path / "bad.pem").write_text("not a key")
    with pytest.raises(InputError, match="public key in PEM"):
        verify_bundle(bundles["full"], key=tmp_path / "bad.pem")


def _swap(made: Bag, one: str, other: str) -> None:
    made.files[one], made.files[other] = made.files[other], made.files[one]


def _line(made: Bag, manifest: str, line: bytes) -> None:
    made.files[manifest] += line


#: Alterations without the signing key: files, manifests, envelopes.
OUTSIDER: dict[str, tuple[Tamper, str]] = {
    "changed": (lambda m: m.replace(LINKS, b"acc-a1", b"acc-b1"), "checksums"),
    "changed, manifests repaired": (
        lambda m: (m.replace(LINKS, b"acc-a1", b"acc-b1"), m.repair()),
        "signature",
    ),
    "removed": (lambda m: m.files.pop(LINKS), "bag"),
    "removed, manifests repaired": (lambda m: (m.files.pop(LINKS), m.repair()), "signature"),
    "added": (lambda m: m.files.update({"data/more.txt": b"x"}), "bag"),
    "added, manifests repaired": (
        lambda m: (m.files.update({"data/more.txt": b"x"}), m.repair()),
        "signature",
    ),
    "names swapped": (lambda m: _swap(m, LINKS, "data/tables/members.jsonl"), "checksums"),
    "traversal in manifest": (lambda m: _line(m, bag.MANIFEST, b"0" * 64 + b"  data/../../passwd\n"), "bag"),
    "absolute path in manifest": (lambda m: _line(m, bag.MANIFEST, b"0" * 64 + b"  /etc/passwd\n"), "bag"),
    "manifest lists twice": (
        lambda m: _line(m, bag.MANIFEST, m.files[bag.MANIFEST].split(b"\n")[0] + b"\n"),
        "bag",
    ),
    "manifest without digests": (lambda m: _line(m, bag.MANIFEST, b"  data/x\n"), "bag"),
    "fetch.txt": (lambda m: (m.files.update({"fetch.txt": b"http://x 1 data/x\n"}), m.repair()), "bag"),
    "unlisted tag file": (lambda m: m.files.update({"readme.txt": b"x"}), "bag"),
    "another manifest": (lambda m: (m.files.update({"manifest-md5.txt": b""}), m.repair()), "bag"),
    "bagit.txt": (lambda m: (m.files.update({"bagit.txt": b"BagIt-Version: 0.97\n"}), m.repair()), "bag"),
    "no payload manifest": (lambda m: m.files.pop(bag.MANIFEST), "bag"),
    "no tag manifest": (lambda m: m.files.pop(bag.TAG_MANIFEST), "bag"),
    "manifest reordered": (lambda m: _reorder(m), "checksums"),
    "envelope missing": (lambda m: (m.files.pop(ENVELOPE), m.repair()), "signature"),
    "key missing": (lambda m: (m.files.pop(bag.SIGNER), m.repair()), "signature"),
    "two envelopes": (
        lambda m: (m.files.update({"attestations/disclosure.dsse.json": m.files[ENVELOPE]}), m.repair()),
        "signature",
    ),
    "no signature": (
        lambda m: (m.edit(ENVELOPE, lambda e: e["signatures"].clear()), m.repair()),
        "signature",
    ),
    "two signatures": (
        lambda m: (m.edit(ENVELOPE, lambda e: e["signatures"].append(e["signatures"][0])), m.repair()),
        "signature",
    ),
    "payloadType": (
        lambda m: (m.edit(ENVELOPE, lambda e: e.update(payloadType="application/json")), m.repair()),
        "signature",
    ),
    "payload altered": (lambda m: (m.edit(ENVELOPE, _edit_payload), m.repair()), "signature"),
    "signature of another": (lambda m: (m.edit(ENVELOPE, _other_signature), m.repair()), "signature"),
    "envelope spelled otherwise": (
        lambda m: (m.files.update({ENVELOPE: json.dumps(m.json(ENVELOPE)).encode()}), m.repair()),
        "signature",
    ),
    "key of another": (
        lambda m: (m.files.update({bag.SIGNER: _stranger_pem()}), m.repair()),
        "signature",
    ),
    "re-signed by another": (lambda m: m.sign(STRANGER), "signature"),
}


def _reorder(made: Bag) -> None:
    lines = made.files[bag.MANIFEST].split(b"\n")[:-1]
    made.files[bag.MANIFEST] = b"".join(line + b"\n" for line in reversed(lines))
    _, tags = bag.split({name: data for name, data in made.files.items() if name != bag.TAG_MANIFEST})
    made.files[bag.TAG_MANIFEST] = bag.manifest(tags)


def _edit_payload(envelope: dict[str, Any]) -> None:
    payload = base64.b64decode(envelope["payload"]).replace(b"ring-1", b"ring-9")
    envelope["payload"] = base64.b64encode(payload).decode()


def _other_signature(envelope: dict[str, Any]) -> None:
    envelope["signatures"][0]["sig"] = base64.b64encode(STRANGER.sign(b"something else")).decode()


def _stranger_pem() -> bytes:
    from graphattr.evidence.keys import public_pem

    return public_pem(STRANGER.public_key())


@pytest.mark.parametrize("name", OUTSIDER)
def test_outsider(bundles: dict[str, Path], public_key: Path, tmp_path: Path, name: str) -> None:
    alter, step = OUTSIDER[name]
    made = Bag.open(bundles["full"])
    alter(made)
    assert failing_step(made.write(tmp_path / "altered.zip"), key=public_key) == step


def _duplicate_subject(statement: dict[str, Any]) -> None:
    statement["subject"].append(statement["subject"][0])


def _first_link(rows: list[dict[str, Any]], **cells: Any) -> None:
    rows[0].update(cells)


def _reverse_rows(made: Bag) -> None:
    lines = made.files[LINKS].split(b"\n")[:-1]
    made.files[LINKS] = b"".join(line + b"\n" for line in reversed(lines))


def _figure_in_json(made: Bag) -> None:
    made.edit(FIGURES, lambda f: f["figures"][-1].update(value="0.5", shown="0.500"))


def _figure_everywhere(made: Bag) -> None:
    """The ring's size, in figures.json and in the report."""

    def change(paper: dict[str, Any]) -> None:
        figure = next(f for f in paper["figures"] if f["id"] == "ring.size/ring-1")
        figure.update(value="80", shown="80")

    made.edit(FIGURES, change)
    made.replace(HTML, b'data-figure="ring.size/ring-1">8<', b'data-figure="ring.size/ring-1">80<')
    made.relog()


def _custody(made: Bag, change: Callable[[list[Any]], None]) -> None:
    entries = [json.loads(line) for line in made.files[CUSTODY].split(b"\n")[:-1]]
    change(entries)
    made.files[CUSTODY] = b"".join(document(entry) for entry in entries)


def _html(made: Bag, old: bytes, new: bytes) -> None:
    made.replace(HTML, old, new)
    made.relog()


def _against_softened(made: Bag) -> None:
    made.edit(EXCULPATORY, lambda p: p["rings"][0]["speaks_against"].pop())
    made.relog()


def _search_dropped(made: Bag) -> None:
    made.edit(EXCULPATORY, lambda p: p["rings"][0]["searches"].pop(10))
    made.relog()


def _answer_changed(made: Bag) -> None:
    def change(paper: Any) -> None:
        paper["rings"][0]["searches"][5]["answer"]["text"] = "Nothing was found."
        paper["rings"][0]["speaks_against"] = [
            s["answer"] for s in paper["rings"][0]["searches"] if s["found"]
        ]

    made.edit(EXCULPATORY, change)
    made.relog()


#: Alterations by the holder of the key, who signs anew: only meaning can show them.
INSIDER: dict[str, tuple[Tamper, str]] = {
    "part removed": (lambda m: m.files.pop("data/certification/certification.md"), "parts"),
    "part added": (lambda m: m.files.update({"data/notes.txt": b"x"}), "parts"),
    "table removed": (lambda m: m.files.pop("data/tables/links.csv"), "parts"),
    "tag file added": (lambda m: m.files.update({"notes.txt": b"x"}), "parts"),
    "salt key cut": (lambda m: m.files.update({SALT_KEY: m.files[SALT_KEY][:16]}), "parts"),
    "exculpatory part removed": (lambda m: m.files.pop(EXCULPATORY), "exculpatory"),
    "exculpatory softened": (_against_softened, "exculpatory"),
    "exculpatory search dropped": (_search_dropped, "rebuild"),
    "exculpatory answer changed": (_answer_changed, "rebuild"),
    "rows reordered": (_reverse_rows, "tables"),
    "rows spelled otherwise": (lambda m: m.replace(LINKS, b'{"account_a":', b'{ "account_a":'), "tables"),
    "CSV differs": (lambda m: m.replace("data/tables/links.csv", b"acc-a1", b"acc-a9"), "tables"),
    "Parquet differs": (
        lambda m: m.files.update({"data/tables/members.parquet": m.files["data/tables/rings.parquet"]}),
        "tables",
    ),
    "schema differs": (
        lambda m: m.edit("data/tables/schema.json", lambda s: s["links"].update(key=["account_b"])),
        "tables",
    ),
    "fact added": (lambda m: m.edit(RUN, lambda facts: facts.update(more="x")), "tables"),
    "salt key changed": (lambda m: m.files.update({SALT_KEY: bytes(32)}), "commitments"),
    "root changed": (lambda m: m.edit(CASE, lambda case: case.update(root="00" * 32)), "commitments"),
    "row changed": (
        lambda m: m.rewrite_table("links", lambda rows: _first_link(rows, probability=0.99)),
        "commitments",
    ),
    "figure in JSON": (_figure_in_json, "figures"),
    "figure everywhere": (_figure_everywhere, "figures"),
    "figure in HTML": (
        lambda m: _html(m, b'"ring.size/ring-1">8<', b'"ring.size/ring-1">80<'),
        "report",
    ),
    "figure in PDF": (
        lambda m: (m.replace(PDF, b"(The 8 accounts", b"(The 9 accounts"), m.relog()),
        "rebuild",
    ),
    "PDF text added": (lambda m: (m.files.update({PDF: m.files[PDF] + b"% note\n"}), m.relog()), "rebuild"),
    "word": (lambda m: _html(m, b"are consistent with", b"are proven to be"), "words"),
    "number without figure": (lambda m: _html(m, b"Weakest point", b"Weakest point of 99"), "report"),
    "spelled number": (lambda m: _html(m, b"Weakest point", "Weakest point of \u0663".encode()), "report"),
    "unknown figure": (lambda m: _html(m, b"ring.size/ring-1", b"ring.size/ring-7"), "report"),
    "quotation": (lambda m: _html(m, b"<q>active at", b"<q>never active at"), "report"),
    "hidden by style": (
        lambda m: _html(m, b"<p>Case", b'<p style="display:none">more</p><p>Case'),
        "report",
    ),
    "hidden in a comment": (lambda m: _html(m, b"<p>Case", b"<!-- more --><p>Case"), "report"),
    "hidden by zero width": (lambda m: _html(m, b"<p>Case", "<p>\u200bCase".encode()), "report"),
    "style changed": (lambda m: _html(m, b"color:#111", b"color:#fff"), "report"),
    "script": (lambda m: _html(m, b"<p>Case", b"<script>alert(0)</script><p>Case"), "report"),
    "image": (lambda m: _html(m, b"<p>Case", b'<img src="http://x/y"><p>Case'), "report"),
    "prose changed": (lambda m: _html(m, b"a lead: worth looking into", b"a finding: sure"), "rebuild"),
    "custody edited": (lambda m: _custody(m, lambda log: log[1].update(what="Another wrote it.")), "custody"),
    "custody cut": (lambda m: _custody(m, lambda log: log.pop()), "custody"),
    "custody middle cut": (lambda m: _custody(m, lambda log: log.pop(2)), "custody"),
    "stale model": (
        lambda m: m.edit("data/model/model.json", lambda p: p.update(sha256="00" * 32)),
        "rebuild",
    ),
    "error rates invented": (
        lambda m: m.edit("data/method/method.json", lambda p: p["error_rates"].update(words="None at all.")),
        "rebuild",
    ),
    "prior changed": (
        lambda m: m.replace("data/hypotheses/hypotheses.json", b'"prior":"0.2"', b'"prior":"0.9"'),
        "rebuild",
    ),
    "provenance": (lambda m: m.edit("data/provenance/prov.json", lambda p: p["entity"].clear()), "rebuild"),
    "script for checking": (lambda m: m.files.update({"verify.sh": b"#!/bin/sh\nexit 0\n"}), "rebuild"),
    "case id": (lambda m: m.edit(CASE, lambda case: case.update(case="00" * 8)), "signature"),
    "version claimed": (
        lambda m: m.edit(CASE, lambda case: case["built_with"].update(extra="1")),
        "signature",
    ),
}


@pytest.mark.parametrize("name", INSIDER)
def test_insider(bundles: dict[str, Path], public_key: Path, tmp_path: Path, name: str) -> None:
    alter, step = INSIDER[name]
    made = Bag.open(bundles["full"])
    alter(made)
    path = made.sign().write(tmp_path / "altered.zip")
    assert failing_step(path, key=public_key) == step


def test_duplicate_subject(bundles: dict[str, Path], tmp_path: Path) -> None:
    made = Bag.open(bundles["full"]).sign(change=_duplicate_subject)
    assert failing_step(made.write(tmp_path / "altered.zip")) == "signature"


def test_statement_about_another_case(bundles: dict[str, Path], tmp_path: Path) -> None:
    made = Bag.open(bundles["full"]).sign(change=lambda s: s["predicate"].update(case="00" * 8))
    assert failing_step(made.write(tmp_path / "altered.zip")) == "signature"


def test_other_identifier_in_bag_info(bundles: dict[str, Path], tmp_path: Path) -> None:
    made = Bag.open(bundles["full"])
    info = made.files["bag-info.txt"].replace(b"External-Identifier: ", b"External-Identifier: 0")
    assert failing_step(made.sign(info=info).write(tmp_path / "altered.zip")) == "signature"


def test_re_signed_by_a_stranger_passes_only_without_the_key(
    bundles: dict[str, Path], public_key: Path, tmp_path: Path
) -> None:
    path = Bag.open(bundles["full"]).sign(STRANGER).write(tmp_path / "stranger.zip")
    report = verify_bundle(path)
    assert not report.signer_known
    assert failing_step(path, key=public_key) == "signature"


def test_links_in_a_folder(bundles: dict[str, Path], tmp_path: Path) -> None:
    folder = Bag.open(bundles["full"]).unpack(tmp_path / "a")
    kept = (folder / HTML).rename(tmp_path / "report.html")
    (folder / HTML).symlink_to(kept)
    assert failing_step(folder) == "container"
    folder = Bag.open(bundles["full"]).unpack(tmp_path / "b")
    kept = (folder / "data/report").rename(tmp_path / "report")
    (folder / "data/report").symlink_to(kept)
    assert failing_step(folder) == "container"


def _forged(run: Path, tmp_path: Path, table: str, *changes: pl.Expr) -> Path:
    """A bundle of an altered table, everything else derived from it and signed."""
    case = read_case(run, ["ring-1"])
    case = replace(case, tables=case.tables | {table: case.tables[table].with_columns(*changes)})
    return forge(assemble(case, bytes(32), "full")).write(tmp_path / "forged.zip")


@pytest.mark.parametrize("table", ["matrix", "evidence"])
def test_a_word_in_a_reason(run: Path, tmp_path: Path, table: str) -> None:
    path = _forged(run, tmp_path, table, pl.lit("they are guilty").alias("reason"))
    assert failing_step(path) == "words"


def test_a_word_in_a_value_is_not_ours(run: Path, tmp_path: Path) -> None:
    """An operator named so, and a value quoted in a reason, are shown and pass."""
    path = _forged(run, tmp_path, "rings", pl.lit("Proven Fraudster Ltd").alias("operator"))
    assert verify_bundle(path).audience == "full"
    words = [pl.lit("guilty-device").alias("value"), pl.lit("both hold guilty-device").alias("reason")]
    words.append(pl.lit("x").alias("signal"))
    case = read_case(run, ["ring-1"])
    first = case.tables["evidence"].unique(["account_a", "account_b", "group"], maintain_order=True)
    case = replace(case, tables=case.tables | {"evidence": first.with_columns(words)})
    path = forge(assemble(case, bytes(32), "full")).write(tmp_path / "forged.zip")
    assert verify_bundle(path).audience == "full"


@pytest.mark.parametrize("content", [b"null\n", b"[]\n", b"{}\n", b"", b"\xff\xfe", b'{"a":' * 5000])
def test_nonsense_in_any_file_is_a_failed_step(
    bundles: dict[str, Path], tmp_path: Path, content: bytes
) -> None:
    """Whatever a signed file holds, verification ends in a step, never in a crash."""
    whole = Bag.open(bundles["policy"])
    for name in whole.files:
        if name.startswith("data/") and name != CASE:
            made = Bag(whole.top, whole.files | {name: content})
            made.sign().write(tmp_path / "n.zip")
            with pytest.raises(VerificationError):
                verify_bundle(tmp_path / "n.zip")
