"""One run and its bundles for all evidence tests."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from graphattr.evidence import build_bundle
from graphattr.evidence.case import Audience

from .runs import make_run


def write_key(path: Path, seed: int) -> Path:
    """A private key that is the same in every test run."""
    key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    path.write_bytes(key.private_bytes(ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.NoEncryption()))
    return path


@pytest.fixture(scope="session")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("evidence")


@pytest.fixture(scope="session")
def run(work: Path) -> Path:
    return make_run(work / "run")


@pytest.fixture(scope="session")
def key(work: Path) -> Path:
    return write_key(work / "key.pem", 7)


@pytest.fixture(scope="session")
def bundles(work: Path, run: Path, key: Path) -> dict[str, Path]:
    """The bundle of ring-1 for each audience."""
    made = {}
    for audience in get_args(Audience):
        made[audience] = build_bundle(
            run, ["ring-1"], work / f"{audience}.zip", audience=audience, key=key
        ).path
    return made


@pytest.fixture(scope="session")
def public_key(work: Path, bundles: dict[str, Path]) -> Path:
    from .tampering import Bag

    path = work / "signer.pub.pem"
    path.write_bytes(Bag.open(bundles["full"]).files["attestations/signer.pub.pem"])
    return path
