"""Alerts on the screen: the panel, the count in the status line, and who has acknowledged what."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from engine.alert_rules import rules_of
from engine.config import Settings
from engine.metrics.alerts import Alerts
from engine.metrics.event_lines import line_of
from engine.model.alert import AlertFace, AlertsFace, SendingFace, Severity
from engine.model.command import Command, Verb
from engine.model.event import AlertRaised, AlertResolved
from engine.model.ids import Ids, RunId
from engine.model.outcome import Kind
from engine.model.snapshot import EventLine, RunSnapshot
from tests.alerts.pictures import S, picture
from tests.tui import stills
from tests.tui.fake_door import FakeDoor
from tests.tui.test_console import NEVER_S, Console, text_of
from tui.lines import Area
from tui.panel import paint
from tui.panels.alerts import AlertsPanel
from tui.timeline import alerts_of, belongs
from tui.view import View

RUN = RunId("7f3a91c2")


def alerting() -> RunSnapshot:
    """One alert of each kind: open, acknowledged, over; and a rule that waits."""
    fold = Alerts(rules_of(Settings()))
    for at in range(0, 200, 5):
        fights = 8 * max(0, at - 45)
        late = replace(picture(at, conflicts=fights, lost=at > 60, filled=at, contention=at // 2, fault=at // 40))
        fold.take(replace(late, run=replace(late.run, lag_p99_ns=40_000_000 if 80 < at < 120 or at > 192 else 0)))
        if at == 150:
            fold.acknowledge(at * S, "ada@tty1")
    face = AlertsFace(fold.rules(), fold.alerts(), fold.raised, SendingFace(3, 1, 2, 4, "it answered 503"), None)
    return replace(stills.full(), alerts=face, events=tuple(_lines(fold.alerts())))


def _lines(alerts: Sequence[AlertFace]) -> list[EventLine]:
    raised = [AlertRaised(one.raised_ns, Ids(RUN), one.rule, one.severity, one.value, one.says) for one in alerts]
    return [line for one in raised if (line := line_of(one, lambda _: ""))]


def text(still: RunSnapshot, width: int = 120, height: int = 30) -> str:
    return "\n".join(line.text.rstrip() for line in paint(AlertsPanel, still, Area(width, height), View(full=True)))


def test_the_panel_says_what_is_raised_what_waits_what_is_over_and_who_has_seen_it() -> None:
    said = text(alerting(), 160)
    assert "RAISED !, " in said.splitlines()[0]
    rows = {line.split()[0]: line for line in reversed(said.splitlines()) if len(line.split()) > 3}
    assert "conflict-storm" in rows["RAISED"]
    assert "lost-bookings" in rows["raised"]
    assert "ada@tty1" in rows["raised"]
    assert "loop-late" in rows["resolved"]
    assert "loop-late" in rows["waiting"]
    assert "webhook 3 taken, 1 wait, 2 DROPPED ! (it answered 503)" in said
    assert "platform's event table none" in said
    assert said.index("critical") < said.index("warning")


@pytest.mark.parametrize("width", [80, 160])
def test_the_panel_keeps_what_it_is_about_in_a_narrow_place(width: int) -> None:
    said = text(alerting(), width, 12)
    assert "lost-bookings" in said
    assert "RAISED !" in said


def test_a_run_without_rules_and_a_quiet_one_have_something_true_to_show() -> None:
    assert "no rule is judged here" in text(stills.full())
    quiet = Alerts(rules_of(Settings()))
    quiet.take(picture(1, filled=9))
    said = text(replace(stills.full(), alerts=AlertsFace(quiet.rules())))
    assert f"none raised by {len(quiet.names)} rules" in said
    assert "no value" in said


def test_a_row_opens_what_is_known_of_its_rule() -> None:
    still = alerting()
    key = next(row for row in AlertsPanel.rows(still, View()) if row.startswith("alert:lost-bookings"))
    told = AlertsPanel.detail(still, key)
    assert told is not None
    assert told[0] == "rule lost-bookings"
    assert "ada@tty1" in "\n".join(line.text for line in told[1])


def test_what_rules_raised_is_on_the_timeline_with_its_colour_by_severity() -> None:
    kinds = {}
    for severity in Severity:
        line = line_of(AlertRaised(S, Ids(RUN), "deadlocks", severity, 3.0, "deadlocks > 0"), lambda _: "")
        assert line is not None
        assert line.text == f"deadlocks: {severity}, 3 where deadlocks > 0"
        assert belongs(line, "alert")
        kinds[severity] = line.kind
        (one,) = alerts_of([line])
        assert (one.rule, one.at_ns) == ("deadlocks", S)
    assert list(kinds.values()) == [None, Kind.CONTENTION, Kind.FAULT, Kind.FAULT]
    over = line_of(AlertResolved(5 * S, Ids(RUN), "deadlocks", 0.0, S, "deadlocks > 0"), lambda _: "")
    assert over is not None
    assert over.text == "deadlocks: after 4 s, 0 where deadlocks > 0"
    assert alerts_of([over]) == ()


async def test_a_acknowledges_for_everybody_and_what_another_console_has_seen_is_counted_no_more() -> None:
    still = alerting()
    door = FakeDoor(still)
    app = Console(door, who="bob@tty2", refresh_s=NEVER_S)
    async with app.run_test(size=(120, 40)) as pilot:
        await app.look()
        app.tell_time()
        fresh = still.alerts.unacknowledged
        assert 0 < fresh < len(still.alerts.alerts)
        assert f"ALERTS {fresh} !" in text_of(app)
        await pilot.press("a")
        await pilot.pause()
        assert Command(Verb.ACKNOWLEDGE) in door.commands
        assert door.who[-1] == "bob@tty2"
        assert "acknowledged, for everybody, by bob@tty2" in text_of(app)
        assert "ALERTS" not in text_of(app)


async def test_a_console_that_only_looks_acknowledges_for_itself() -> None:
    door = FakeDoor(alerting())
    app = Console(door, who="eve@tty3", refresh_s=NEVER_S, watch=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await app.look()
        app.tell_time()
        await pilot.press("a")
        await pilot.pause()
        assert "acknowledged, on this console" in text_of(app)
        assert not [one for one in door.commands if one.verb is Verb.ACKNOWLEDGE]
