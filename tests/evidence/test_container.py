"""The archive: exactly what its members make of it, and no byte more or otherwise."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphattr.errors import BundleError, VerificationError
from graphattr.evidence import container, verify_bundle

FILES = {"data/a.txt": b"alpha", "data/b/c.txt": b"", "verify.sh": b"#!/bin/sh\n"}


def written(files: dict[str, bytes], top: str = "top") -> bytes:
    out = io.BytesIO()
    container.write(top, files, out)
    return out.getvalue()


def refused(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(VerificationError) as caught:
        container.read(path)
    assert caught.value.step == "container"
    return str(caught.value)


def zipped(entries: list[tuple[zipfile.ZipInfo, bytes]], compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for info, data in entries:
            info.compress_type = compression
            archive.writestr(info, data)
    return out.getvalue()


def entry(name: str, kind: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = kind << 16
    return info


@given(
    st.dictionaries(
        st.from_regex(
            r"[A-Za-z0-9_][A-Za-z0-9._-]{0,8}(/[A-Za-z0-9_][A-Za-z0-9._-]{0,8}){0,2}", fullmatch=True
        ),
        st.binary(max_size=50),
        min_size=1,
        max_size=6,
    ).filter(lambda files: len({name.casefold() for name in files}) == len(files))
)
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]) -> None:
    path = tmp_path_factory.mktemp("zip") / "b.zip"
    path.write_bytes(written(files))
    assert container.read(path) == ("top", files)


def test_zipfile_reads_it_too() -> None:
    with zipfile.ZipFile(io.BytesIO(written(FILES))) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {
            f"top/{name}": data for name, data in FILES.items()
        }
        assert archive.getinfo("top/verify.sh").external_attr >> 16 == 0o100755


def test_every_flipped_byte_is_refused(tmp_path: Path) -> None:
    whole = written(FILES)
    path = tmp_path / "b.zip"
    for position in range(len(whole)):
        for flip in (0x01, 0x80):
            refused(path, whole[:position] + bytes([whole[position] ^ flip]) + whole[position + 1 :])


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    whole = written(FILES)
    for length in range(len(whole)):
        refused(tmp_path / "b.zip", whole[:length])


def test_bytes_before_and_after(tmp_path: Path) -> None:
    whole = written(FILES)
    refused(tmp_path / "b.zip", b"#!" + whole)
    refused(tmp_path / "b.zip", whole + b"\0")
    refused(tmp_path / "b.zip", whole + whole)


def test_a_comment(tmp_path: Path) -> None:
    whole = written(FILES)
    refused(tmp_path / "b.zip", whole[:-2] + struct.pack("<H", 4) + b"note")


def test_zipped_again(tmp_path: Path) -> None:
    entries = [(entry(f"top/{name}"), data) for name, data in sorted(FILES.items())]
    entries[0][0].date_time = (2026, 1, 2, 3, 4, 6)
    assert "account for" in refused(tmp_path / "b.zip", zipped(entries))
    entries = [(entry(f"top/{name}"), data) for name, data in sorted(FILES.items(), reverse=True)]
    assert "account for" in refused(tmp_path / "b.zip", zipped(entries))
    assert "compressed" in refused(tmp_path / "b.zip", zipped(entries, zipfile.ZIP_DEFLATED))


NAMES: dict[str, list[str]] = {
    "traversal": ["top/../../etc/passwd"],
    "absolute": ["/etc/passwd"],
    "backslash": ["top\\..\\x"],
    "drive": ["C:/x"],
    "hidden": ["top/.bashrc"],
    "control character": ["top/a\x07b"],
    "dash": ["top/-rf"],
    "space": ["top/a b"],
    "not ASCII": ["top/\u00e4"],
    "long": ["top/" + "x" * 300],
    "duplicate": ["top/a", "top/a"],
    "case fold": ["top/a", "top/A"],
    "two tops": ["top/a", "pot/a"],
    "no top": ["a"],
}


@pytest.mark.parametrize("case", NAMES)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_unsafe_names(tmp_path: Path, case: str) -> None:
    refused(tmp_path / "b.zip", zipped([(entry(name), b"x") for name in NAMES[case]]))


def test_nul_in_a_name(tmp_path: Path) -> None:
    data = zipped([(entry("top/a_b"), b"x")]).replace(b"top/a_b", b"top/a\0b")
    assert "unsafe" in refused(tmp_path / "b.zip", data)


@pytest.mark.parametrize("kind", [stat.S_IFLNK | 0o777, stat.S_IFCHR | 0o666, stat.S_IFIFO | 0o644, 0])
def test_links_and_devices(tmp_path: Path, kind: int) -> None:
    assert "link" in refused(tmp_path / "b.zip", zipped([(entry("top/a", kind), b"/etc/passwd")]))


def test_a_folder_member(tmp_path: Path) -> None:
    refused(tmp_path / "b.zip", zipped([(entry("top/a/", stat.S_IFDIR | 0o755), b"")]))


def test_too_many_members(tmp_path: Path) -> None:
    entries = [(entry(f"top/{number}"), b"") for number in range(container.MAX_MEMBERS + 1)]
    assert "members" in refused(tmp_path / "b.zip", zipped(entries))


def test_a_bomb_of_overlapping_members(tmp_path: Path) -> None:
    """Two entries of the directory that point at the same bytes claim more than the archive has."""
    whole = zipped([(entry("top/a"), b"x" * 4000)])
    end = whole.index(b"PK\x05\x06")
    start = whole.index(b"PK\x01\x02")
    directory = whole[start:end]
    other = directory.replace(b"top/a", b"top/b")
    tail = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 2, 2, 2 * len(directory), start, 0)
    assert "claim more" in refused(tmp_path / "b.zip", whole[:start] + directory + other + tail)


def test_a_deflate_bomb_is_not_inflated(tmp_path: Path) -> None:
    data = zipped([(entry("top/a"), bytes(50_000_000))], zipfile.ZIP_DEFLATED)
    assert len(data) < 100_000
    assert "compressed" in refused(tmp_path / "b.zip", data)


@pytest.mark.parametrize("field", [18, 22])
def test_a_lie_about_sizes(tmp_path: Path, field: int) -> None:
    """Sizes in the local header, and in the directory."""
    whole = bytearray(written(FILES))
    whole[field : field + 4] = struct.pack("<L", 10**9)
    refused(tmp_path / "b.zip", bytes(whole))
    whole = bytearray(written(FILES))
    start = whole.index(b"PK\x01\x02") + field + 2
    whole[start : start + 4] = struct.pack("<L", 10**9)
    refused(tmp_path / "b.zip", bytes(whole))


def test_no_zip_at_all(tmp_path: Path) -> None:
    refused(tmp_path / "b.zip", b"")
    refused(tmp_path / "b.zip", b"PK" * 500)


def test_a_pipe_or_a_case_fold_in_a_folder(tmp_path: Path) -> None:
    import os

    folder = tmp_path / "top"
    folder.mkdir()
    (folder / "a").write_text("x")
    (folder / "A").write_text("x")
    with pytest.raises(VerificationError, match="differ only in case"):
        container.read(folder)
    (folder / "A").unlink()
    os.mkfifo(folder / "p")
    with pytest.raises(VerificationError, match="link or a device"):
        container.read(folder)


def test_more_than_a_bundle_may_hold() -> None:
    with pytest.raises(BundleError, match="bundle fewer rings"):
        written({f"f{number}": b"" for number in range(container.MAX_MEMBERS + 1)})


HEADERS: dict[str, Callable[[bytes], range]] = {
    "first local header": lambda whole: range(90),
    "start of the directory": lambda whole: range(_directory(whole), _directory(whole) + 120),
    "end": lambda whole: range(len(whole) - 60, len(whole)),
    "everywhere": lambda whole: range(0, len(whole), len(whole) // 150),
}


def _directory(whole: bytes) -> int:
    return int.from_bytes(whole[-6:-2], "little")


@pytest.mark.parametrize("where", HEADERS)
@pytest.mark.parametrize("audience", ["full", "legal"])
def test_any_flipped_byte_of_a_bundle_fails(
    bundles: dict[str, Path], tmp_path: Path, where: str, audience: str
) -> None:
    whole = bundles[audience].read_bytes()
    path = tmp_path / "b.zip"
    for position in HEADERS[where](whole):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x20]) + whole[position + 1 :])
        with pytest.raises(VerificationError) as caught:
            verify_bundle(path)
        assert caught.value.exit_code == 1
