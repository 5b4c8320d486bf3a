"""`bundle` and `verify`: evidence out, and checked by a stranger."""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from graphattr.cli.output import emit, err, say, steps
from graphattr.errors import VerificationError
from graphattr.evidence.bundle import build_bundle
from graphattr.evidence.canonical import visible
from graphattr.evidence.verify import verify_bundle


class Audience(StrEnum):
    """Whom a bundle is for."""

    FULL = "full"
    LEGAL = "legal"
    POLICY = "policy"
    PUBLIC = "public"


def bundle(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    ring_ids: Annotated[list[str], typer.Argument(help="One or more ring ids.")],
    out: Annotated[Path, typer.Option("--out", help="Zip file to write.")],
    audience: Annotated[
        Audience,
        typer.Option(help="full: everything; legal: identifiers as tokens; policy, public: aggregates."),
    ] = Audience.FULL,
    key: Annotated[Path | None, typer.Option(help="PEM with an Ed25519 private key to sign with.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Export the evidence about rings as a signed bundle that anyone can check."""
    with steps(json_) as step:
        result = build_bundle(
            run, ring_ids, out, audience=audience.value, key=key,
            progress=lambda stage, done, total: step(stage, done / max(total, 1)),
        )  # fmt: skip
    if json_:
        emit(dataclasses.asdict(result))
        return
    say(f"{result.path}: {result.files} files for the audience '{result.audience}', SHA-256 {result.sha256}")
    made = " (made just now)" if result.key_created else ""
    say(f"Signed with {result.key_path}{made}; fingerprint {result.fingerprint}")
    say(result.note)
    say(f"Next:  graphattr verify {result.path}")


def verify(
    bundle: Annotated[Path, typer.Argument(help="A bundle's zip, or the folder unpacked from it.")],
    key: Annotated[Path | None, typer.Option(help="PEM with the signer's published public key.")] = None,
    against: Annotated[
        Path | None, typer.Option(help="The full bundle that a redacted one was made from.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check a bundle with no store and no network. Exit status 1 and the step's name if anything is off."""
    try:
        report = verify_bundle(bundle, key=key, against=against)
    except VerificationError as error:
        if json_:
            emit({"verified": False, "step": error.step, "error": str(error)})
        err.print(visible(f"NOT VERIFIED: {error}"))
        raise typer.Exit(error.exit_code) from error
    if json_:
        emit({"verified": True, **dataclasses.asdict(report)})
        return
    for step in report.steps:
        say(f"{step.number:2}. {step.name}: {step.checked}")
    signer = (
        "the signer is known by the key given"
        if report.signer_known
        else "the signer is unknown: no key was given"
    )
    say(f"VERIFIED: intact and consistent; {signer} (fingerprint {report.fingerprint})")
    for note in report.notes:
        say(f"Note: {note}")
