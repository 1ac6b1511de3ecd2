"""Found before a run's first quote: all of a usual house; of a large one what a moment allows, then the rest."""

from engine.allocator.planner import Planner
from engine.allocator.strategies import OPTIMAL
from engine.beginning import Preparing
from tests.allocator.floors import white_horse

HOUR_NS = 3_600_000_000_000


class Noting(Planner):
    """A planner that notes what it was told to prepare."""

    def __init__(self) -> None:
        super().__init__(white_horse())
        self.parties: list[int] = []

    def prepare(self, parties: object, strategy: object = OPTIMAL) -> None:
        assert isinstance(parties, tuple)
        self.parties += parties


def test_a_usual_house_is_prepared_whole_before_its_run_begins() -> None:
    planner = Noting()
    preparing = Preparing((planner, party, OPTIMAL) for party in (4, 2, 8))
    preparing.some(lambda: 0)
    assert planner.parties == [4, 2, 8]
    assert not preparing.left


def test_what_takes_too_long_is_left_for_the_rest_and_the_one_in_hand_is_not_cut() -> None:
    planner = Noting()
    preparing = Preparing((planner, party, OPTIMAL) for party in (4, 2, 8))
    preparing.some(lambda: HOUR_NS if planner.parties else 0)
    assert planner.parties == [4]
    assert preparing.left == 2
    preparing.rest()
    assert planner.parties == [4, 2, 8]


def test_a_run_that_is_over_waits_for_nothing_that_is_left() -> None:
    planner = Noting()
    preparing = Preparing((planner, party, OPTIMAL) for party in (4, 2, 8))
    preparing.stop()
    preparing.rest()
    assert planner.parties == []
    assert preparing.left == 3
