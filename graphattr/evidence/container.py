"""The zip that a bundle travels in: stored, sorted, without times, so that its members decide every byte.

Reading therefore ends with the one check that no trick survives: the archive is written again from its
members and must come out the same, byte by byte.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Final

from graphattr.errors import BundleError, InputError, VerificationError

STEP: Final = "container"
MAX_MEMBERS: Final = 1000
MAX_BYTES: Final = 2 * 1024**3 - 1  # of a whole bundle: everything stays within the plain zip format
#: Names that mean the same everywhere, in a shell script too.
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
_DOS_DATE: Final = 0x21  # 1 January 1980, midnight: the zip format's zero
_UNIX: Final = 3
_VERSION: Final = 20


def mode_of(name: str) -> int:
    """File mode of a member."""
    return 0o100755 if name.endswith(".sh") else 0o100644


def write(top: str, files: Mapping[str, bytes], out: IO[bytes]) -> None:
    """Writes the files under one top folder.

    Raises:
        BundleError: more files or bytes than a bundle may hold.
    """
    if len(files) > MAX_MEMBERS or sum(map(len, files.values())) > MAX_BYTES - 1024 * len(files):
        raise BundleError(
            f"the bundle would hold {len(files)} files and {sum(map(len, files.values()))} bytes",
            f"at most {MAX_MEMBERS} files and {MAX_BYTES} bytes",
            "bundle fewer rings at a time",
        )
    for chunk in _chunks({f"{top}/{name}": data for name, data in files.items()}):
        out.write(chunk)


def _chunks(members: Mapping[str, bytes]) -> Iterator[bytes]:
    """The zip format (APPNOTE 6.3.10, 4.3): local headers with data, central directory, end record."""
    directory, offset = [], 0
    for name in sorted(members):
        data, raw = members[name], name.encode("ascii")
        sizes = struct.pack("<HHLLLHH", 0, _DOS_DATE, zlib.crc32(data), len(data), len(data), len(raw), 0)
        local = struct.pack("<4sHHH", b"PK\x03\x04", _VERSION, 0, 0) + sizes + raw
        attributes = mode_of(name) << 16
        directory.append(
            struct.pack("<4sBBHHH", b"PK\x01\x02", _VERSION, _UNIX, _VERSION, 0, 0)
            + sizes
            + struct.pack("<HHHLL", 0, 0, 0, attributes, offset)
            + raw
        )
        offset += len(local) + len(data)
        yield local
        yield data
    size = sum(map(len, directory))
    yield from directory
    yield struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, len(members), len(members), size, offset, 0)


def read(path: Path) -> tuple[str | None, dict[str, bytes]]:
    """Top folder (None for an unpacked bundle, whose folder may bear any name) and files of a bundle.

    Raises:
        InputError: there is nothing to read.
        VerificationError: it is not exactly what `write` makes.
    """
    try:
        if path.is_dir():
            return _read_folder(path)
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise VerificationError(STEP, f"the file has {size} bytes", f"at most {MAX_BYTES}")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot read the bundle {path}: {error.strerror}", "a bundle's zip file or folder"
        ) from error
    return _read_zip(data)


def _read_zip(data: bytes) -> tuple[str, dict[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            _check_members(infos, len(data))
            members = {info.filename: archive.read(info) for info in infos}
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        EOFError,
        ValueError,
        struct.error,
    ) as error:
        raise VerificationError(
            STEP, f"not a readable zip archive ({error})", "an unaltered bundle"
        ) from error
    except zlib.error as error:
        raise VerificationError(STEP, "a member is compressed", "members that are stored") from error
    position = 0
    for chunk in _chunks(members):
        if data[position : position + len(chunk)] != chunk:
            raise VerificationError(STEP, "the archive holds bytes that its members do not account for")
        position += len(chunk)
    if position != len(data):
        raise VerificationError(STEP, "bytes follow the end of the archive")
    return _split(members)


def _check_members(infos: list[zipfile.ZipInfo], size: int) -> None:
    if len(infos) > MAX_MEMBERS:
        raise VerificationError(STEP, f"{len(infos)} members", f"at most {MAX_MEMBERS}")
    for info in infos:
        _check_name(info.orig_filename)
        kind = info.external_attr >> 16
        if not stat.S_ISREG(kind):
            raise VerificationError(
                STEP, f"{info.filename!r} is a link, a device or a folder", "regular files only"
            )
        if info.compress_type != zipfile.ZIP_STORED or info.flag_bits or info.file_size != info.compress_size:
            raise VerificationError(
                STEP, f"{info.filename!r} is compressed or encrypted", "members that are stored"
            )
    if sum(info.file_size for info in infos) > size:
        raise VerificationError(STEP, "its members claim more bytes than the archive has")
    _check_distinct([info.filename for info in infos])


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > 200:
        raise VerificationError(
            STEP, f"the member name {name[:200]!r} is unsafe", "relative names of plain characters"
        )


def _check_distinct(names: list[str]) -> None:
    if len({name.casefold() for name in names}) != len(names):
        raise VerificationError(STEP, "two member names are the same, or differ only in case")


def _read_folder(path: Path) -> tuple[None, dict[str, bytes]]:
    total = 0
    members: dict[str, bytes] = {}
    for found in sorted(path.rglob("*")):
        name = found.relative_to(path).as_posix()
        _check_name(name)
        mode = found.lstat().st_mode
        if stat.S_ISDIR(mode):
            continue
        if not stat.S_ISREG(mode):
            raise VerificationError(STEP, f"{name!r} is a link or a device", "regular files only")
        total += found.lstat().st_size
        if total > MAX_BYTES or len(members) >= MAX_MEMBERS:
            raise VerificationError(STEP, "the folder holds more than a bundle may hold")
        members[name] = found.read_bytes()
    _check_distinct(list(members))
    return None, members


def _split(members: dict[str, bytes]) -> tuple[str, dict[str, bytes]]:
    tops = {name.partition("/")[0] for name in members}
    if len(tops) != 1 or any("/" not in name for name in members):
        raise VerificationError(STEP, f"{len(tops)} entries at the top", "one top folder")
    return tops.pop(), {name.partition("/")[2]: data for name, data in members.items()}
