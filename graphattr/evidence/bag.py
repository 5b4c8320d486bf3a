"""BagIt 1.0 (RFC 8493) around the payload: manifests and tag files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from graphattr.evidence.canonical import sha256

BAGIT: Final = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
MANIFEST: Final = "manifest-sha256.txt"
TAG_MANIFEST: Final = "tagmanifest-sha256.txt"
SIGNER: Final = "attestations/signer.pub.pem"
_LINE: Final = re.compile(r"([0-9a-f]{64})  (.+)")


def bag_info(case_id: str, audience: str, payload: Mapping[str, bytes]) -> bytes:
    """bag-info.txt. It has no Bagging-Date: a time would keep the bundle from being built again alike."""
    size = sum(map(len, payload.values()))
    return (
        "Source-Organization: graphattr\n"
        f"External-Description: evidence on alleged common control of accounts, audience {audience}\n"
        f"External-Identifier: {case_id}\n"
        f"Payload-Oxum: {size}.{len(payload)}\n"
    ).encode()


def manifest(files: Mapping[str, bytes]) -> bytes:
    """A manifest: digest, two spaces and name of each file, sorted by name."""
    return "".join(f"{sha256(files[name])}  {name}\n" for name in sorted(files)).encode()


def read_manifest(data: bytes) -> dict[str, str]:
    """Digest by name.

    Raises:
        ValueError: a line is malformed, a name is unsafe or stands twice.
    """
    found: dict[str, str] = {}
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8") from error
    for line in text.split("\n")[:-1]:
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"the line {line[:100]!r} is malformed")
        digest, name = match.groups()
        if name.startswith(("/", "~")) or ".." in name.split("/") or "\\" in name or "%" in name:
            raise ValueError(f"the name {name!r} leads out of the bag")
        if name in found:
            raise ValueError(f"the name {name!r} stands twice")
        found[name] = digest
    return found


def attestation(audience: str) -> str:
    """Name of the signed statement."""
    return "attestations/full.dsse.json" if audience == "full" else "attestations/disclosure.dsse.json"


def split(files: Mapping[str, bytes]) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Payload (data/) and tag files."""
    payload = {name: data for name, data in files.items() if name.startswith("data/")}
    return payload, {name: data for name, data in files.items() if name not in payload}
