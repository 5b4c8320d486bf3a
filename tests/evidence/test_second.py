"""Second implementations: bagit, securesystemslib, and the bundle's own shell script."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path

import bagit
import pytest
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

from graphattr.evidence.canonical import sha256
from graphattr.evidence.keys import fingerprint

from .tampering import SIGNER, STRANGER, Bag
from .test_verify import ENVELOPE, INSIDER, OUTSIDER

SHELLS = [shell for shell in ("dash", "bash") if shutil.which(shell)]


def script(folder: Path, *arguments: str, shell: str = "sh") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [shell, str(folder / "verify.sh"), *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("audience", ["full", "legal", "policy", "public"])
def test_bagit_finds_it_valid(bundles: dict[str, Path], tmp_path: Path, audience: str) -> None:
    folder = Bag.open(bundles[audience]).unpack(tmp_path)
    assert bagit.Bag(str(folder)).validate()


def test_bagit_finds_a_change(bundles: dict[str, Path], tmp_path: Path) -> None:
    made = Bag.open(bundles["full"])
    made.replace("data/tables/links.jsonl", b"acc-a1", b"acc-b1")
    with pytest.raises(bagit.BagValidationError):
        bagit.Bag(str(made.unpack(tmp_path))).validate()


@pytest.mark.parametrize("audience", ["full", "public"])
def test_securesystemslib_verifies_the_envelope(bundles: dict[str, Path], audience: str) -> None:
    made = Bag.open(bundles[audience])
    name = ENVELOPE if audience == "full" else "attestations/disclosure.dsse.json"
    data = made.json(name)
    envelope = Envelope.from_dict(
        {**data, "signatures": [{"keyid": s["keyid"], "sig": s["sig"]} for s in data["signatures"]]}
    )
    pem = made.files["attestations/signer.pub.pem"].decode()
    keyid = data["signatures"][0]["keyid"]
    key = SSlibKey(keyid, "ed25519", "ed25519", {"public": _raw_hex(pem)})
    assert set(envelope.verify([key], 1)) == {keyid}
    statement = json.loads(base64.b64decode(data["payload"]))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    for subject in statement["subject"]:
        assert sha256(made.files[subject["name"]]) == subject["digest"]["sha256"]


def _raw_hex(pem: str) -> str:
    der = base64.b64decode("".join(pem.splitlines()[1:-1]))
    return der[-32:].hex()


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("audience", ["full", "legal", "policy", "public"])
def test_the_script_passes_an_intact_bundle(
    bundles: dict[str, Path], tmp_path: Path, audience: str, shell: str
) -> None:
    folder = Bag.open(bundles[audience]).unpack(tmp_path)
    done = script(folder, fingerprint(SIGNER.public_key()), shell=shell)
    assert done.returncode == 0, done.stderr
    assert "ok: signer" in done.stdout


def test_the_script_says_that_the_signer_is_unknown(bundles: dict[str, Path], tmp_path: Path) -> None:
    done = script(Bag.open(bundles["full"]).unpack(tmp_path))
    assert done.returncode == 0
    assert "the signer is unknown" in done.stdout


#: What sha256sum need not mind: the order of a manifest, and a further manifest that is listed.
HARMLESS = ("manifest reordered", "another manifest")


@pytest.mark.parametrize("name", [name for name in OUTSIDER if name not in HARMLESS])
def test_the_script_catches_outsiders(bundles: dict[str, Path], tmp_path: Path, name: str) -> None:
    alter, _ = OUTSIDER[name]
    made = Bag.open(bundles["full"])
    alter(made)
    done = script(made.unpack(tmp_path), fingerprint(SIGNER.public_key()))
    assert done.returncode != 0, done.stdout
    assert "FAILED" in done.stderr


@pytest.mark.parametrize("name", ["row changed", "figure everywhere", "word"])
def test_the_script_cannot_see_meaning(bundles: dict[str, Path], tmp_path: Path, name: str) -> None:
    """What the holder of the key signs anew is for `graphattr verify`; the script says so."""
    alter, _ = INSIDER[name]
    made = Bag.open(bundles["full"])
    alter(made)
    done = script(made.sign().unpack(tmp_path))
    assert done.returncode == 0
    assert "graphattr verify" in done.stdout


def test_the_script_catches_links_and_a_missing_part(bundles: dict[str, Path], tmp_path: Path) -> None:
    folder = Bag.open(bundles["full"]).unpack(tmp_path / "a")
    report = folder / "data/report/report.html"
    report.rename(tmp_path / "report.html")
    report.symlink_to(tmp_path / "report.html")
    assert "links or devices" in script(folder).stderr
    made = Bag.open(bundles["full"])
    del made.files["data/exculpatory/exculpatory.json"]
    assert "exculpatory" in script(made.sign().unpack(tmp_path / "b")).stderr


def test_the_script_wants_the_signer_that_was_named(bundles: dict[str, Path], tmp_path: Path) -> None:
    folder = Bag.open(bundles["full"]).sign(STRANGER).unpack(tmp_path)
    assert script(folder).returncode == 0
    done = script(folder, fingerprint(SIGNER.public_key()))
    assert done.returncode == 1
    assert "signed by" in done.stderr


@pytest.mark.parametrize("tool", ["sha256sum", "openssl", "grep", "cmp"])
def test_the_script_fails_when_a_tool_fails(bundles: dict[str, Path], tmp_path: Path, tool: str) -> None:
    """A tool that fails must not look like a check that passed."""
    folder = Bag.open(bundles["full"]).unpack(tmp_path)
    fake = tmp_path / "bin"
    fake.mkdir()
    (fake / tool).write_text("#!/bin/sh\nexit 1\n")
    (fake / tool).chmod(0o755)
    done = subprocess.run(
        ["sh", str(folder / "verify.sh")],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": f"{fake}:/usr/bin:/bin"},
    )
    assert done.returncode != 0, done.stdout
