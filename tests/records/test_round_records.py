"""Rounds in the records: a journal read from a place on, and raw samples shared out by the rounds that took them."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from engine.model.event import Acted
from engine.model.ids import Ids, RunId
from engine.model.step import Step
from engine.records.journal import Journal, read
from engine.records.samples import Samples, read_rounds
from engine.records.samples import read as read_samples
from tests.clocks import StillClock

RUN = RunId("0a1b2c3d")


def said(number: int) -> Acted:
    return Acted(number, Ids(run=RUN), "mark", "test", f"number {number} " + "x" * 40)


async def test_reading_from_a_place_gives_what_was_written_after_it_over_every_segment(tmp_path: Path) -> None:
    journal = Journal(tmp_path, RUN, StillClock(), segment_bytes=600)
    places = []
    for number in range(30):
        places.append(journal.place)
        journal.write(said(number))
        if number % 7 == 0:
            await journal.sync()
    last = journal.place
    journal.close()
    assert len(list(tmp_path.glob("journal.*"))) > 4
    for number, place in enumerate(places):
        assert [event.at_ns for event in read(tmp_path, place)] == list(range(number, 30))
    assert list(read(tmp_path, last)) == []


@given(
    st.lists(st.lists(st.tuples(st.sampled_from([Step.HOLD, Step.TOTAL]), st.integers(1, 9)), max_size=6), max_size=6)
)
def test_each_round_has_its_own_samples_and_together_they_are_all(rounds: list[list[tuple[Step, int]]]) -> None:
    import tempfile  # noqa: PLC0415 - a folder for each example

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        samples = Samples(folder)
        for number, taken in enumerate(rounds, start=1):
            samples.begin_round(number)
            for place, (step, took_ns) in enumerate(taken):
                samples.record(step, took_ns)
                if place == 2:
                    samples.flush()
        samples.flush()
        found = read_rounds(folder, read_samples(folder))
    for number, taken in enumerate(rounds, start=1):
        for step in (Step.HOLD, Step.TOTAL):
            assert list(found[number].get(step.value, ())) == [took for one, took in taken if one is step]
