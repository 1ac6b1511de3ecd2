"""Nothing that a server, a guest or a folder says reaches a terminal as it is, or is taken for markup or a formula."""

import csv
import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.widget import Widget

from engine.model.ledger import Ledger
from engine.model.report import RestaurantFigures, Result
from engine.model.snapshot import RunSnapshot
from engine.records.csv_files import csv_files
from engine.records.export import export
from engine.records.html import html_page
from engine.records.page import report_md
from engine.records.writer import masked
from engine.redact import mask
from tests.hostile.signs import WORDS, infested, raw
from tests.judge.journals import result as bare
from tests.tui import stills
from tests.tui.fake_door import FakeDoor
from tui import headless
from tui.app import SlotfillApp
from tui.format import plain
from tui.lines import Area, width_of
from tui.panel import paint
from tui.panels.registry import PANELS
from tui.view import View

ALL = "".join(WORDS)
BACKWARDS = "".join(reversed(WORDS))
KEYS = ("l", "v", "escape", "escape", "enter", "escape", "r")
"""Each panel alone, a row closely, and the settings."""


def pictures() -> list[RunSnapshot]:
    return [infested(stills.full(), ALL), infested(stills.losing(), BACKWARDS)]


def test_every_panel_is_as_wide_as_it_is_and_sends_nothing_that_is_obeyed() -> None:
    for snapshot in pictures():
        for kind in PANELS:
            for line in paint(kind, snapshot, Area(80, 20), View(full=True)):
                assert not raw(line.text), f"{kind.NAME}: {raw(line.text)}"
                assert width_of(line.text) == 80, kind.NAME


@pytest.mark.parametrize(
    "ascii_only", [False, pytest.param(True, marks=pytest.mark.campaign)], ids=["unicode", "ascii"]
)
async def test_no_strip_of_the_console_holds_anything_that_is_obeyed(ascii_only: bool) -> None:
    app = SlotfillApp(FakeDoor(pictures()[0]), who=f"ana{ALL}", refresh_s=3600.0, ascii=ascii_only)
    async with app.run_test(size=(80, 24)) as pilot:
        for key in ("", *KEYS):
            await pilot.press(*filter(None, (key,)))
            await pilot.pause()
            for widget in app.screen.walk_children(Widget):
                for strip in widget.render_lines(widget.size.region):
                    assert not raw(strip.text), f"{widget} after {key}: {raw(strip.text)}"
                    assert not ascii_only or strip.text.isascii(), f"{widget} after {key}: {strip.text!r}"


def test_every_line_of_a_run_without_a_screen_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """As `_follow` and `watch` print them."""
    snapshot = infested(stills.losing(), ALL)
    said = [*headless.baseline(snapshot), headless.progress(snapshot), headless.first_lost(snapshot.truth.missed[0])]
    said += [line for leg in snapshot.legs for line in headless.leg_lines(leg)]
    said += headless.summary(infested(a_result(), ALL))
    for line in said:
        printed = mask(plain(line))
        assert not raw(printed), raw(printed)
        assert "\n" not in printed


@given(st.text() | st.lists(st.sampled_from(WORDS)).map("".join))
def test_any_text_is_made_plain_once_and_for_all(text: str) -> None:
    made = plain(text)
    assert not raw(made)
    assert made == plain(made)
    made.encode()
    assert not raw(mask(text).replace("\t", " "))


@pytest.mark.parametrize("text", ["Zoë's Bistro", "Ngõ Đức", "עברית", "مطعم", "居酒屋 — 東京", "Crème brûlée ½ £5"])
def test_names_of_people_s_own_languages_stay_as_they_are(text: str) -> None:
    assert plain(text) == text
    assert mask(text) == text


def a_result() -> Result:
    named = {f"=cmd|{ALL}": RestaurantFigures(1, 1, 1, 1.0), "-2+3": RestaurantFigures(1, 1, 1, 1.0)}
    made = bare("abcd1234", Ledger(attempts=2), ["<b>one</b>", "a | b"], "finished")
    return msgspec.structs.replace(made, by_restaurant=named, reason="why", outcomes={"filled": 2})


def test_reports_hold_no_markup_formula_or_control_of_anybody_else() -> None:
    result = infested(a_result(), ALL)
    page = mask(report_md(result, {}, {}))
    assert not raw(page), raw(page)
    html = mask(html_page(page, {}))
    assert not raw(html)
    assert "<script" not in html
    assert {link[:1] for link in re.findall(r'(?:href|src)="([^"]*)', html)} <= {"#"}
    for name, text in csv_files(result, {}).items():
        for row in csv.reader(io.StringIO(mask(text))):
            for cell in row:
                assert not raw(cell), name
                assert not cell.startswith(("=", "+", "@")), name
                assert cell == "-2+3" or not cell.startswith("-") or cell[1:].replace(".", "").isdigit(), name


def test_json_stays_json_and_its_texts_are_safe_to_print(tmp_path: Path) -> None:
    snapshot = pictures()[0]
    printed = msgspec.json.encode(masked(snapshot)).decode()
    assert not raw(printed), raw(printed)
    json.loads(printed)
    folder = export(snapshot, tmp_path, "<svg/>", datetime(2026, 3, 4, tzinfo=UTC))
    for path in folder.iterdir():
        text = path.read_text(encoding="utf-8")
        assert not raw(text.replace("\r\n", "\n")), f"{path.name}: {raw(text)}"
        if path.suffix == ".json":
            json.loads(text)
