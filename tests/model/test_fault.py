"""What a fault is asked for by, and what is told about it."""

import json
from argparse import Namespace

import msgspec
import pytest

from engine.model.fault import FAULTS, Takes, Where, parse, rules_of, session_of, written
from engine.model.outcome import OUTCOMES
from engine.model.strategy import Rules
from tui.verbs.faults import main


def test_every_fault_says_where_it_shows_in_words_that_there_are() -> None:
    assert len(FAULTS) == 17
    for name, fault in FAULTS.items():
        assert fault.name == name
        assert fault.shows, name
        assert bool(fault.value) is bool(fault.default) is (fault.takes is not Takes.NOTHING)
        assert set(fault.rules) <= set(Rules.__struct_fields__)
        for shown in fault.shows:
            if shown.where in (Where.OUTCOME, Where.REFUSAL):
                assert shown.what in OUTCOMES
            assert (shown.step is not None) is (shown.where is Where.REFUSAL)


def test_a_fault_is_asked_for_by_name_and_value() -> None:
    assert parse("late-undo") == (FAULTS["late-undo"], "50")
    assert parse("ledger-replay=0.50") == (FAULTS["ledger-replay"], "0.5")
    assert parse(" slow-step = 50 ") == (FAULTS["slow-step"], "confirm:50")
    assert parse("slow-step=commit:7") == (FAULTS["slow-step"], "commit:7")
    assert parse("deferred-overlap=15")[1] == "15"
    for fault in FAULTS.values():
        assert parse(written(fault, fault.default)) == (fault, fault.default)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ledger-repaly", "no fault is called 'ledger-repaly'; did you mean ledger-replay?"),
        ("gremlin", "no fault is called 'gremlin'; slotfill faults lists them"),
        (
            "ledger-replay=0",
            "ledger-replay=0: give the share of the bookings it meets, above 0 and up to 1; default 0.3",
        ),
        ("ledger-replay=nan", "ledger-replay=nan: give the share"),
        ("ledger-replay=most", "ledger-replay=most: give the share"),
        ("empty-adjacency=1", "empty-adjacency takes no value; give empty-adjacency alone"),
        ("deferred-overlap=0", "deferred-overlap=0: give minutes of rest"),
        ("late-undo=1e3", "late-undo=1e3: give milliseconds"),
        ("slow-step=quote:5", r"slow-step=quote:5: give the step as \[submit"),
        ("slow-step=hold:", "slow-step=hold:: give .submit"),
    ],
)
def test_what_cannot_be_asked_for_is_told_in_one_sentence(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse(text)


def test_session_settings_and_rules_of_several_faults_add_up() -> None:
    faults = [FAULTS["session-time-zone"], FAULTS["empty-adjacency"], FAULTS["one-way-adjacency"]]
    assert session_of(faults) == {"TimeZone": "America/New_York"}
    assert rules_of(faults, Rules(fails_hard=True)) == Rules(drops_lone_tables=True, directed=True, fails_hard=True)
    assert rules_of([], Rules()) == Rules()


def test_the_list_names_every_fault_and_where_it_shows(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(Namespace(json=True)) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in told] == list(FAULTS)
    assert all(one["shows"] for one in told)
    assert msgspec.convert(told[0]["shows"][0], dict[str, str])["where"] == "refusal"
    assert main(Namespace(json=False)) == 0
    lines = capsys.readouterr().out
    for fault in FAULTS.values():
        assert fault.symptom in lines
    assert "confirm refused: hold_conflict (22023)" in lines
