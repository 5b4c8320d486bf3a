"""Pages of pairs: sums that add up, what they hang on, comparable accounts, other assumptions."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from graphattr.errors import RunError
from graphattr.evidence import page_json, pair_page
from graphattr.evidence import pair_rules as rules_module
from graphattr.evidence.canonical import visible
from graphattr.evidence.document import Sentence, figures_of, plain
from graphattr.evidence.figures import Figures
from graphattr.evidence.pair_case import pair_case
from graphattr.evidence.pair_rules import as_strong, comparable
from graphattr.evidence.pair_text import pair_text
from graphattr.evidence.pairs import PairPage, pair_of
from graphattr.evidence.rulebook import probability
from graphattr.evidence.rules import RULES
from graphattr.evidence.words import forbidden_word
from graphattr.pipeline import Plan
from graphattr.pipeline import run as run_pipeline
from graphattr.records import GROUPS
from graphattr.settings import Secrets
from graphattr.simulate import simulate
from models.additive import shipped_model

from .runs import make_run


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of a tiny world, by the shipped model."""
    folder = tmp_path_factory.mktemp("world")
    simulate(folder, "tiny", 5)
    run_pipeline(Plan(str(folder / "signals"), folder / "run"), Secrets())
    return folder / "run"


@pytest.fixture(scope="module")
def links(world: Path) -> pl.DataFrame:
    return pl.read_parquet(world / "links.parquet")


@pytest.fixture(scope="module")
def pages(world: Path, links: pl.DataFrame) -> list[PairPage]:
    """Pages of links from the weakest to the strongest."""
    chosen = links.sort("probability", "account_a", "account_b").gather_every(max(1, links.height // 24))
    return [pair_page(world, *pair) for pair in chosen.select("account_a", "account_b").iter_rows()]


def sentences(page: PairPage) -> list[Sentence]:
    lines = [page.claim, *page.speaks_for, *page.speaks_against, page.weakest_point, *page.least]
    return [*lines, *page.placebo, *page.stability, *page.missing]


def lines(found: tuple[Sentence, ...]) -> str:
    return "\n".join(map(plain, found))


def number(page: PairPage, rule: str) -> float:
    return next(float(f.value or "nan") for s in sentences(page) for f in figures_of(s) if f.rule == rule)


def test_prior_groups_and_pieces_sum_exactly(world: Path, pages: list[PairPage], links: pl.DataFrame) -> None:
    caps = json.loads((world / "run.json").read_text())["model"]["caps"]
    for page in pages:
        assert page.prior is not None
        assert page.log10_odds is not None
        link = links.filter((pl.col("account_a") == page.account_a) & (pl.col("account_b") == page.account_b))
        groups = {one.group: float(one.log10_lr.value or 0) for one in page.groups}
        odds = float(page.log10_odds.value or 0)
        assert float(page.prior.value or 0) + sum(groups.values()) == pytest.approx(odds, abs=1e-9)
        assert probability(odds) == pytest.approx(link["probability"][0], abs=1e-9)
        for one in page.groups:
            counted = sum(float(piece.log10_lr.value or 0) for piece in one.pieces if piece.counts)
            cut = 0.0 if one.cut is None else float(one.cut.value or 0)
            assert counted + cut == pytest.approx(groups[one.group], abs=1e-9)
            assert (one.cut is not None) == (abs(counted) > caps[one.group] + 1e-9)
            weights = [float(piece.log10_lr.value or 0) for piece in one.pieces if piece.counts]
            assert weights == sorted(weights, reverse=True)
        assert [*groups.values()] == sorted(groups.values(), reverse=True)


def test_what_a_cap_takes_off_is_a_row_of_its_own(run: Path) -> None:
    case = pair_case(run, "acc-a1", "acc-a2")
    capped = case.facts["model"] | {"caps": dict.fromkeys(GROUPS, 4.0) | {"payment": 2.5}}
    links = case.tables["links"].with_columns(
        log10_lr_payment=pl.lit(2.5), log10_lr=pl.col("log10_lr") - 3.1 + 2.5
    )
    case = replace(case, tables=case.tables | {"links": links}, facts=case.facts | {"model": capped})
    page = pair_of(Figures(case, RULES), "acc-a1", "acc-a2")
    cuts = {one.group: one.cut.shown for one in page.groups if one.cut is not None}
    assert cuts == {"payment": "-0.60"}
    assert "payment, cut at the cap of the group: -0.60" in lines(page.speaks_against)
    assert "cut at the cap" in pair_text(page)
    assert number(page, "link.without_least") == pytest.approx(probability(-2.0 + 1.4 - 0.2))


def test_every_piece_that_counts_is_said_on_its_side(pages: list[PairPage]) -> None:
    for page in pages:
        for against, side in ((False, page.speaks_for), (True, page.speaks_against)):
            said = [f for s in side for f in figures_of(s) if f.rule == "piece.lr"]
            all_ = [piece for one in page.groups for piece in one.pieces if piece.counts]
            expected = [p.log10_lr for p in all_ if (float(p.log10_lr.value or 0) < 0) == against]
            assert {f.id for f in said} == {f.id for f in expected}
            assert len(said) == len(expected)
            sign = -1 if against else 1
            order = [one.group for one in page.groups][::sign]
            ranks = [(order.index(f.args[2]), -sign * float(f.value or 0)) for f in said]
            assert ranks == sorted(ranks), "the strongest first"


def test_pieces_that_add_nothing_are_counted(pages: list[PairPage]) -> None:
    idle = [sum(not piece.counts for one in page.groups for piece in one.pieces) for page in pages]
    assert any(idle)
    for page, count in zip(pages, idle, strict=True):
        said = f"Pieces that add nothing beside a stronger one of their kind: {count}."
        assert (said in lines(page.speaks_for)) == (count > 0)


def test_what_a_link_hangs_on_by_the_model_itself(world: Path, pages: list[PairPage]) -> None:
    """The pieces named are taken out of evidence.parquet; the model's own slots say what stays."""
    model = shipped_model()
    evidence = pl.read_parquet(world / "evidence.parquet")
    turned = 0
    for page in pages:
        assert page.prior is not None
        if not page.least or "Without" not in plain(page.least[-1]):
            continue
        args = [f.args[2:] for f in figures_of(page.least[-1]) if f.rule == "piece.lr"]
        gone = {(arg[0], arg[1], arg[2] if len(arg) > 2 else None) for arg in args}
        assert len(gone) == int(number(page, "link.least"))
        best: dict[str, dict[str, float]] = {group: {} for group in GROUPS}
        pair = evidence.filter(
            (pl.col("account_a") == page.account_a) & (pl.col("account_b") == page.account_b)
        )
        for row in pair.iter_rows(named=True):
            key = row["signal"]
            if row["value"] is not None:
                key = model.key(row["signal"], row["kind"]) or row["group"]
            if (row["group"], row["signal"], row["value"]) not in gone:
                best[row["group"]][key] = max(best[row["group"]].get(key, -9.0), row["log10_lr"])
        odds = float(page.prior.value or 0)
        for group, slots in best.items():
            odds += min(max(sum(slots.values()), -model.caps[group]), model.caps[group])
        assert number(page, "link.without_least") == pytest.approx(probability(odds), abs=1e-9)
        assert odds < 0
        turned += 1
    assert turned


def test_below_one_half_nothing_has_to_go(pages: list[PairPage]) -> None:
    below = [page for page in pages if number(page, "link.probability") < 0.5]
    above = [page for page in pages if number(page, "link.probability") >= 0.5]
    assert below
    assert above
    for page in below:
        assert "is below one half as it is" in lines(page.least)
    for page in above:
        assert "as it is" not in lines(page.least)


def test_at_one_half_a_piece_has_to_go(run: Path) -> None:
    case = pair_case(run, "acc-a1", "acc-a2")
    even = case.tables["links"].with_columns(log10_prior_odds=-pl.col("log10_lr"))
    page = pair_of(Figures(replace(case, tables=case.tables | {"links": even}), RULES), "acc-a1", "acc-a2")
    assert number(page, "link.least") == 1


def test_when_nothing_turns_the_link(run: Path) -> None:
    case = pair_case(run, "acc-a1", "acc-a2")
    sure = pl.col("log10_prior_odds") + 4.0
    case = replace(case, tables=case.tables | {"links": case.tables["links"].with_columns(sure)})
    page = pair_of(Figures(case, RULES), "acc-a1", "acc-a2")
    left = probability(case.tables["links"]["log10_prior_odds"][0] - 0.2)
    assert lines(page.least).startswith("Even without any piece that speaks for the link")
    assert number(page, "link.without_support") == pytest.approx(left)


def test_the_least_evidence_in_words(run: Path) -> None:
    page = pair_page(run, "acc-a1", "acc-a2")
    assert lines(page.least) == (
        "The fewest pieces without which the probability falls below one half: 1.\n"
        "Without instrument card-4711 (+3.10) the probability would be 0.137."
    )


def test_comparable_accounts_are_counted_by_hand(world: Path, links: pl.DataFrame) -> None:
    usage = pl.read_parquet(world / "signals" / "usage.parquet")
    requests = dict(usage.group_by("account_id").agg(pl.col("requests").sum()).iter_rows())
    accounts = pl.read_parquet(world / "signals" / "accounts.parquet")["account_id"].to_list()
    strength = {(a, b): lr for a, b, lr in links.select("account_a", "account_b", "log10_lr").iter_rows()}
    ring = dict(pl.read_parquet(world / "members.parquet").select("account_id", "ring_id").iter_rows())
    some = 0
    for a, b in list(strength)[:: len(strength) // 12]:
        case = pair_case(world, a, b)
        for kept, exchanged in ((a, b), (b, a)):
            own = requests.get(exchanged, 0)
            near = {c for c in accounts if requests.get(c, 0) <= 2 * own and own <= 2 * requests.get(c, 0)}
            among = near - {a, b}
            strong = {c for c in among if strength.get((min(c, kept), max(c, kept)), -99) >= strength[(a, b)]}
            assert comparable(case, kept, exchanged) == sorted(among)
            assert as_strong(case, kept, exchanged) == sorted(strong)
            figures = Figures(case, RULES)
            mates = {c for c in strong if kept in ring and ring.get(c) == ring[kept]}
            assert figures.get("placebo.same_ring", kept, exchanged).value == str(len(mates))
            share = figures.get("placebo.share", kept, exchanged).value
            assert float(share or "nan") == pytest.approx(len(strong) / len(among), abs=1e-6)
            some += len(strong) > 0
    assert some


def test_a_draw_of_comparable_accounts_is_the_pairs_own(
    world: Path, links: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = links.sort("probability").select("account_a", "account_b").row(-1)
    case = pair_case(world, a, b)
    all_ = comparable(case, a, b)
    assert len(all_) > 10
    monkeypatch.setattr(rules_module, "PLACEBOS", 10)
    drawn = comparable(case, a, b)
    assert len(set(drawn)) == 10
    assert set(drawn) <= set(all_)
    assert drawn == comparable(pair_case(world, a, b), a, b)
    without_usage = replace(case, tables={k: v for k, v in case.tables.items() if k != "signals/usage"})
    assert comparable(without_usage, a, b) != comparable(without_usage, b, a)


def test_accounts_without_use_are_comparable_with_each_other(run: Path) -> None:
    case = pair_case(run, "acc-a1", "acc-a2")
    usage = case.tables["signals/usage"].filter(~pl.col("account_id").is_in(["acc-a2", "acc-a4"]))
    none = pl.when(pl.col("account_id") == "acc-a3").then(0.0).otherwise("requests").alias("requests")
    few = replace(case, tables=case.tables | {"signals/usage": usage.with_columns(none)})
    assert comparable(few, "acc-a1", "acc-a2") == ["acc-a3", "acc-a4"]


def test_use_without_a_number_is_one_request(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    usage = pl.read_parquet(run / "signals" / "usage.parquet")
    mine = pl.col("account_id") == "acc-a1"
    changed = usage.with_columns(requests=pl.when(mine).then(None).otherwise("requests"))
    changed.write_parquet(run / "signals" / "usage.parquet")
    both = {"acc-a1": 1.0, "acc-a2": 101.0}
    for frame in (changed, usage.drop("requests")):
        frame.write_parquet(run / "signals" / "usage.parquet")
        found = dict(pair_case(run, "acc-a1", "acc-a2").tables["signals/usage"].iter_rows())
        assert {account: found[account] for account in both} == both
        both["acc-a2"] = 1.0


def test_placebos_in_words(run: Path, tmp_path: Path) -> None:
    page = pair_page(run, "acc-a1", "acc-a2")
    assert "5 of 10 comparable accounts (with between half and twice the requests of acc-a2)" in lines(
        page.placebo
    )
    assert "a share of 0.5; members of its own ring among them: 5." in lines(page.placebo)
    other = make_run(tmp_path / "run")
    (other / "signals" / "usage.parquet").unlink()
    assert "not matched on activity, for want of a table usage" in lines(
        pair_page(other, "acc-a1", "acc-a2").placebo
    )
    case = pair_case(run, "acc-a1", "acc-a2")
    lonely = {
        name: case.tables[name].filter(pl.col("account_id").is_in(["acc-a1", "acc-a2"]))
        for name in ("signals/accounts", "signals/usage")
    }
    alone = pair_of(Figures(replace(case, tables=case.tables | lonely), RULES), "acc-a1", "acc-a2")
    assert "There is no account with between half and twice the requests of acc-a2" in lines(alone.placebo)


def test_other_assumptions(pages: list[PairPage]) -> None:
    for page in pages:
        assert page.log10_odds is not None
        odds = float(page.log10_odds.value or 0)
        told = {f.rule + "".join(f.args[2:]): f for s in page.stability for f in figures_of(s)}
        for factor, step in (("0.1", -1), ("10", 1)):
            value = float(told[f"link.other_prior{factor}"].value or 0)
            assert value == pytest.approx(probability(odds + step), abs=1e-9)
        for one in page.groups:
            part = float(one.log10_lr.value or 0)
            if part:
                value = float(told[f"link.without{one.group}"].value or 0)
                assert value == pytest.approx(probability(odds - part), abs=1e-9)


def test_rings_of_the_two(run: Path) -> None:
    same = lines(pair_page(run, "acc-a1", "acc-a2").stability)
    assert "Both accounts are members of the ring ring-1." in same
    assert "acc-a1 belongs to ring-1 with the probability 0.950, between 0.750 and 0.990." in same
    assert "Only acc-a8 is a member of a ring." in lines(pair_page(run, "acc-a8", "acc-x1").stability)
    case = pair_case(run, "acc-a1", "acc-a2")
    members = case.tables["members"]
    moved = pl.when(pl.col("account_id") == "acc-a2").then(pl.lit("ring-2")).otherwise("ring_id")
    for table, words in (
        (members.with_columns(ring_id=moved), "are members of different rings"),
        (members.clear(), "Neither account is a member of a ring."),
    ):
        changed = replace(case, tables=case.tables | {"members": table})
        assert words in lines(pair_of(Figures(changed, RULES), "acc-a1", "acc-a2").stability)


def test_numbers_are_figures_and_words_are_neutral(pages: list[PairPage]) -> None:
    for page in pages:
        for sentence in sentences(page):
            for part in sentence:
                if isinstance(part, str):
                    assert not any(char.isdigit() for char in part), part
                    assert forbidden_word(part) is None
        assert forbidden_word(pair_text(page)) is None


def test_text_and_json_agree(pages: list[PairPage]) -> None:
    for page in pages:
        text = pair_text(page)
        told = json.loads(json.dumps(page_json(page)))
        for section in ("speaks_for", "speaks_against", "least", "placebo", "stability", "missing"):
            for sentence in told[section]:
                assert f"  {sentence['text']}\n" in text
        table = text[text.index("Every piece") : text.index("Least evidence")].splitlines()[2:-1]
        rows = [" ".join(line.split()) for line in table]
        expected = [f"prior odds {told['prior']['shown']}"]
        for group in told["groups"]:
            expected.append(f"{group['group']} {group['log10_lr']['shown']}")
            for piece in group["pieces"]:
                value = [] if piece["value"] is None else [visible(piece["value"])]
                counts = "yes" if piece["counts"] else "no"
                expected.append(" ".join([piece["signal"], *value, counts, piece["log10_lr"]["shown"]]))
            if group["cut"]:
                expected.append(f"cut at the cap yes {group['cut']['shown']}")
        expected.append(f"log10 odds {told['log10_odds']['shown']}")
        assert rows == expected


def test_foreign_text_stays_text(run: Path) -> None:
    text = pair_text(pair_page(run, "acc-b1", "acc-b2"))
    assert "\u202e" not in text
    assert '=HYPERLINK("http://x")<img onerror=1>\\u202e' in text


def test_a_pair_without_a_link_has_nothing_to_test(run: Path) -> None:
    page = pair_page(run, "acc-x2", "acc-a1")
    assert (page.groups, page.least, page.placebo, page.stability) == ((), (), (), ())
    text = pair_text(page)
    assert "Every piece" not in text
    assert "There is no link to break." in text


def test_a_run_without_accounts(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    (run / "signals" / "accounts.parquet").unlink()
    with pytest.raises(RunError, match="accounts"):
        pair_page(run, "acc-a1", "acc-a2")
