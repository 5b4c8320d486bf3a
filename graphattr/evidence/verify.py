"""Verification in numbered steps: offline, without the store, failing closed with the name of the step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from graphattr.errors import GraphattrError, InputError, VerificationError
from graphattr.evidence import checks_content, checks_files
from graphattr.evidence.assemble import assemble
from graphattr.evidence.keys import load_public
from graphattr.evidence.opened import Opened
from graphattr.evidence.payload import SALT_KEY, payload


@dataclass(frozen=True)
class Step:
    """One step of a verification.

    Attributes:
        number: from 1.
        name: what a failure is reported under.
        ok: True; a step that fails raises instead.
        checked: what was checked, in words.
    """

    number: int
    name: str
    ok: bool
    checked: str


@dataclass(frozen=True)
class VerifyReport:
    """A bundle that passed.

    Attributes:
        path: the bundle.
        audience, case_id, ring_ids: what it is about.
        root: root of the salted hash tree, hex.
        fingerprint: of the key that signed it, hex.
        signer_known: the key was given from outside, so the signer is who published it.
        steps: every step, passed.
        notes: what this verification cannot show.
    """

    path: Path
    audience: str
    case_id: str
    ring_ids: tuple[str, ...]
    root: str
    fingerprint: str
    signer_known: bool
    steps: tuple[Step, ...]
    notes: tuple[str, ...]


Check = Callable[[Opened], str]

#: Every step by name, in order. A step may rely on the ones before it.
STEPS: Final[tuple[tuple[str, Check], ...]] = (
    ("container", checks_files.container),
    ("bag", checks_files.bag_structure),
    ("checksums", checks_files.checksums),
    ("signature", checks_files.signature),
    ("parts", checks_files.parts),
    ("tables", checks_content.tables),
    ("commitments", checks_content.commitments),
    ("consistency", checks_content.consistency),
    ("figures", checks_content.figures),
    ("exculpatory", checks_content.exculpatory),
    ("words", checks_content.words),
    ("report", checks_content.report),
    ("custody", checks_content.custody),
    ("rebuild", checks_content.rebuild),
)


def verify_bundle(bundle: Path, *, key: Path | None = None, against: Path | None = None) -> VerifyReport:
    """Checks a bundle.

    Args:
        bundle: its zip, or the folder that was unpacked from it.
        key: PEM with the public key that the signer published; without it the signer stays unknown.
        against: for a redacted bundle, the full bundle that it was made from.

    Raises:
        VerificationError: a step failed; it bears the step's name.
        InputError: there is no such bundle, or no such key.
    """
    opened, steps = _verified(bundle, key)
    if against is not None:
        checked = _guarded("against", lambda: _against(opened, key, against))
        steps.append(Step(len(steps) + 1, "against", True, checked))
    return VerifyReport(
        path=bundle,
        audience=opened.case.audience,
        case_id=opened.case_id,
        ring_ids=opened.case.ring_ids,
        root=opened.root,
        fingerprint=opened.fingerprint,
        signer_known=key is not None,
        steps=tuple(steps),
        notes=_notes(opened, key is not None, against is not None),
    )


def _verified(bundle: Path, key: Path | None) -> tuple[Opened, list[Step]]:
    opened = Opened(bundle, None if key is None else _pinned(key))
    steps = [
        Step(number, name, True, _guarded(name, lambda check=check: check(opened)))  # type: ignore[misc]
        for number, (name, check) in enumerate(STEPS, start=1)
    ]
    return opened, steps


def _guarded(name: str, check: Callable[[], str]) -> str:
    try:
        return check()
    except (VerificationError, InputError):
        raise
    except GraphattrError as error:
        raise VerificationError(name, str(error).rstrip(".")) from error
    except ValueError as error:
        raise VerificationError(name, str(error)) from error
    except Exception as error:
        raise VerificationError(name, f"malformed content ({type(error).__name__}: {error})") from error


def _pinned(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        load_public(data)
    except OSError as error:
        raise InputError(f"cannot read the key {path}: {error.strerror}", "a public key in PEM") from error
    except ValueError as error:
        hint = "it is attestations/signer.pub.pem of the signer, got from elsewhere than this bundle"
        raise InputError(f"{path} holds {error}", "an Ed25519 public key in PEM", hint) from error
    return data


def _against(opened: Opened, key: Path | None, against: Path) -> str:
    audience = opened.case.audience
    if audience == "full":
        raise ValueError("a full bundle is not a redaction of another")
    full, _ = _verified(against, key)
    if full.case.audience != "full":
        raise ValueError(
            f"the bundle to compare with is for the audience {full.case.audience}, not the full one"
        )
    if full.root != opened.root or full.case_id != opened.case_id:
        raise ValueError("the two bundles do not commit to the same rows")
    if full.fingerprint != opened.fingerprint:
        raise ValueError("the two bundles were signed by different keys")
    made = payload(assemble(full.case, full.files[SALT_KEY], audience))
    different = checks_content.difference(opened, made)
    if different:
        raise ValueError(f"{different} is not what the full bundle gives for the audience {audience}")
    return f"all {len(made)} payload files were derived again from the full bundle, and are the same"


def _notes(opened: Opened, signer_known: bool, compared: bool) -> tuple[str, ...]:
    notes = []
    if not signer_known:
        notes.append(
            "The signer is unknown: compare the fingerprint with one published elsewhere, or give --key."
        )
    if opened.carried and not compared:
        notes.append(
            f"{opened.carried} figures come from tables that this audience does not get: "
            "only --against FULL can compute them again."
        )
    notes.append(
        "Whoever holds the key can sign altered signals: only something outside the bundle shows that."
    )
    return tuple(notes)
