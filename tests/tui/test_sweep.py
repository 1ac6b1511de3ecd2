"""The sweep while it goes on: its round, what each level came to with the spread of its repeats, and what is left."""

import random
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from engine.judge.sweep import plan_detects
from engine.model.round import RoundKind
from engine.model.snapshot import LegFace, RunSnapshot
from engine.schedule import schedule
from tests.tui import stills
from tests.tui.fake_door import FakeDoor
from tui.app import SlotfillApp
from tui.lines import Area
from tui.panel import paint
from tui.panels.sweep import SweepPanel, is_sweep
from tui.view import View

LEVELS = (1, 2, 3, 4, 6, 8, 12, 15)
MS, S = 1_000_000, 1_000_000_000
Compare = Callable[..., bool]


def legs(rounds: int) -> tuple[LegFace, ...]:
    """So many rounds of a sweep that saturates near six workers; the last of them goes on."""
    draws = random.Random(5)
    plain = stills.assigning().legs[0]
    found = []
    for terms in schedule(LEVELS, 3, 5)[:rounds]:
        n = terms.concurrency
        rate = 40 * n / (1 + 0.15 * (n - 1)) * draws.uniform(0.9, 1.1)
        over = terms.number < rounds
        found.append(
            msgspec.structs.replace(
                plain,
                leg=terms.number,
                repeat=terms.number,
                number=1,
                concurrency=n,
                round=terms,
                is_over=over,
                fills_per_s=rate,
                p95_ns=round(n / rate * 1e9 * 1.6) if over else None,
                attempts=107,
                filled=101,
            )
        )
    return tuple(found)


def sweeping(rounds: int = 18, **face: Any) -> RunSnapshot:
    still = stills.full()
    run = msgspec.structs.replace(
        still.run, plan="fill", left_ns=95 * S, says=plan_detects(107, 3), concurrency=15, **face
    )
    return msgspec.structs.replace(still, run=run, legs=legs(rounds) if rounds else ())


def text(snapshot: RunSnapshot, width: int = 120, height: int = 16) -> str:
    lines = paint(SweepPanel, snapshot, Area(width, height), View())
    return "\n".join(one.text for one in lines)


@pytest.mark.parametrize("size", [(80, 24), (160, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_screen_of_a_sweep(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def show(pilot: Pilot[str]) -> None:
        await pilot.pause()

    app = SlotfillApp(FakeDoor(sweeping()), who="ana@jump1", refresh_s=3600.0)
    assert snap_compare(app, run_before=show, terminal_size=size)


def test_a_row_has_the_mean_of_a_level_and_the_spread_of_its_repeats_and_the_level_in_hand_is_marked() -> None:
    drawn = text(sweeping())
    snapshot = sweeping()
    eights = [leg for leg in snapshot.legs if leg.concurrency == 8 and leg.is_over and leg.round is not None]
    rates = [leg.fills_per_s or 0 for leg in eights if leg.round and leg.round.kind is RoundKind.COUNTED]
    row = next(one for one in drawn.splitlines() if one.split()[:1] == ["8"])
    assert f"{sum(rates) / len(rates):.1f}" in row
    if len(rates) > 1:
        assert f"{min(rates):.1f} to {max(rates):.1f}" in row
    last = snapshot.legs[-1]
    assert f"round 18 of {len(schedule(LEVELS, 3, 5))}, {last.round.label if last.round else ''}, 01:35 left" in drawn
    assert any(one.startswith("> ") and one.split()[1] == str(last.concurrency) for one in drawn.splitlines())
    assert "7 rounds of 25" in drawn
    assert "this plan can detect" in drawn


def test_a_round_that_began_from_another_state_is_in_no_row_and_says_so() -> None:
    snapshot = sweeping(3)
    two = snapshot.legs[1]
    assert two.round is not None
    spoilt = msgspec.structs.replace(
        two, fills_per_s=9999.0, round=msgspec.structs.replace(two.round, differs="fingerprints differ: 2 bookings")
    )
    drawn = text(msgspec.structs.replace(snapshot, legs=(snapshot.legs[0], spoilt)))
    assert "9999" not in drawn
    assert "does not count: fingerprints differ" in drawn


def test_warm_up_is_in_no_row_and_a_run_that_is_no_sweep_says_what_makes_one() -> None:
    assert "warm-up, 15 workers" in text(sweeping(1))
    assert not [one for one in text(sweeping(1)).splitlines() if one.split()[:1] == ["15"]]
    assert "slotfill sweep runs a plan at several concurrencies" in text(stills.full())
    assert is_sweep(sweeping(0))
    assert not is_sweep(stills.full())


@pytest.mark.parametrize(("width", "height"), [(60, 5), (80, 12), (100, 20), (160, 30), (250, 14)])
def test_every_line_fits_whatever_the_size_and_ascii_is_ascii(width: int, height: int) -> None:
    for rounds in (0, 1, 9, 25):
        painted = paint(SweepPanel, sweeping(rounds), Area(width, height), View())
        assert len(painted) <= height
        assert all(len(one.text) <= width for one in painted)
        assert all(one.text.isascii() for one in SweepPanel.draw(sweeping(rounds), Area(width, height), View()))
