"""A bundle taken apart, to be altered and put together again as well as an attacker could."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from graphattr.evidence import bag, container, dsse
from graphattr.evidence.canonical import canonical, document, sha256
from graphattr.evidence.keys import public_pem
from graphattr.evidence.payload import CASE, CUSTODY, SCHEMA, Sources, payload, template
from graphattr.evidence.tables import from_jsonl, to_csv, to_parquet

SIGNER = Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32)
STRANGER = Ed25519PrivateKey.from_private_bytes(bytes([8]) * 32)


@dataclass
class Bag:
    """The files of a bundle under their top folder."""

    top: str
    files: dict[str, bytes]

    @classmethod
    def open(cls, path: Path) -> Bag:
        top, files = container.read(path)
        assert top is not None
        return cls(top, dict(files))

    def write(self, path: Path) -> Path:
        with path.open("wb") as file:
            container.write(self.top, self.files, file)
        return path

    def unpack(self, folder: Path) -> Path:
        for name, data in self.files.items():
            path = folder / self.top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return folder / self.top

    def json(self, name: str) -> Any:
        return json.loads(self.files[name])

    def edit(self, name: str, change: Callable[[Any], None]) -> None:
        """Changes a JSON file in its canonical form."""
        value = self.json(name)
        change(value)
        self.files[name] = document(value)

    def replace(self, name: str, old: bytes, new: bytes) -> None:
        assert old in self.files[name], f"{old!r} is not in {name}"
        self.files[name] = self.files[name].replace(old, new, 1)

    def rewrite_table(self, table: str, change: Callable[[list[dict[str, Any]]], None]) -> None:
        """Changes rows in all three formats."""
        path = f"data/tables/{table}"
        rows = [json.loads(line) for line in self.files[f"{path}.jsonl"].decode().split("\n")[:-1]]
        change(rows)
        data = b"".join(document(row) for row in rows)
        frame = from_jsonl(data, self.json(SCHEMA)[table]["columns"])
        self.files |= {
            f"{path}.jsonl": data,
            f"{path}.csv": to_csv(frame),
            f"{path}.parquet": to_parquet(frame),
        }

    def relog(self) -> None:
        """Makes the custody log name the files as they are now, with a whole chain."""
        previous, lines = "0" * 64, []
        for line in self.files[CUSTODY].split(b"\n")[:-1]:
            entry = json.loads(line)
            del entry["entry"]
            for name in entry["sha256"]:
                found = self.files.get(name, self.files.get(f"data/tables/{name}.jsonl"))
                entry["sha256"][name] = sha256(found) if found is not None else entry["sha256"][name]
            entry["previous"] = previous
            previous = sha256(canonical(entry))
            lines.append(document({**entry, "entry": previous}))
        self.files[CUSTODY] = b"".join(lines)

    def repair(self) -> Bag:
        """Manifests that fit the files."""
        files = {name: data for name, data in self.files.items() if name != bag.TAG_MANIFEST}
        content, _ = bag.split(files)
        files[bag.MANIFEST] = bag.manifest(content)
        _, tags = bag.split(files)
        self.files = files | {bag.TAG_MANIFEST: bag.manifest(tags)}
        return self

    def sign(
        self,
        key: Ed25519PrivateKey = SIGNER,
        change: Callable[[Any], None] | None = None,
        info: bytes | None = None,
    ) -> Bag:
        """A signature over the files as they are, and manifests that fit."""
        identity = self.json(CASE)
        content, _ = bag.split(self.files)
        right = bag.bag_info(identity["case"], identity["audience"], content)
        self.files["bag-info.txt"] = right if info is None else info
        self.repair()
        skip = {bag.TAG_MANIFEST, bag.attestation(identity["audience"]), bag.SIGNER}
        signed = {name: data for name, data in self.files.items() if name not in skip}
        predicate = {name: identity[name] for name in ("audience", "case", "rings", "root")}
        statement = json.loads(dsse.statement(signed, predicate))
        if change:
            change(statement)
        self.files[bag.attestation(identity["audience"])] = dsse.envelope(canonical(statement), key)
        self.files[bag.SIGNER] = public_pem(key.public_key())
        return self.repair()


def forge(sources: Sources, key: Ed25519PrivateKey = SIGNER) -> Bag:
    """A bundle of any sources, unchecked: everything derived anew and signed."""
    case = sources.case
    files = payload(sources) | {"bagit.txt": bag.BAGIT}
    files |= {"VERIFY.md": template("VERIFY.md"), "verify.sh": template("verify_sh.txt")}
    return Bag(f"graphattr-{sources.case_id}-{case.audience}", files).sign(key)
