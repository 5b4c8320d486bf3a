"""Signing keys: Ed25519, from a PEM file, never in a bundle."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from graphattr.errors import BundleError
from graphattr.evidence.canonical import canonical

#: Environment variable with the path of the signing key.
KEY_VARIABLE: Final = "GRAPHATTR_SIGNING_KEY"
#: Name of the key that is made beside the bundles when none is given.
KEY_NAME: Final = "graphattr-signing-key.PRIVATE.pem"


@dataclass(frozen=True)
class Signer:
    """A private key and where it lies.

    Attributes:
        key: the private key.
        path: its file.
        created: the file was made by this call.
    """

    key: Ed25519PrivateKey
    path: Path
    created: bool

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the public key."""
        return fingerprint(self.key.public_key())


def fingerprint(public: Ed25519PublicKey) -> str:
    """SHA-256 of the public key's SubjectPublicKeyInfo (DER), hex: what is published elsewhere."""
    return hashlib.sha256(
        public.public_bytes(ser.Encoding.DER, ser.PublicFormat.SubjectPublicKeyInfo)
    ).hexdigest()


def public_pem(public: Ed25519PublicKey) -> bytes:
    """The public key as PEM."""
    return public.public_bytes(ser.Encoding.PEM, ser.PublicFormat.SubjectPublicKeyInfo)


def load_public(data: bytes) -> Ed25519PublicKey:
    """A public key from PEM.

    Raises:
        ValueError: not an Ed25519 public key in PEM.
    """
    try:
        key = ser.load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError(f"not a public key in PEM ({error})") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("a public key of another kind than Ed25519")
    return key


def verifies(public: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether a signature is the key's over the message."""
    try:
        public.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def signer(key: Path | None, beside: Path) -> Signer:
    """The signing key: the given file, else that of GRAPHATTR_SIGNING_KEY, else one kept beside the bundle.

    Args:
        key: PEM file with an Ed25519 private key.
        beside: the bundle's path; without another key, one is made in its folder (mode 0600) and used again.

    Raises:
        BundleError: the file cannot be read or written, or holds no such key.
    """
    named = key or (Path(os.environ[KEY_VARIABLE]) if os.environ.get(KEY_VARIABLE) else None)
    path = named or beside.parent / KEY_NAME
    created = named is None and not path.exists()
    try:
        if created:
            _create(path)
        data = path.read_bytes()
    except OSError as error:
        raise BundleError(f"cannot use the signing key {path}: {error.strerror}") from error
    try:
        loaded = ser.load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        hint = "make one with: openssl genpkey -algorithm ed25519 -out KEY.pem"
        raise BundleError(
            f"{path} holds no usable private key", "an unencrypted Ed25519 key in PEM", hint
        ) from error
    if not isinstance(loaded, Ed25519PrivateKey):
        raise BundleError(f"{path} holds a key of another kind", "an Ed25519 private key")
    return Signer(loaded, path, created)


def salt_key(private: Ed25519PrivateKey, identity: dict[str, Any]) -> bytes:
    """Key of all salts and tokens of one case, 32 bytes: the same for the same signing key, run and rings.

    HKDF-SHA-256 (RFC 5869): who gets it, as a full bundle's holder does, learns nothing of the signing key.
    """
    raw = private.private_bytes(ser.Encoding.Raw, ser.PrivateFormat.Raw, ser.NoEncryption())
    return HKDF(SHA256(), 32, salt=None, info=b"graphattr salt key 1" + canonical(identity)).derive(raw)


def _create(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(
        ser.Encoding.PEM, ser.PrivateFormat.PKCS8, ser.NoEncryption()
    )
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
