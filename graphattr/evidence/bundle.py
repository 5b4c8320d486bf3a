"""Building a bundle: from a finished run to one signed zip, checked before anyone can take it away."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

from graphattr.errors import BundleError, VerificationError
from graphattr.evidence import bag, container, dsse, keys
from graphattr.evidence.assemble import assemble
from graphattr.evidence.canonical import sha256
from graphattr.evidence.case import Audience, Case, read_case
from graphattr.evidence.payload import Sources, payload, template
from graphattr.evidence.verify import verify_bundle

Progress = Callable[[str, int, int], None]

#: What a user is told about the signer's key.
PUBLISH: Final = "Publish this fingerprint elsewhere: a key inside a bundle says nothing of who signed it."


@dataclass(frozen=True)
class BundleResult:
    """A finished bundle.

    Attributes:
        path: the zip.
        sha256: of the zip.
        audience: for whom.
        ring_ids: the rings.
        case_id: the same for every audience of these rings, run and key.
        root: root of the salted hash tree, hex: lodge it elsewhere.
        files: number of files.
        fingerprint: of the signer's public key, hex.
        key_path: the private key used.
        key_created: that key was made by this call.
        note: what to do with the fingerprint.
    """

    path: Path
    sha256: str
    audience: Audience
    ring_ids: tuple[str, ...]
    case_id: str
    root: str
    files: int
    fingerprint: str
    key_path: Path
    key_created: bool
    note: str


def build_bundle(
    run: Path,
    ring_ids: Sequence[str],
    out: Path,
    *,
    audience: Audience = "full",
    key: Path | None = None,
    progress: Progress | None = None,
) -> BundleResult:
    """Writes a bundle of some rings. The same run, rings, key and versions give the same bytes.

    Args:
        run: a finished run folder; every table is checked against run.json first.
        ring_ids: rings to speak of, at least one.
        out: the zip to write. It appears only once it is whole and has been verified.
        audience: full, legal, policy or public.
        key: PEM with an Ed25519 private key; see `keys.signer` for what is used without.
        progress: called as progress(stage, done, total).

    Raises:
        RunError: the run is unfinished or was altered.
        BundleError: unknown ring or audience, unusable key, a bundle too large or failing its own check.
    """
    if audience not in get_args(Audience):
        raise BundleError(f"the audience {audience!r} is unknown", f"one of {', '.join(get_args(Audience))}")
    if not out.parent.is_dir():
        raise BundleError(f"the folder {out.parent} does not exist", "a folder to write the bundle to")
    tell = progress or (lambda _stage, _done, _total: None)
    tell("read rows", 0, 1)
    case = read_case(run, ring_ids)
    tell("read rows", 1, 1)
    signer = keys.signer(key, out)
    sources = assemble(case, _salt_key(case, signer), audience, tell)
    tell("write files", 0, 1)
    files = payload(sources)
    tell("write files", 1, 1)
    top = f"graphattr-{sources.case_id}-{audience}"
    members = bagged(files, sources, signer)
    tell("verify", 0, 1)
    digest = _write_verified(top, members, out)
    tell("verify", 1, 1)
    return BundleResult(
        path=out,
        sha256=digest,
        audience=audience,
        ring_ids=case.ring_ids,
        case_id=sources.case_id,
        root=sources.commitments["root"],
        files=len(members),
        fingerprint=signer.fingerprint,
        key_path=signer.path,
        key_created=signer.created,
        note=PUBLISH,
    )


def bagged(files: Mapping[str, bytes], sources: Sources, signer: keys.Signer) -> dict[str, bytes]:
    """Payload and tag files of the bag, signed."""
    audience = sources.case.audience
    signed = dict(files)
    signed |= {
        "bagit.txt": bag.BAGIT,
        "bag-info.txt": bag.bag_info(sources.case_id, audience, files),
        bag.MANIFEST: bag.manifest(files),
        "VERIFY.md": template("VERIFY.md"),
        "verify.sh": template("verify_sh.txt"),
    }
    predicate = {
        "audience": audience,
        "case": sources.case_id,
        "rings": list(sources.case.ring_ids),
        "root": sources.commitments["root"],
    }
    attestation = dsse.envelope(dsse.statement(signed, predicate), signer.key)
    made = signed | {
        bag.attestation(audience): attestation,
        bag.SIGNER: keys.public_pem(signer.key.public_key()),
    }
    _, tags = bag.split(made)
    return made | {bag.TAG_MANIFEST: bag.manifest(tags)}


def _salt_key(case: Case, signer: keys.Signer) -> bytes:
    identity = {
        "inputs": case.facts["inputs"],
        "outputs": case.facts["outputs"],
        "rings": list(case.ring_ids),
    }
    return keys.salt_key(signer.key, identity)


def _write_verified(top: str, members: Mapping[str, bytes], out: Path) -> str:
    """Writes beside `out`, verifies, and only then moves into place; the digest of the zip."""
    handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.", suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            container.write(top, members, file)
        part.chmod(0o644)
        verify_bundle(part)
        digest = sha256(part.read_bytes())
        part.replace(out)
    except VerificationError as error:
        raise BundleError(
            f"the new bundle fails its own check: {error}", hint="the run's tables are at fault"
        ) from error
    except OSError as error:
        raise BundleError(
            f"cannot write {out}: {error.strerror}", "a place that can be written to"
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return digest
