"""What the rounds of a sweep come to."""

from engine.metrics.rounds import Ran, Span
from engine.model.ids import WorkerId
from engine.model.round import Round, RoundKind

MS = 1_000_000


def test_no_more_attempts_were_in_flight_than_workers_made_them() -> None:
    ran = Ran(Round(1, 1, RoundKind.COUNTED, 1))
    # An attempt of a booking that waits is planned before anything is sent.
    ran.first_send_ns = 40 * MS
    ran.spans = [Span(WorkerId(0), 0, 100 * MS, filled=True), Span(WorkerId(0), 100 * MS, 160 * MS, filled=False)]
    assert ran.effective_concurrency == 1


def test_an_attempt_that_found_no_table_before_anything_was_sent_takes_nothing_from_the_others() -> None:
    ran = Ran(Round(1, 1, RoundKind.COUNTED, 1))
    ran.first_send_ns = 40 * MS
    ran.spans = [Span(WorkerId(0), 0, 20 * MS, filled=False), Span(WorkerId(0), 30 * MS, 100 * MS, filled=True)]
    assert ran.effective_concurrency == 1
