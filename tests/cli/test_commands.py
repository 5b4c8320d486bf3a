"""Every command as a user calls it: what it prints, and its exit status."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from graphattr.records import SPANS

from .conftest import Command

COMMANDS = ("run", "rings", "ring", "explain", "query", "bundle", "verify", "explore", "simulate", "evaluate")


def biggest(run: Path) -> str:
    rings = pl.read_parquet(run / "rings.parquet").sort("size", "ring_id", descending=True)
    return str(rings["ring_id"][0])


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example(command: Command, name: str) -> None:
    done = command(name, "--help")
    assert done.returncode == 0
    assert f"graphattr {name}" in done.stdout


def test_run_json(command: Command, world: Path, finished: Path) -> None:
    done = command("run", world / "signals", "--out", finished, "--json", "--quiet")
    assert done.returncode == 0
    assert done.stderr == ""
    assert json.loads(done.stdout)["links"]["rings"] > 0


def test_rings_lists_leads_first(command: Command, finished: Path) -> None:
    found = json.loads(command("rings", finished, "--json").stdout)
    assert [ring["size"] for ring in found] == sorted((ring["size"] for ring in found), reverse=True)
    leads = json.loads(command("rings", finished, "--status", "lead", "--json").stdout)
    assert {ring["status"] for ring in leads} == {"lead"}
    assert "lead" in command("rings", finished).stdout


def test_ring_page_is_neutral_and_complete(command: Command, finished: Path) -> None:
    done = command("ring", finished, biggest(finished))
    assert done.returncode == 0
    for part in (
        "consistent with",
        "best innocent explanation",
        "Explanations",
        "against:",
        "Weakest point",
        "Members",
    ):
        assert part in done.stdout
    for word in ("guilty", "fraudster", "criminal"):
        assert word not in done.stdout.lower()


def test_a_ring_names_those_that_were_set_apart_from_it(
    command: Command, finished: Path, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(finished, tmp_path / "run"))
    rings = pl.read_parquet(run / "rings.parquet").sort("size", "ring_id", descending=[True, False])
    first, second = rings["ring_id"][:2]
    members = pl.read_parquet(run / "members.parquet")
    whole = pl.when(pl.col("ring_id") == second).then(pl.lit(first)).otherwise("ring_id").alias("ring_id")
    members.with_columns(whole, firm=True).write_parquet(run / "grouped.parquet")
    said = " ".join(command("ring", run, first).stdout.split())
    assert f"{rings['size'][1]:,} accounts in {second}," in said
    told = json.loads(command("ring", run, first, "--json").stdout)
    assert [other["ring_id"] for other in told["set_apart"]] == [second]
    assert json.loads(command("ring", run, rings["ring_id"][2], "--json").stdout)["set_apart"] == []


def test_a_ring_names_those_who_changed_hands(command: Command, finished: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(finished, tmp_path / "run"))
    ring, account = pl.read_parquet(run / "members.parquet").select("ring_id", "account_id").row(0)
    row = {
        "ring_id": ring, "account_id": account, "since": datetime(2026, 5, 9, 13, 58, tzinfo=UTC), "until": None,
        "event": "password_reset", "event_row": 3, "devices_before": 2, "devices_after": 1, "shared_values": 11,
    }  # fmt: skip
    pl.DataFrame([row], schema=SPANS).write_parquet(run / "spans.parquet")
    said = " ".join(command("ring", run, ring).stdout.split())
    assert (
        f"for a part of their life only; what they did outside it is not the ring's: {account} since" in said
    )
    assert "since 9 May 2026 13:58: password reset, 2 devices before it and 1 device after it" in said
    assert "all 11 values that link it with the ring on that side" in said
    (told,) = json.loads(command("ring", run, ring, "--json").stdout)["spans"]
    assert (told["since"], told["until"]) == ("2026-05-09T13:58:00+00:00", None)


def test_a_ring_says_what_an_attribution_asks_of_it(command: Command, finished: Path) -> None:
    told = pl.read_parquet(finished / "conditions.parquet")
    ring = told.filter(condition="firm_accounts").sort("value")["ring_id"][-1]
    said = command("ring", finished, ring).stdout
    met = re.findall(r"│ (met|not met) +│$", said, re.MULTILINE)
    assert [word == "met" for word in met] == told.filter(ring_id=ring)["met"].to_list()
    document = json.loads(command("ring", finished, ring, "--json").stdout)
    assert document["conditions"] == told.filter(ring_id=ring).to_dicts()


def test_an_unknown_ring(command: Command, finished: Path) -> None:
    done = command("ring", finished, "ring-none")
    assert done.returncode == 2
    assert "ring-none" in done.stderr
    assert "Traceback" not in done.stderr


def test_explain_linked_and_not(command: Command, finished: Path) -> None:
    links = pl.read_parquet(finished / "links.parquet").sort("probability", descending=True)
    a, b = links.select("account_a", "account_b").row(0)
    done = command("explain", finished, b, a)
    assert done.returncode == 0
    assert "probability" in done.stdout
    known = set(zip(links["account_a"], links["account_b"], strict=True))
    accounts = sorted(pl.read_parquet(finished / "signals" / "accounts.parquet")["account_id"])
    stranger = next(c for c in accounts if c > accounts[0] and (accounts[0], c) not in known)
    done = command("explain", finished, accounts[0], stranger)
    assert done.returncode == 1
    done = command("explain", finished, accounts[0], "nobody")
    assert done.returncode == 2


def test_explain_in_words_and_for_machines(command: Command, finished: Path) -> None:
    links = pl.read_parquet(finished / "links.parquet").sort("probability", descending=True)
    a, b = links.select("account_a", "account_b").row(0)
    text = command("explain", finished, a, b).stdout
    for part in (
        "Speaks for common control:",
        "Speaks against it:",
        "Every piece of evidence",
        "Least evidence that the link hangs on:",
        "Comparable accounts:",
        "Under other assumptions:",
    ):
        assert f"\n{part}" in text
    told = json.loads(command("explain", finished, a, b, "--json").stdout)
    assert told["claim"]["text"] in text
    parts = [float(group["log10_lr"]["value"]) for group in told["groups"]]
    assert sum(parts) == pytest.approx(links["log10_lr"][0], abs=1e-6)
    for sentence in (*told["least"], *told["placebo"], *told["stability"]):
        assert f"  {sentence['text']}\n" in text


def test_query_reads_and_cannot_write(command: Command, finished: Path) -> None:
    done = command("query", finished, "MATCH (r:Ring) RETURN count(r) AS rings", "--json")
    rings = pl.read_parquet(finished / "rings.parquet").height
    assert json.loads(done.stdout)["rows"] == [{"rings": rings}]
    for text in (
        "MATCH (r:Ring) DETACH DELETE r",
        "CREATE (:Ring {id: 'x'})",
        "MATCH (a) SET a.id = 1",
    ):
        assert command("query", finished, text).returncode == 2
    assert command("query", finished, "MATCH (").returncode == 2


def test_bundle_verifies_and_a_flipped_byte_does_not(
    command: Command, finished: Path, tmp_path: Path
) -> None:
    bundle = tmp_path / "case.zip"
    done = command("bundle", finished, biggest(finished), "--out", bundle)
    assert done.returncode == 0, done.stderr
    done = command("verify", bundle)
    assert done.returncode == 0
    assert "VERIFIED" in done.stdout
    content = bytearray(bundle.read_bytes())
    content[len(content) // 3] ^= 1
    bundle.write_bytes(content)
    done = command("verify", bundle)
    assert done.returncode == 1
    assert "step '" in done.stderr


def test_evaluate(command: Command, world: Path, finished: Path) -> None:
    done = command("evaluate", finished, "--truth", world / "truth.parquet", "--resamples", 10, "--brief")
    assert done.returncode == 0
    assert "recall" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("run", "{tmp}/none", "--out", "{tmp}/run"), "none"),
        (("run", "{world}/signals", "--out", "{tmp}/run", "--engine", "spark://x"), "one machine"),
        (("run", "{world}/signals", "--out", "{tmp}/run", "--device", "cuda"), "CPU"),
        (("run", "{world}/signals", "--out", "{tmp}/run", "--config", "{tmp}/none.toml"), "none.toml"),
        (("run", "{world}/signals", "--out", "{tmp}/run", "--mapping", "{tmp}/none.toml"), "none.toml"),
        (("run", "{world}/signals", "--out", "{tmp}/run", "--model", "{tmp}/none.json"), "none.json"),
        (("run", "{world}/signals", "--out", "{tmp}/run", "--store", "oracle://x"), "oracle"),
        (("run", "{world}/signals", "--out", "{tmp}/run", "--store", "bolt://127.0.0.1:1"), "PASSWORD"),
        (("simulate", "{tmp}/w", "--preset", "none-such"), "none-such"),
        (("rings", "{tmp}"), "not a finished run"),
        (("verify", "{tmp}/none.zip"), "none.zip"),
        (("explore", "{tmp}/none"), "not a finished run"),
    ],
)
def test_bad_input_is_one_clear_message(
    command: Command, world: Path, tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    done = command(*(a.format(tmp=tmp_path, world=world) for a in arguments), GRAPHATTR_NEO4J_PASSWORD="")
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_an_unreachable_server_is_told_before_any_work(command: Command, world: Path, tmp_path: Path) -> None:
    store = "bolt://127.0.0.1:1"
    done = command(
        "run",
        world / "signals",
        "--out",
        tmp_path / "run",
        "--store",
        store,
        GRAPHATTR_NEO4J_PASSWORD="secret-word",
    )
    assert done.returncode == 2
    assert "127.0.0.1:1" in done.stderr
    assert "secret-word" not in done.stderr + done.stdout
    assert not (tmp_path / "run").exists()


def test_a_settings_key_that_does_not_exist(command: Command, world: Path, tmp_path: Path) -> None:
    config = tmp_path / "settings.toml"
    config.write_text("[rings]\nresolutoin = 2\n")
    done = command("run", world / "signals", "--out", tmp_path / "run", "--config", config)
    assert done.returncode == 2
    assert "resolutoin" in done.stderr


def test_json_errors_are_json(command: Command, tmp_path: Path) -> None:
    done = command("run", tmp_path / "none", "--out", tmp_path / "run", "--json")
    assert done.returncode == 2
    assert "none" in json.loads(done.stdout)["error"]


@pytest.mark.parametrize(("given", "used"), [(None, "1"), ("3", "3")])
def test_linear_algebra_has_one_thread_unless_asked(given: str | None, used: str) -> None:
    # What a training makes depends on it in the last bit, and should not on how many cores there are.
    place = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    told = "import os, sys, graphattr; assert 'numpy' not in sys.modules; import graphattr.cli"
    told += "; print(os.environ[sys.argv[1]])"
    done = subprocess.run(
        [sys.executable, "-c", told, "OPENBLAS_NUM_THREADS"],
        env=place if given is None else place | {"OPENBLAS_NUM_THREADS": given},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == used
