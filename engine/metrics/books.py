"""The books of a run: what its events were counted into, and every figure of a snapshot that comes from them."""

from collections.abc import Iterable, Mapping

from engine.metrics.conflicts import Conflicts, ZoneLocks
from engine.metrics.cures import cures, forecast
from engine.metrics.event_lines import EventLines
from engine.metrics.figures import Figures, RunCounts
from engine.metrics.hands import Hands
from engine.metrics.histogram import Histogram
from engine.metrics.legs import Legs
from engine.metrics.map import Map
from engine.metrics.outcomes import Outcomes
from engine.metrics.paths import Paths
from engine.metrics.ranking import Ranking
from engine.metrics.refusals import Refusals
from engine.metrics.slots import Slots
from engine.metrics.steps import Steps
from engine.metrics.truth import Truth
from engine.model.ids import AttemptId, WorkerId
from engine.model.map_face import MapFace
from engine.model.paths_face import PathFigures, PathsFace
from engine.model.ranking_face import RankingFace
from engine.model.run_state import RunState
from engine.model.sample import Sample
from engine.model.snapshot import (
    ConflictsFace,
    EventLine,
    LegFace,
    OutcomeFigures,
    RefusalFigures,
    SlotFace,
    StepFigures,
    ZoneLockFace,
)
from engine.model.step import Step
from engine.model.truth_face import TruthFace
from engine.model.waits import Waits


class Books:
    """What was counted, and the figures it gives. Who enters events is `Tally`; reading changes nothing."""

    def __init__(self) -> None:
        self._at_ns = 0
        self._state = RunState.STARTING
        self._reason = ""
        self._concurrency = 0
        self._slots = Slots()
        self._hands = Hands()
        self._steps = Steps()
        self._outcomes = Outcomes()
        self._legs = Legs()
        self._refusals = Refusals()
        self._conflicts = Conflicts()
        self._zone_locks = ZoneLocks()
        self._map = Map()
        self._ranking = Ranking()
        self._paths = Paths()
        self._truth = Truth(self._slots.name)
        self._lines = EventLines(self._slots.name)
        self._waits: dict[int, Waits] = {}
        self._present: set[WorkerId] = set()
        self._seat_waste = 0
        self._tables = 0
        self._last_answer_ns: int | None = None
        self._late_ns = 0

    def truth(self) -> TruthFace:
        """The ledger so far, as readings during the run have it."""
        return self._truth.face()

    def waits(self) -> tuple[Waits, ...]:
        """What our backends waited for, leg by leg."""
        return tuple(self._waits.values())

    @property
    def attempts(self) -> int:
        """Attempts that ended."""
        return self._outcomes.attempts

    @property
    def most_attempts(self) -> int:
        """Attempts that all turns planned so far allow together."""
        return self._slots.most_attempts

    @property
    def at_ns(self) -> int:
        """The last event's moment."""
        return self._at_ns

    def counts(self, now_ns: int) -> RunCounts:
        """Counts of the whole run."""
        return RunCounts(
            state=self._state,
            reason=self._reason,
            concurrency=self._concurrency,
            turns=len(self._slots),
            turns_ended=self._slots.ended,
            most_attempts=self._slots.most_attempts,
            attempts=self._outcomes.attempts,
            filled=self._outcomes.filled,
            in_flight=self._hands.in_flight,
            certainties=self._outcomes.certainties,
            seat_waste=self._seat_waste,
            tables=self._tables,
            first_send_ns=self._hands.first_send_ns,
            last_answer_ns=self._last_answer_ns,
            late_ns=self._late_ns,
            effective_concurrency=self._hands.effective_concurrency(
                self._last_answer_ns if self._state.is_over and self._last_answer_ns is not None else now_ns
            ),
        )

    def steps(self, now_ns: int) -> tuple[StepFigures, ...]:
        """Each step that was seen; percentiles of those that succeeded, over the whole run."""
        return self._steps.figures(now_ns)

    def histograms(self) -> dict[Step, Histogram]:
        """Lengths of each step's successes over the whole run: to be read at once, not kept."""
        return self._steps.histograms()

    def outcomes(self, now_ns: int) -> tuple[OutcomeFigures, ...]:
        """Each outcome that was seen, in the order of `Outcome`; words that it does not know last."""
        return self._outcomes.figures(now_ns)

    def refusals(self) -> tuple[RefusalFigures, ...]:
        """Refusals by step and proof, most first."""
        return self._refusals.figures()

    def retries(self) -> dict[str, tuple[int, int]]:
        """For each outcome that a retry may cure: refusals tried again, and attempts that still ended by it."""
        return self._refusals.retries()

    def fills(self, now_ns: int) -> tuple[int, ...]:
        """Filled in each second."""
        return self._outcomes.fills(now_ns)

    def slots(self) -> tuple[SlotFace, ...]:
        """Every turn, in the order they were planned."""
        return self._slots.faces()

    def slots_around(self) -> tuple[SlotFace, ...]:
        """The turns around the first that has not ended, as many as a picture holds."""
        return self._slots.around()

    def conflicts(self, now_ns: int) -> ConflictsFace:
        """Hold conflicts, each try counted."""
        return self._conflicts.face(now_ns)

    def zone_locks(self) -> tuple[ZoneLockFace, ...]:
        """The last zone-lock failures, newest first."""
        return self._zone_locks.faces()

    def map(self, sample: Sample | None, now_ns: int | None = None) -> MapFace:
        """The tables over the evening, with what the last look at the server saw left behind.

        With a moment given, that of a run that goes on: of a large floor it may be a second old.
        """
        stale = sample.stale_holds if sample is not None else ()
        return self._map.face(stale) if now_ns is None or self._state.is_over else self._map.face_at(now_ns, stale)

    def ranking(
        self, now_ns: int, sample: Sample | None, settings: Mapping[str, str], slots: Iterable[SlotFace]
    ) -> RankingFace:
        """What is fought for most, and what would clear it; `slots` are the turns in hand, in order."""
        cured = cures(self._ranking, sample, settings, now_ns)
        return self._ranking.face(now_ns, cured, forecast(slots, sample))

    @property
    def zone_lock_total(self) -> int:
        """Zone-lock failures of the run, each try counted."""
        return self._zone_locks.total

    def events(self) -> tuple[EventLine, ...]:
        """The last lines, newest last."""
        return self._lines.lines()

    def shares(self) -> dict[tuple[int, str], dict[str, int]]:
        """Outcomes by leg and restaurant; the restaurant is empty for a turn that was not planned."""
        return self._outcomes.shares()

    def acknowledged(self) -> dict[tuple[int, str], int]:
        """Attempts of which the platform said success, by leg and restaurant."""
        return self._outcomes.acknowledged()

    def paths(self, now_ns: int) -> PathsFace:
        """Ways to the end, planner, seat waste and queue."""
        return self._paths.face(now_ns)

    def paths_of(self, restaurant: str) -> tuple[PathFigures, ...]:
        """The paths of one restaurant's attempts."""
        return self._paths.figures(restaurant)

    def all_legs(self) -> tuple[LegFace, ...]:
        """Every pass and repeat; `legs` has the last ones only."""
        return self._legs.faces(self._outcomes.shares(), self._outcomes.acknowledged(), most=None)

    def legs(self) -> tuple[LegFace, ...]:
        """Passes and repeats so far, each with its share of every restaurant."""
        return self._legs.faces(self._outcomes.shares(), self._outcomes.acknowledged())

    def unended(self) -> tuple[AttemptId, ...]:
        """Attempts that sent something and have no last word: in doubt once the run is over."""
        return self._hands.unended()

    def figures(self, now_ns: int | None = None) -> Figures:
        """Everything at one moment; at the last event's when none is given."""
        now = self._at_ns if now_ns is None else now_ns
        return Figures(
            at_ns=now,
            counts=self.counts(now),
            steps=self.steps(now),
            outcomes=self.outcomes(now),
            refusals=self.refusals(),
            fills=self.fills(now),
            slots=self.slots(),
            conflicts=self.conflicts(now),
            zone_locks=self.zone_locks(),
            zone_lock_total=self.zone_lock_total,
            events=self.events(),
            legs=self.legs(),
            paths=self.paths(now),
        )
