"""Rules folded over pictures: when they are raised, when they are over, and what they go by."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.alert_rules import rules_of
from engine.config import AlertSettings, Settings
from engine.metrics.alert_values import BEGIN, VALUES, Span, look_of
from engine.metrics.alerts import KEPT, Alerts, line_of, moment
from engine.model.alert import AlertFace, AlertsFace, SendingFace, Severity
from engine.model.event import AlertRaised, AlertResolved
from engine.model.outcome import Kind, Outcome
from engine.model.run_state import RunState
from engine.model.sample import Waiting
from engine.model.snapshot import LegFace, OutcomeFigures, RunSnapshot
from engine.model.step import Step
from engine.records.recording import Recording, read
from tests.alerts.pictures import S, picture, rule, rules
from tests.tui import stills


def words(alerts: Alerts, pictures: Sequence[RunSnapshot]) -> list[str]:
    """`raised 3`, `resolved 5`: what happens, and at which second."""
    return [
        f"{'raised' if isinstance(event, AlertRaised) else 'resolved'} {event.at_ns // S}"
        for one in pictures
        for event in alerts.take(one)
    ]


def test_a_rule_is_raised_after_it_has_waited_and_over_after_it_was_fine_for_a_while() -> None:
    alerts = Alerts(rule("lost_bookings > 0", for_s=2.0, clear_s=3.0))
    lost = [0, 1, 0, 1, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    # At 1 it is past its bound for a moment only; at 8 it is fine for too short.
    assert words(alerts, [picture(at, lost=count) for at, count in enumerate(lost)]) == ["raised 5", "resolved 13"]
    (one,) = alerts.alerts()
    assert (one.since_ns, one.raised_ns, one.resolved_ns, one.value) == (3 * S, 5 * S, 13 * S, 1.0)


def test_a_rule_without_waits_is_raised_and_over_at_once() -> None:
    alerts = Alerts(rule("lost_bookings > 0"))
    assert words(alerts, [picture(at, lost=at % 2) for at in range(4)]) == [
        "raised 1", "resolved 2", "raised 3",
    ]  # fmt: skip
    assert alerts.raised == 2
    assert alerts.rules()[0].raised == 2


def test_the_worst_value_is_kept_and_which_is_worst_depends_on_the_sign() -> None:
    alerts = Alerts(rule("lost_bookings > 0"))
    words(alerts, [picture(at, lost=count) for at, count in enumerate([2, 9, 4])])
    assert alerts.alerts()[0].worst == 9
    alerts = Alerts(rule("success_rate < 0.9", window_s=1.0))
    rates = [(0, 0), (5, 10), (6, 19), (15, 25)]
    words(alerts, [picture(at, filled=filled, fault=ended - filled) for at, (filled, ended) in enumerate(rates)])
    assert alerts.alerts()[0].worst == pytest.approx(1 / 9)


def test_a_count_is_that_of_the_window_and_a_young_run_is_judged_by_what_there_is() -> None:
    alerts = Alerts(rule("hold_conflicts > 10", window_s=5.0))
    total = [0, 4, 8, 12, 12, 12, 12, 12, 12]
    assert words(alerts, [picture(at, conflicts=count) for at, count in enumerate(total)]) == ["raised 3", "resolved 6"]


def test_a_rate_of_too_few_attempts_raises_nothing() -> None:
    alerts = Alerts(rule("success_rate < 0.9", least=20))
    assert words(alerts, [picture(1, filled=9, fault=10), picture(2, filled=9, fault=11)]) == ["raised 2"]


def test_want_of_room_is_no_failure_of_the_rule_that_leaves_it_out() -> None:
    still = picture(1, filled=10, capacity=90)
    assert words(Alerts(rule("success_rate < 0.9")), [still]) == ["raised 1"]
    assert words(Alerts(rule("success_rate_with_room < 0.9")), [still]) == []


def test_a_burst_that_is_told_of_the_keys_it_repeats_has_not_failed() -> None:
    told = picture(1, filled=5)
    told = replace(told, outcomes=(*told.outcomes, OutcomeFigures(Outcome.DUPLICATE.word, Kind.FAULT, 45, ())))
    both = (*rule("success_rate_with_room < 0.9"), *rule("attempt_errors > 5"))
    assert words(Alerts(both), [told]) == ["raised 1", "raised 1"], "elsewhere nobody asked for it"
    assert words(Alerts(both), [replace(told, run=replace(told.run, plan="burst"))]) == []


def test_what_cannot_be_measured_neither_raises_nor_resolves() -> None:
    alerts = Alerts(rule("stale_holds > 0", clear_s=0.0))
    seen = replace(picture(1), sample=stills.sample())
    assert words(alerts, [seen]) == ["raised 1"]
    assert words(alerts, [replace(seen, sample_trouble="no answer"), picture(3)]) == []
    assert alerts.alerts()[0].is_open
    assert alerts.rules()[0].value is None


@pytest.mark.parametrize(
    ("when", "title"),
    [
        ("stale_holds > 0", "stale holds"),
        ("connections_share > 0.5", "connections"),
        ("connections_share < 0.5", "connections"),
        ("blocked > 0", "connections"),
    ],
)
def test_what_a_look_could_not_see_neither_raises_nor_resolves(when: str, title: str) -> None:
    """While somebody alters a table the looks at it are refused: the holds in it have gone nowhere."""
    sample = stills.full().sample
    assert sample is not None
    there = replace(
        sample,
        missing=(),
        connections=99 if ">" in when else 1,
        max_connections=100,
        waits=(Waiting("active", "Lock:advisory", 1, 0),),
    )
    assert there.stale_holds
    blind = replace(there, missing=(f"{title}: canceling statement due to lock timeout",), stale_holds=(), waits=())
    blind = replace(blind, connections=0 if ">" in when else 99)
    alerts = Alerts(rule(when))
    looks = [replace(picture(at), sample=blind if at in (2, 3) else there) for at in range(5)]
    assert words(alerts, looks) == ["raised 0"]
    assert alerts.rules()[0].value is not None


def test_of_a_target_without_a_database_nobody_says_that_its_server_is_gone() -> None:
    still = picture(0)
    nowhere = replace(still, run=replace(still.run, database=""), sample_trouble="target api has no dsn")
    seen = [replace(nowhere, run=replace(nowhere.run, elapsed_ns=at * S)) for at in range(1, 30)]
    (server,) = rules(**{"server-gone": AlertSettings(on=True)})
    assert words(Alerts([server]), seen) == []


def test_a_server_that_answers_no_more_is_raised_and_not_so_when_the_run_is_over() -> None:
    gone = [replace(picture(at), sample_trouble="refused") for at in range(1, 13)]
    (server,) = rules(**{"server-gone": AlertSettings(on=True)})
    alerts = Alerts((server,))
    assert words(alerts, gone) == ["raised 9"]
    over = replace(gone[-1], run=replace(gone[-1].run, state=RunState.FINISHED, elapsed_ns=99 * S))
    assert words(alerts, [over]) == []


def test_every_default_rule_is_raised_by_the_trouble_it_is_for_and_by_no_quiet_run() -> None:
    """Each check is shown to fail on a planted error."""
    sample = stills.sample()
    quiet = replace(
        picture(0, filled=100),
        sample=replace(sample, stale_holds=(), waits=(), deadlocks=0, connections=5, at_ns=0),
        retries_exhausted=0,
        grew={},
        steps=tuple(replace(step, refused=0) for step in picture(0).steps),
    )
    waiting = replace(sample.waits[0], wait="Lock:tuple", ours=60, others=0)
    hold = picture(0).steps[0]
    planted = {
        "lost-bookings": replace(quiet, truth=replace(quiet.truth, torn=1)),
        "overbooking": replace(quiet, grew={"overbooked_slots": 1}),
        "server-gone": replace(quiet, sample=None, sample_trouble="refused"),
        "success-rate": replace(quiet, outcomes=picture(0, filled=50, contention=50).outcomes),
        "hold-conflicts": replace(quiet, conflicts=replace(quiet.conflicts, total=101)),
        "attempt-errors": replace(quiet, outcomes=picture(0, filled=100, fault=6).outcomes),
        "confirm-errors": replace(quiet, steps=tuple(replace(one, count=180, refused=20) for one in picture(0).steps)),
        "blocked": replace(quiet, sample=replace(sample, waits=(waiting,), stale_holds=())),
        "stale-holds": replace(quiet, sample=replace(sample, stale_holds=sample.stale_holds[:1] * 26)),
        "untold": replace(quiet, alerts=AlertsFace(webhook=SendingFace(dropped=6))),
        "retries-exhausted": replace(quiet, retries_exhausted=1),
        "unknown": replace(quiet, outcomes=(replace(stills.full().outcomes[0], kind=Kind.UNKNOWN, count=1),)),
        "deadlocks": replace(quiet, sample=replace(sample, deadlocks=1, stale_holds=())),
        "backlog": replace(quiet, paths=replace(quiet.paths, backlog=51)),
        "slow-hold": replace(quiet, steps=(replace(hold, step=Step.HOLD, p95_ns=501_000_000, refused=0),)),
        "slow-confirm": replace(quiet, steps=(replace(hold, p95_ns=501_000_000, refused=0),)),
        "connections": replace(quiet, sample=replace(sample, connections=sample.max_connections, stale_holds=())),
        "loop-late": replace(quiet, run=replace(quiet.run, lag_p99_ns=26_000_000)),
    }
    names = {one.name for one in rules_of(Settings())}
    # The same conflicts every minute for two of them: one picture cannot tell it.
    assert set(planted) == names - {"conflict-storm"}
    for name, still in planted.items():
        calm, alerts = Alerts(rules_of(Settings())), Alerts(rules_of(Settings()))
        for at in range(0, 700, 10):
            for fold, one in ((calm, quiet), (alerts, still)):
                look = one.sample and replace(one.sample, at_ns=at * S)
                fold.take(replace(one, sample=look, run=replace(one.run, elapsed_ns=at * S)))
        assert not calm.alerts()
        assert name in {one.rule for one in alerts.alerts()}, name


def test_a_storm_is_raised_when_every_minute_of_two_has_its_conflicts() -> None:
    storm = rules(**{"conflict-storm": AlertSettings(on=True)})
    # From the twentieth attempt on there is enough to judge by.
    assert words(Alerts(storm), [picture(at, conflicts=3 * at, filled=at) for at in range(200)]) == ["raised 140"]


def test_a_run_whose_attempts_fight_as_attempts_do_raises_nothing_however_many_they_are() -> None:
    """A run at 6/s has its tenth conflict within a quarter of a minute: a count says only how long it has gone on."""
    calm = Alerts(rules_of(Settings()))
    pictures = [picture(at, conflicts=2 * at, filled=6 * at) for at in range(300)]
    quiet = [replace(one, steps=tuple(replace(step, refused=0) for step in one.steps)) for one in pictures]
    assert words(calm, quiet) == []


def test_the_beginning_of_a_run_is_no_trouble() -> None:
    """Lag is told of ten seconds, so that a late start shows for ten; of three holds the slowest is the 95th."""
    calm = Alerts(rules_of(Settings()))
    slow = replace(picture(0).steps[0], step=Step.HOLD, count=3, refused=0, p95_ns=900_000_000)
    begun = [replace(picture(at, filled=3), steps=(slow,)) for at in range(60)]
    late = [replace(one, run=replace(one.run, lag_p99_ns=(at < 15) * 80_000_000)) for at, one in enumerate(begun)]
    assert words(calm, late) == []
    still = [replace(one.run, elapsed_ns=one.run.elapsed_ns + 60 * S, lag_p99_ns=80_000_000) for one in begun]
    assert words(calm, [replace(begun[0], run=run) for run in still]) == ["raised 80"]


def test_an_acknowledgement_names_who_and_a_later_alert_is_a_new_one() -> None:
    alerts = Alerts(rule("lost_bookings > 0"))
    words(alerts, [picture(1, lost=1)])
    assert alerts.acknowledge(2 * S, "ada@tty1") == ("it",)
    assert alerts.acknowledge(3 * S, "bob@tty2") == ()
    words(alerts, [picture(4, lost=3), picture(5), picture(6, lost=1)])
    first, second = alerts.alerts()
    assert (first.acknowledged_by, first.acknowledged_ns, first.worst) == ("ada@tty1", 2 * S, 3.0)
    assert second.acknowledged_ns is None
    assert AlertsFace(alerts=(first, second)).unacknowledged == 1


def test_an_alert_that_is_not_over_stays_in_sight_however_many_come_and_go_after_it() -> None:
    alerts = Alerts((*rule("lost_bookings > 0"), *rules(flaps=AlertSettings(when="backlog > 0", clear_s=0.0))))
    for at in range(2 * KEPT + 10):
        one = picture(at, lost=1 + (at > KEPT))
        alerts.take(replace(one, paths=replace(one.paths, backlog=at % 2)))
    (still,) = (one for one in alerts.alerts() if one.rule == "it")
    assert still.is_open
    assert still.worst == 2
    assert len(alerts.alerts()) == KEPT
    assert [one.raised_ns for one in alerts.alerts()] == sorted(one.raised_ns for one in alerts.alerts())
    assert alerts.acknowledge(1, "me") == ("it", "flaps")


def test_an_alert_of_a_later_repeat_says_which_one_it_was() -> None:
    alerts = Alerts(rule("lost_bookings > 0"))
    legs = [
        LegFace(
            leg,
            leg + 1,
            1,
            4,
            *(0, 0, 0, 0),
            is_over=False,
            persisted=None,
            pending=None,
            swept_holds=None,
            cleared_zone_locks=None,
            restaurants=(),
        )
        for leg in (0, 1)
    ]
    story = [replace(picture(at, lost=lost), legs=(legs[at > 2],)) for at, lost in enumerate((0, 1, 0, 0, 1))]
    raised = [event for one in story for event in alerts.take(one) if isinstance(event, AlertRaised)]
    assert [event.ids.leg for event in raised] == [0, 1]
    assert [line_of(one) for one in alerts.alerts()] == [
        "alert it (warning) at 00:01.0: 1 where lost_bookings > 0; resolved at 00:02.0",
        "alert it (warning) at 00:04.0 in repeat 2: 1 where lost_bookings > 0; not resolved",
    ]


def test_an_alert_is_told_in_one_line() -> None:
    one = AlertFace("hold-conflicts", Severity.WARNING, "hold_conflicts > 10 in 5 min", 72 * S, 72 * S, 11, 31, 80 * S)
    assert line_of(one) == (
        "alert hold-conflicts (warning) at 01:12.0: 11 where hold_conflicts > 10 in 5 min; worst 31; "
        "resolved at 01:20.0"
    )
    assert moment(3_725_340_000_000) == "62:05.3"


_STEP = st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from([0, 0, 1]), st.floats(0.3, 5.0))


def _story(steps: Sequence[tuple[int, int, int, float]]) -> list[RunSnapshot]:
    at, filled, conflicts, pictures = 0.0, 0, 0, []
    for more, clashes, lost, after in steps:
        at, filled, conflicts = at + after, filled + more, conflicts + clashes
        pictures.append(picture(at, conflicts=conflicts, lost=lost, filled=filled, contention=conflicts))
    return pictures


_RULES = rules(
    lost=AlertSettings(when="lost_bookings > 0", for_s=1.0, clear_s=1.0),
    clash=AlertSettings(when="hold_conflicts > 3", window_s=6.0, clear_s=2.0),
    rate=AlertSettings(when="success_rate < 0.5", window_s=8.0, least=3),
)


@settings(max_examples=60)
@given(st.lists(_STEP, max_size=40))
def test_raised_and_resolved_take_turns_and_all_are_counted(steps: list[tuple[int, int, int, float]]) -> None:
    alerts = Alerts(_RULES)
    events = [event for one in _story(steps) for event in alerts.take(one)]
    for name in alerts.names:
        kinds = [type(event) for event in events if event.rule == name]
        assert kinds == [AlertRaised, AlertResolved] * (len(kinds) // 2) + [AlertRaised] * (len(kinds) % 2)
        standing = next(one for one in alerts.rules() if one.rule == name)
        assert standing.raised == kinds.count(AlertRaised)
    assert alerts.raised == sum(isinstance(event, AlertRaised) for event in events)
    assert len(alerts.alerts()) == min(KEPT, alerts.raised)
    assert all(one.since_ns <= one.raised_ns for one in alerts.alerts())


@settings(max_examples=15)
@given(st.lists(_STEP, min_size=80, max_size=100))
def test_the_fold_agrees_with_one_that_keeps_every_look(steps: list[tuple[int, int, int, float]]) -> None:
    """Letting go of old looks changes no window: a rule asked anew of all of them says the same."""
    pictures = _story(steps)
    alerts = Alerts(_RULES)
    for number, one in enumerate(pictures):
        alerts.take(one)
        looks = [BEGIN, *(look_of(each) for each in pictures[: number + 1])]
        for standing, made in zip(alerts.rules(), _RULES, strict=True):
            end_ns = looks[-1].at_ns - round(made.window_s * S)
            within = [look for look in looks[1:] if look.at_ns > end_ns]
            first = len(looks) - len(within)
            span = Span(looks[first - 1], looks[-1], looks, first, made.step)
            value, counts = VALUES[made.value].of(span), VALUES[made.value].counts
            if counts is not None and counts(span) < made.least:
                value = None
            assert standing.value == value


def test_a_recorded_run_gives_what_it_gave_live(tmp_path: Path) -> None:
    pictures = _story([(1, 2, int(number % 7 in (3, 4)), 1.0) for number in range(90)])
    live, recording = Alerts(_RULES), Recording(tmp_path, "7f3a91c2")
    for one in pictures:
        live.take(one)
        recording.write(one)
    recording.close()
    again = Alerts(_RULES)
    for one in read(tmp_path):
        again.take(one)
    assert live.alerts() == again.alerts()
    assert live.raised > 3
