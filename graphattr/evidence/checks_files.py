"""Verification, first half: the archive, the bag, the signature, and that every part is there and no other.

Each check takes the bundle as it stands, returns what it checked, and raises ValueError or VerificationError.
"""

from __future__ import annotations

import re
from typing import Any, Final

from graphattr.errors import VerificationError
from graphattr.evidence import bag, dsse, keys
from graphattr.evidence import container as archive
from graphattr.evidence.canonical import parse, sha256
from graphattr.evidence.case import AUDIENCES, BUNDLED
from graphattr.evidence.disclosure import file_of
from graphattr.evidence.figures import K_ANONYMITY
from graphattr.evidence.opened import Opened
from graphattr.evidence.payload import (
    CASE,
    COMMITMENTS,
    CUSTODY,
    EXCULPATORY,
    FIGURES,
    HTML,
    PDF,
    RUN,
    SALT_KEY,
    SCHEMA,
    versions,
)
from graphattr.evidence.redact import disclosed_columns

_PAPERS: Final = frozenset(
    {
        CASE,
        COMMITMENTS,
        CUSTODY,
        FIGURES,
        HTML,
        PDF,
        RUN,
        SCHEMA,
        "data/certification/certification.md",
        "data/environment/environment.json",
        "data/hypotheses/hypotheses.json",
        "data/method/method.json",
        "data/model/model.json",
        "data/provenance/prov.json",
    }
)
_SIGNAL: Final = re.compile(r"signals/[a-z][a-z0-9_]*")


def container(opened: Opened) -> str:
    """The archive holds exactly its members, and these are harmless."""
    opened.top, opened.files = archive.read(opened.path)
    kind = "folder" if opened.top is None else "zip archive, byte for byte"
    return f"{len(opened.files)} regular files in a {kind}"


def bag_structure(opened: Opened) -> str:
    """A BagIt 1.0 bag that lists every file and asks for none from elsewhere."""
    files = opened.files
    payload, tags = bag.split(files)
    if "fetch.txt" in files:
        raise ValueError("fetch.txt asks for files from elsewhere")
    if files.get("bagit.txt") != bag.BAGIT:
        raise ValueError("bagit.txt is missing or not that of BagIt 1.0")
    for name, listed in ((bag.MANIFEST, payload), (bag.TAG_MANIFEST, tags)):
        if name not in files:
            raise ValueError(f"{name} is missing")
        try:
            stated = bag.read_manifest(files[name])
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        unlisted = sorted(set(listed) - set(stated) - {bag.TAG_MANIFEST})
        missing = sorted(set(stated) - set(listed))
        if unlisted or missing:
            word = "is not listed in" if unlisted else "is missing but listed in"
            raise ValueError(f"{(unlisted or missing)[0]} {word} {name}")
    if any(
        name.startswith(("manifest-", "tagmanifest-"))
        for name in set(files) - {bag.MANIFEST, bag.TAG_MANIFEST}
    ):
        raise ValueError("there is a manifest with another algorithm")
    return f"{len(payload)} payload files and {len(tags)} tag files, each listed"


def checksums(opened: Opened) -> str:
    """Every file has the digest that its manifest states."""
    for name in (bag.MANIFEST, bag.TAG_MANIFEST):
        stated = bag.read_manifest(opened.files[name])
        for listed, digest in stated.items():
            if sha256(opened.files[listed]) != digest:
                raise ValueError(f"{listed} is not the file that {name} states")
        if opened.files[name] != bag.manifest({listed: opened.files[listed] for listed in stated}):
            raise ValueError(f"{name} is not in its canonical form")
    return "SHA-256 of every file, by its manifest"


def signature(opened: Opened) -> str:
    """One signature over all files, by the key enclosed and, if one was given, by that key."""
    files = opened.files
    found = [
        bag.attestation(audience) for audience in ("full", "public") if bag.attestation(audience) in files
    ]
    if len(found) != 1 or bag.SIGNER not in files:
        raise ValueError(
            f"{len(found)} signed statements and {int(bag.SIGNER in files)} keys instead of one each"
        )
    public = keys.load_public(files[bag.SIGNER])
    if keys.public_pem(public) != files[bag.SIGNER]:
        raise ValueError(f"{bag.SIGNER} is not in its canonical form")
    opened.fingerprint = keys.fingerprint(public)
    if opened.pinned is not None and keys.fingerprint(keys.load_public(opened.pinned)) != opened.fingerprint:
        raise ValueError(f"it was signed by {opened.fingerprint}, not by the key given")
    statement = dsse.opened(files[found[0]], public)
    signed = dsse.digests(statement["subject"])
    expected = {
        name: sha256(data)
        for name, data in files.items()
        if not name.startswith("attestations/") and name != bag.TAG_MANIFEST
    }
    if signed != expected:
        name = sorted(set(signed.items()) ^ set(expected.items()))[0][0]
        raise ValueError(f"{name} is not the file that was signed, or was not signed at all")
    _identity(opened, statement["predicate"], found[0])
    who = "the key given" if opened.pinned is not None else "an unknown signer (no key was given)"
    return f"{len(signed)} files signed by {who}, {opened.fingerprint}"


def _identity(opened: Opened, predicate: Any, attestation: str) -> None:
    """The statement, case.json and bag-info.txt speak of one case and audience."""
    if CASE not in opened.files:
        raise VerificationError("parts", f"{CASE} is missing")
    identity = parse(opened.files[CASE])
    if identity["audience"] not in AUDIENCES or bag.attestation(identity["audience"]) != attestation:
        raise ValueError(f"the statement is not one for the audience {identity['audience']!r}")
    stated = {name: identity[name] for name in ("audience", "case", "rings", "root")}
    if predicate != stated:
        raise ValueError("the statement is about another case than case.json")
    if set(identity) != {*stated, "built_with", "k_anonymity"} or set(identity["built_with"]) != set(
        versions()
    ):
        raise ValueError("case.json states something else than case, audience, rings, root and versions")
    if identity["k_anonymity"] != K_ANONYMITY:
        raise ValueError("case.json states another bound for anonymity than this version keeps")
    opened.identity = identity
    payload, _ = bag.split(opened.files)
    if opened.files["bag-info.txt"] != bag.bag_info(identity["case"], identity["audience"], payload):
        raise ValueError("bag-info.txt is about another case or payload")
    if opened.top not in (None, f"graphattr-{identity['case']}-{identity['audience']}"):
        raise ValueError("the top folder is named after another case or audience")


def parts(opened: Opened) -> str:
    """Exactly the files that this audience's bundle has. The exculpatory part has a step of its own."""
    schema = parse(opened.files[SCHEMA]) if SCHEMA in opened.files else {}
    audience = opened.audience
    required = set(BUNDLED) if audience == "full" else set(disclosed_columns(opened.identity["audience"]))
    signals = {name for name in schema if _SIGNAL.fullmatch(name)} if audience == "full" else set()
    if set(schema) != required | signals:
        raise ValueError(f"{SCHEMA} describes other tables than this audience's")
    expected = set(_PAPERS) | {
        f"data/tables/{table}.{kind}" for table in schema for kind in ("jsonl", "csv", "parquet")
    }
    if audience == "full":
        expected |= {SALT_KEY}
    else:
        expected |= {file_of(table) for table in required} | {"data/redaction/log.json"}
    payload, tags = bag.split(opened.files)
    expected |= {"bagit.txt", "bag-info.txt", bag.MANIFEST, bag.TAG_MANIFEST, "VERIFY.md", "verify.sh"}
    expected |= {bag.attestation(audience), bag.SIGNER}
    odd = sorted((set(payload) | set(tags)) ^ (expected | {EXCULPATORY}))
    if odd and odd != [EXCULPATORY]:
        name = next(name for name in odd if name != EXCULPATORY)
        raise ValueError(
            f"{name} is {'missing' if name in expected else 'no part of a bundle for this audience'}"
        )
    if audience == "full" and len(opened.files[SALT_KEY]) != 32:
        raise ValueError("the salt key does not have 32 bytes")
    return f"every part of a bundle for the audience {audience}, and no other"
