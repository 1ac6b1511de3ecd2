"""Who waits for its moment is not woken for what does not concern it: else an attempt costs more the more workers."""

import pytest

from tests.fill.crews import Rehearsal, rehearse

SLOTS = 40


def counted(rehearsal: Rehearsal) -> list[int]:
    """Every claim that is made on the schedule, in a list that fills as the crew works."""
    claims: list[int] = []
    claim = rehearsal.crew.pace.claim

    def count(now_ns: int) -> tuple[int, tuple[int, int]]:
        claims.append(now_ns)
        return claim(now_ns)

    rehearsal.crew.pace.claim = count  # type: ignore[method-assign]
    return claims


@pytest.mark.parametrize("workers", [2, 24])
async def test_on_a_schedule_nobody_claims_again_as_often_as_others_end_their_turns(workers: int) -> None:
    rehearsal = rehearse(concurrency=workers, slots=12, stress_max=4, rate=20.0)
    claims = counted(rehearsal)
    await rehearsal.play()
    attempts = len(rehearsal.ended)
    assert attempts > 20
    # One claim an attempt, one for each turn that had ended when its worker looked, and one more when all is over.
    assert len(claims) <= attempts + 12 + 2 * workers


async def test_the_last_turn_s_end_wakes_those_whose_moment_is_far_away() -> None:
    rehearsal = rehearse(concurrency=6, slots=1, stress_max=2, rate=0.1, share_slots=True)
    await rehearsal.play()
    assert len(rehearsal.ended) == 2

    assert rehearsal.clock.now_ns() < 30_000_000_000, "of six claims two were used, the last of them after ten seconds"
