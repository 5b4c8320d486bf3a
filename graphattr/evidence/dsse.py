"""in-toto statements (v1) in DSSE envelopes (v1.0.2), signed with Ed25519."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from graphattr.evidence.canonical import canonical, document, parse, sha256
from graphattr.evidence.keys import fingerprint, verifies

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "urn:graphattr:evidence-bundle:v1"


def statement(files: Mapping[str, bytes], predicate: Mapping[str, Any]) -> bytes:
    """An in-toto statement over files by name, as canonical JSON."""
    subjects = [{"name": name, "digest": {"sha256": sha256(files[name])}} for name in sorted(files)]
    return canonical(
        {
            "_type": STATEMENT_TYPE,
            "subject": subjects,
            "predicateType": PREDICATE_TYPE,
            "predicate": dict(predicate),
        }
    )


def envelope(payload: bytes, key: Ed25519PrivateKey) -> bytes:
    """The signed envelope, as canonical JSON."""
    signature = base64.b64encode(key.sign(pae(PAYLOAD_TYPE, payload))).decode()
    return document(
        {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [{"keyid": fingerprint(key.public_key()), "sig": signature}],
        }
    )


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: what is signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def opened(data: bytes, public: Ed25519PublicKey) -> dict[str, Any]:
    """The statement of an envelope, after its signature was checked.

    Raises:
        ValueError: not an envelope with exactly one signature, by this key, over an in-toto statement.
    """
    outer = parse(data)
    if not isinstance(outer, dict) or set(outer) != {"payload", "payloadType", "signatures"}:
        raise ValueError("it is not a DSSE envelope")
    if outer["payloadType"] != PAYLOAD_TYPE:
        raise ValueError(f"its payloadType is {outer['payloadType']!r}")
    signatures = outer["signatures"]
    if not isinstance(signatures, list) or len(signatures) != 1 or set(signatures[0]) != {"keyid", "sig"}:
        raise ValueError("it does not hold exactly one signature")
    if signatures[0]["keyid"] != fingerprint(public):
        raise ValueError("its keyid is not the fingerprint of signer.pub.pem")
    payload, signature = _decoded(outer["payload"]), _decoded(signatures[0]["sig"])
    if not verifies(public, signature, pae(PAYLOAD_TYPE, payload)):
        raise ValueError("the signature is not the signer's over this statement")
    inner = parse(payload + b"\n")
    if not isinstance(inner, dict) or set(inner) != {"_type", "subject", "predicateType", "predicate"}:
        raise ValueError("it does not hold an in-toto statement")
    if inner["_type"] != STATEMENT_TYPE or inner["predicateType"] != PREDICATE_TYPE:
        raise ValueError("it holds a statement of another type")
    return inner


def digests(subjects: Any) -> dict[str, str]:
    """SHA-256 by name out of a statement's subjects.

    Raises:
        ValueError: a subject is malformed, or stands twice.
    """
    found: dict[str, str] = {}
    try:
        for subject in subjects:
            if set(subject) != {"name", "digest"} or set(subject["digest"]) != {"sha256"}:
                raise ValueError("a subject has other fields than name and digest.sha256")
            if subject["name"] in found:
                raise ValueError(f"the subject {subject['name']!r} stands twice")
            found[subject["name"]] = subject["digest"]["sha256"]
    except (TypeError, KeyError) as error:
        raise ValueError("its subjects are malformed") from error
    return found


def _decoded(text: Any) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise ValueError("it holds text that is not base64") from error
    if base64.b64encode(data).decode() != text:
        raise ValueError("its base64 is not in the canonical form")
    return data
