"""Building: the same bytes again, nothing half written, keys kept out."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from graphattr.errors import BundleError, RunError, VerificationError
from graphattr.evidence import build_bundle, ring_page, verify_bundle
from graphattr.evidence.assemble import assemble
from graphattr.evidence.case import read_case
from graphattr.evidence.keys import KEY_NAME, KEY_VARIABLE
from graphattr.evidence.payload import PDF

from .conftest import write_key
from .runs import make_run, write_run_json
from .tampering import Bag, forge


@pytest.mark.parametrize("audience", ["full", "legal", "policy", "public"])
def test_rebuilt_byte_by_byte(
    bundles: dict[str, Path], run: Path, key: Path, tmp_path: Path, audience: str
) -> None:
    again = build_bundle(run, ["ring-1"], tmp_path / "again.zip", audience=audience, key=key)  # type: ignore[arg-type]
    assert again.path.read_bytes() == bundles[audience].read_bytes()


def test_rebuilt_by_another_process(bundles: dict[str, Path], run: Path, key: Path, tmp_path: Path) -> None:
    """Other hash seeds, another time zone, another locale."""
    code = (
        "import sys; from pathlib import Path; from graphattr.evidence import build_bundle;"
        "build_bundle(Path(sys.argv[1]), ['ring-1'], Path(sys.argv[2]), key=Path(sys.argv[3]))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "12345", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    out = tmp_path / "again.zip"
    subprocess.run([sys.executable, "-c", code, run, out, key], check=True, env=environment)
    assert out.read_bytes() == bundles["full"].read_bytes()


def test_order_of_rings_does_not_matter(run: Path, key: Path, tmp_path: Path) -> None:
    one = build_bundle(run, ["ring-2", "ring-1", "ring-2"], tmp_path / "a.zip", key=key)
    other = build_bundle(run, ["ring-1", "ring-2"], tmp_path / "b.zip", key=key)
    assert one.ring_ids == ("ring-1", "ring-2")
    assert one.sha256 == other.sha256


def test_result(bundles: dict[str, Path], run: Path, key: Path, tmp_path: Path) -> None:
    stages = []
    made = build_bundle(
        run, ["ring-1"], tmp_path / "b.zip", key=key, progress=lambda *stage: stages.append(stage)
    )
    report = verify_bundle(made.path)
    assert (made.root, made.case_id, made.fingerprint) == (report.root, report.case_id, report.fingerprint)
    assert made.files == len(Bag.open(made.path).files)
    assert not made.key_created
    assert "elsewhere" in made.note
    assert stages[-1] == ("verify", 1, 1)
    assert all(0 <= done <= total for _, done, total in stages)


def test_a_key_is_made_once_and_used_again(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    first = build_bundle(run, ["ring-1"], tmp_path / "a.zip")
    assert first.key_created
    assert first.key_path == tmp_path / KEY_NAME
    assert stat.S_IMODE(first.key_path.stat().st_mode) == 0o600
    second = build_bundle(run, ["ring-1"], tmp_path / "b.zip")
    assert not second.key_created
    assert second.sha256 == first.sha256
    secret = first.key_path.read_bytes().splitlines()[1]
    assert all(secret not in data for data in Bag.open(first.path).files.values())


def test_the_key_of_the_environment(
    run: Path, key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bundles: dict[str, Path]
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, str(key))
    made = build_bundle(run, ["ring-1"], tmp_path / "a.zip")
    assert made.path.read_bytes() == bundles["full"].read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip"]


def test_another_key_gives_another_tree(bundles: dict[str, Path], run: Path, tmp_path: Path) -> None:
    other = build_bundle(run, ["ring-1"], tmp_path / "a.zip", key=write_key(tmp_path / "k.pem", 9))
    report = verify_bundle(bundles["full"])
    assert other.root != report.root
    assert other.case_id != report.case_id


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"nothing", "no usable private key"),
        (None, "cannot use the signing key"),
        ("rsa", "another kind"),
        ("public", "no usable private key"),
    ],
)
def test_unusable_keys(
    run: Path, public_key: Path, tmp_path: Path, content: bytes | str | None, message: str
) -> None:
    path = tmp_path / "key.pem"
    if content == "rsa":
        subprocess.run(["openssl", "genrsa", "-out", path, "2048"], check=True, capture_output=True)
    elif content is not None:
        path.write_bytes(public_key.read_bytes() if content == "public" else content)  # type: ignore[arg-type]
    with pytest.raises(BundleError, match=message):
        build_bundle(run, ["ring-1"], tmp_path / "b.zip", key=path)
    assert not (tmp_path / "b.zip").exists()


@pytest.mark.parametrize(
    ("rings", "audience", "message"),
    [([], "full", "no ring"), (["ring-9"], "full", "ring-9"), (["ring-1"], "press", "audience 'press'")],
)
def test_bad_requests(
    run: Path, key: Path, tmp_path: Path, rings: list[str], audience: str, message: str
) -> None:
    with pytest.raises(BundleError, match=message):
        build_bundle(run, rings, tmp_path / "b.zip", key=key, audience=audience)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_no_such_folder(run: Path, key: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="does not exist"):
        build_bundle(run, ["ring-1"], tmp_path / "none" / "b.zip", key=key)


def test_an_unfinished_run(tmp_path: Path, key: Path) -> None:
    run = make_run(tmp_path / "run")
    (run / "run.json").unlink()
    with pytest.raises(RunError, match="finished run"):
        build_bundle(run, ["ring-1"], tmp_path / "b.zip", key=key)


@pytest.mark.parametrize("content", ["{", "{}", "[]"])
def test_a_broken_run_json(tmp_path: Path, key: Path, content: str) -> None:
    run = make_run(tmp_path / "run")
    (run / "run.json").write_text(content)
    with pytest.raises(RunError, match=r"run\.json"):
        build_bundle(run, ["ring-1"], tmp_path / "b.zip", key=key)


@pytest.mark.parametrize("name", ["links.parquet", "signals/ips.parquet"])
def test_an_altered_run_is_refused(tmp_path: Path, key: Path, name: str) -> None:
    run = make_run(tmp_path / "run")
    frame = pl.read_parquet(run / name)
    frame.head(frame.height - 1).write_parquet(run / name)
    with pytest.raises(RunError, match="is not the file that"):
        build_bundle(run, ["ring-1"], tmp_path / "b.zip", key=key)


def test_a_missing_table_is_refused(tmp_path: Path, key: Path) -> None:
    run = make_run(tmp_path / "run")
    (run / "matrix.parquet").unlink()
    with pytest.raises(RunError, match="matrix"):
        build_bundle(run, ["ring-1"], tmp_path / "b.zip", key=key)


def test_a_run_of_an_earlier_version_has_a_page_and_no_bundle(tmp_path: Path, key: Path) -> None:
    run = make_run(tmp_path / "run")
    (run / "conditions.parquet").unlink()
    write_run_json(run)
    assert ring_page(run, "ring-1").ring_id == "ring-1"
    with pytest.raises(RunError, match=r"conditions\.parquet"):
        build_bundle(run, ["ring-1"], tmp_path / "b.zip", key=key)


def _alter(run: Path, table: str, change: pl.Expr) -> None:
    frame = pl.read_parquet(run / f"{table}.parquet").with_columns(change)
    frame.write_parquet(run / f"{table}.parquet")
    write_run_json(run)


WRONG = {
    "links": (pl.col("log10_lr") + 0.1, "sum to"),
    "rings": (pl.col("size") + 1, "as many accounts"),
    "members": (pl.lit("core").alias("tier"), "tier"),
    "matrix": (pl.col("log10_lr_reseller") + 0.1, "does not follow"),
}


@pytest.mark.parametrize("table", WRONG)
def test_a_run_that_contradicts_itself_gets_no_bundle(tmp_path: Path, key: Path, table: str) -> None:
    run = make_run(tmp_path / "run")
    change, message = WRONG[table]
    _alter(run, table, change)
    with pytest.raises(BundleError, match=message):
        build_bundle(run, ["ring-1"], tmp_path / "b.zip", key=key)
    assert not list(tmp_path.glob("*.zip"))
    assert not list(tmp_path.glob(".*.part")), "nothing half written is left"


def test_a_figure_that_is_no_number(tmp_path: Path, key: Path) -> None:
    run = make_run(tmp_path / "run")
    _alter(run, "evidence", pl.lit(float("nan")).alias("gap_seconds"))
    with pytest.raises(BundleError, match="canonical JSON"):
        build_bundle(run, ["ring-1"], tmp_path / "b.zip", key=key)


def test_a_run_without_most_signals(tmp_path: Path, key: Path) -> None:
    run = make_run(tmp_path / "run")
    for name in ("usage", "events", "labels", "ips"):
        (run / "signals" / f"{name}.parquet").unlink()
    write_run_json(run)
    made = build_bundle(run, ["ring-1"], tmp_path / "b.zip", key=key)
    searches = Bag.open(made.path).json("data/exculpatory/exculpatory.json")["rings"][0]["searches"]
    unsearched = {search["name"] for search in searches if search["found"] is None}
    assert unsearched == {
        "labels.independent",
        "labels.operators",
        "events.appealed",
        "events.handed_over",
        "accounts.organisations",
    }


def test_other_files_among_the_signals_stay_out(tmp_path: Path, key: Path) -> None:
    run = make_run(tmp_path / "run")
    pl.DataFrame({"signal": ["ip"], "value": ["192.0.2.1"]}).write_parquet(run / "signals" / "lists.parquet")
    write_run_json(run)
    made = Bag.open(build_bundle(run, ["ring-1"], tmp_path / "b.zip", key=key).path)
    assert not [name for name in made.files if "lists" in name]


def test_a_bundle_is_replaced_whole(bundles: dict[str, Path], run: Path, key: Path, tmp_path: Path) -> None:
    out = tmp_path / "b.zip"
    out.write_text("old")
    with pytest.raises(BundleError):
        build_bundle(run, ["ring-9"], out, key=key)
    assert out.read_text() == "old"
    build_bundle(run, ["ring-1"], out, key=key)
    assert out.read_bytes() == bundles["full"].read_bytes()


def test_verification_needs_no_store() -> None:
    """Neither building nor verifying may load the store, links or rings, nor the network."""
    code = "import sys, json; import graphattr.evidence; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = set(json.loads(done.stdout))
    for name in ("graphattr.store", "graphattr.links", "graphattr.rings"):
        assert name not in loaded
    # Of what judges rings only the rule for changes of hands, which reads rows alone, and what answers weigh.
    judging = {name for name in loaded if name.startswith("graphattr.attribution.")}
    assert judging == {"graphattr.attribution.answers", "graphattr.attribution.spans"}
    assert not loaded & {"ladybug", "neo4j", "igraph", "streamlit", "torch", "requests", "urllib3"}


def test_another_version_is_told(run: Path, tmp_path: Path) -> None:
    """A report that cannot be made again here fails, and says with which versions it was made."""
    sources = assemble(read_case(run, ["ring-1"]), bytes(32), "full")
    old = replace(sources, built_with=sources.built_with | {"reportlab": "0.0.1"})
    made = forge(old)
    assert verify_bundle(made.write(tmp_path / "same.zip")).audience == "full"
    made.files[PDF] += b"% another layout\n"
    made.relog()
    with pytest.raises(VerificationError, match=r"reportlab 0\.0\.1 \(here .*verify with these versions"):
        verify_bundle(made.sign().write(tmp_path / "other.zip"))
