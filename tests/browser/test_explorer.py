"""The explorer as its user meets it: real browser, real server, nothing asked of anybody else."""

from __future__ import annotations

import csv
import io
import re
import socket
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from explorer.plans import FORMULA, IMG, TOP

pytestmark = pytest.mark.browser

ROW = 31  # pixels, as set in explorer/ui.py


def params(page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def grid(page, name: str):
    """The canvas of a table, once it is drawn."""
    canvas = page.get_by_label(name, exact=True).locator("canvas[data-testid=data-grid-canvas]").first
    canvas.wait_for()
    return canvas


def press_row(page, name: str, row: int) -> None:
    """Presses the button at the start of a table's row."""
    canvas = grid(page, name)
    canvas.scroll_into_view_if_needed()
    page.wait_for_timeout(300)  # the table settles after it has been scrolled to
    box = canvas.bounding_box()
    page.mouse.click(box["x"] + 30, box["y"] + ROW * (row + 1) + ROW // 2)


def stage(page):
    """The drawn graph's element, once its script has run."""
    found = page.locator(".stage")
    found.wait_for()
    found.locator("canvas").first.wait_for()
    found.scroll_into_view_if_needed()
    return found


def click_node(page, node: str) -> None:
    canvas = stage(page)
    at = canvas.evaluate("(element, node) => element.graphattr.position(node)", node)
    canvas.click(position=at)


def open_ring(page, base: str, ring: str, **more: str) -> None:
    query = "&".join(f"{name}={value}" for name, value in {"id": ring, **more}.items())
    page.goto(f"{base}/ring?{query}")
    page.get_by_role("heading", name="What could explain it").wait_for()


def test_queue_loads_and_a_ring_opens(page, base: str, tmp_path: Path) -> None:
    page.goto(base)
    page.get_by_text("5 rings of 5").wait_for()
    grid(page, "Rings by weight")
    page.screenshot(path=tmp_path / "queue.png")
    press_row(page, "Rings by weight", 1)
    page.wait_for_url("**/ring?id=ring-21c0")
    page.get_by_text("Consistent with a reseller").wait_for()
    stage(page)
    page.screenshot(path=tmp_path / "ring.png")
    assert (tmp_path / "ring.png").stat().st_size > 20_000


def test_a_deep_link_opens_what_its_sender_saw(page, base: str) -> None:
    open_ring(page, base, TOP, focus="a:acct-1009", **{"from": "2026-03-01T00:00", "to": "2026-03-20T00:00"})
    page.get_by_text("The account in focus, and").wait_for()
    page.get_by_text("1 Mar 2026 00:00 to 20 Mar 2026 00:00 UTC").wait_for()
    assert params(page)["focus"] == ["a:acct-1009"]


def test_filters_live_in_the_address(page, base: str) -> None:
    page.goto(base)
    page.get_by_role("button", name="Lead").click()
    page.get_by_text("2 rings of 5").wait_for()
    assert list(params(page)) == ["status"]
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    page.get_by_text("2 rings of 5").wait_for()


@pytest.mark.parametrize(
    ("text", "focus"), [("203.0.113.18", "v:ip:203.0.113.18"), ("acct-1009", "a:acct-1009")]
)
def test_search_jumps_to_the_ring(page, base: str, text: str, focus: str) -> None:
    page.goto(base)
    box = page.get_by_role("textbox", name="Search")
    box.fill(text)
    box.press("Enter")
    page.get_by_role("heading", name="What could explain it").wait_for()
    assert params(page) == {"id": [TOP], "focus": [focus]}


def test_a_click_on_a_node_reaches_python(page, base: str) -> None:
    open_ring(page, base, TOP)
    click_node(page, f"v:device:{IMG}")
    page.get_by_text("Device in focus and who holds it.").wait_for()
    assert params(page)["focus"] == [f"v:device:{IMG}"]
    page.get_by_role("button", name="Show all").click()
    page.get_by_text("Device in focus").wait_for(state="detached")
    assert "focus" not in params(page)


def test_the_graph_works_from_the_keyboard(page, base: str) -> None:
    open_ring(page, base, TOP)
    canvas = stage(page)
    canvas.focus()
    canvas.press("n")
    first = canvas.evaluate("element => element.graphattr.nodes()[0]")
    page.locator(".live").get_by_text(first[2:]).wait_for(state="attached")
    canvas.press("Enter")
    page.get_by_text("The account in focus, and").wait_for()
    assert params(page)["focus"] == [first]
    canvas.press("Escape")
    page.get_by_text("The account in focus, and").wait_for(state="detached")
    assert "keyboard" not in canvas.get_attribute("aria-label")
    assert re.search(r"Graph of 22 accounts and \d shared values", canvas.get_attribute("aria-label") or "")


def test_the_brush_filters_graph_and_tables(page, base: str) -> None:
    open_ring(page, base, TOP)
    chart = page.get_by_test_id("stVegaLiteChart").first
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    page.mouse.move(box["x"] + 150, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 180, box["y"] + 42, steps=4)
    page.mouse.move(box["x"] + 260, box["y"] + 42, steps=4)
    page.mouse.up()
    page.get_by_text(re.compile(r"\d+ accounts? of 22 active")).wait_for()
    assert {"from", "to"} <= set(params(page))
    active = int(re.search(r"(\d+) accounts? of 22", page.inner_text("body")).group(1))
    assert 0 < active < 22
    page.get_by_role("tab", name=f"Members ({active})").wait_for()
    page.get_by_role("button", name="Show all").click()
    page.get_by_role("tab", name="Members (22)").wait_for()
    assert "from" not in params(page)


def test_one_click_from_a_link_to_its_signal_rows(page, base: str) -> None:
    open_ring(page, base, TOP)
    press_row(page, "Links between members", 4)
    page.wait_for_url("**b=**")
    page.get_by_text("Signal rows behind it").wait_for()
    press_row(page, "Pieces of evidence behind the link", 1)
    page.wait_for_url("**piece=**")
    page.get_by_text(re.compile(r"rows of signals/\w+\.parquet")).wait_for()
    grid(page, "Signal rows")


def test_hostile_text_is_text(page, base: str) -> None:
    open_ring(page, base, TOP, focus="v:device:" + "%3Cimg%20src%3Dx%20onerror%3D%22window.pwned%3D1%22%3E")
    stage(page).hover(position=stage(page).evaluate("(e, n) => e.graphattr.position(n)", f"v:device:{IMG}"))
    page.locator(".tip").get_by_text(IMG).wait_for()
    page.get_by_text(f"Without {IMG} the ring breaks.").wait_for()
    page.get_by_text("Operator <b>Blue</b> & co").first.wait_for()
    assert page.evaluate("window.pwned") is None
    assert page.locator("img[src=x]").count() == 0
    assert page.locator("a[href^='javascript']").count() == 0
    page.goto(f"{base}/?q=%3Cimg%20src%3Dx")
    page.get_by_role("heading", name="What could explain it").wait_for()
    assert page.evaluate("window.pwned") is None


def test_a_downloaded_table_holds_no_formula(page, base: str) -> None:
    open_ring(page, base, TOP)
    page.get_by_role("tab", name="Shared values").click()
    with page.expect_download() as download:
        page.get_by_role("tabpanel").get_by_role("button", name="CSV").locator("visible=true").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    values = {row["value"] for row in rows}
    assert f"'{FORMULA}" in values
    assert FORMULA not in values
    assert IMG in values


@pytest.mark.parametrize("page", ["light", "dark"], indirect=True)
def test_both_themes_draw_every_page(page, base: str, tmp_path: Path) -> None:
    for name, path in (("queue", "/"), ("ring", f"/ring?id={TOP}"), ("quality", "/quality")):
        page.goto(base + path)
        page.get_by_test_id("stDataFrame").first.wait_for()
        page.wait_for_timeout(500)
        page.screenshot(path=tmp_path / f"{name}.png")
        assert page.get_by_test_id("stException").count() == 0


def test_an_unknown_ring_and_no_ring_are_plain_pages(page, base: str) -> None:
    page.goto(f"{base}/ring?id=ring-0000")
    page.get_by_text("This run has no ring ring-0000").wait_for()
    page.goto(f"{base}/ring")
    page.get_by_text("Pick a ring in the queue").wait_for()
    page.get_by_role("link", name="To the queue").click()
    page.get_by_text("5 rings of 5").wait_for()


def test_an_unfinished_run_is_a_plain_page(page, serve, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with serve(tmp_path / "run", tmp_path) as address:
        page.goto(address)
        page.get_by_text("has no run.json").wait_for()
        assert "Traceback" not in page.inner_text("body")
        page.goto("about:blank")


def test_only_this_machine_is_served(base: str) -> None:
    port = urlsplit(base).port
    addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), port, socket.AF_INET)}
    for address in addresses - {"127.0.0.1"}:
        with socket.socket() as probe:
            probe.settimeout(2)
            if not address.startswith("127."):
                assert probe.connect_ex((address, port)) != 0
