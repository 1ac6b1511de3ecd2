"""What a run is made of, put together before it begins."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

import msgspec

from engine.backends import Backends
from engine.clock import Clock
from engine.config import Settings
from engine.fault_switch import FaultSwitch
from engine.fill.desk import Desk, Holders, Log, Windows
from engine.fill.limits import Limits
from engine.fill.task import Task
from engine.hook import Sender
from engine.mending import Bench
from engine.metrics.told import Telling
from engine.model.strategy import Strategy
from engine.model.waits import Waits
from engine.observability import EventTable
from engine.observe.waits import Terms, WaitSampler, Watched
from engine.plan import Plan
from engine.portrait import RunFacts
from engine.records.journal import Journal
from engine.records.recording import Recording
from engine.records.samples import Samples
from engine.redact import mask
from engine.settlement import Connect
from engine.target import Capability, Target

NS = 1_000_000_000


class RunParts(msgspec.Struct, frozen=True):
    """What a run is made of."""

    facts: RunFacts
    settings: Settings
    plan: Plan
    ladder: tuple[Strategy, ...]
    target: Target
    connect: Connect
    faults: FaultSwitch | None
    limits: Limits | None
    """What a remote target may be asked for; None for a local one."""
    clock: Clock
    folder: Path
    journal: Journal
    recording: Recording
    samples: Samples
    backends: Backends
    sweeps: bool = False
    """The plan is run at several concurrencies, which nobody changes meanwhile."""
    webhook: Sender | None = None
    """Where alerts are sent; None for nowhere."""
    grew: Callable[[], dict[str, int] | None] = lambda: None
    """Integrity checks that found more rows after than before; None where nobody checks."""

    def desk(self, log: Log, settings: Callable[[], Settings]) -> Desk:
        """What every attempt works with; how often it is tried again is asked for each time."""
        api = self.settings.api
        zones = {zone.id: zone.name for floor in self.target.floors.values() for zone in floor.zones}
        windows = Windows(
            round(api.inline_window_s * NS), round(api.background_window_s * NS), round(api.poll_interval_s * NS)
        )
        return Desk(self.clock, log, Holders(), zones, lambda: settings().run.retries, windows)

    def task(self, between: Callable[[], Awaitable[None]]) -> Task:
        """What its crew has to do."""
        gathers = self.facts.plan == "burst" or self.sweeps
        return Task(self.plan, self.ladder, self.settings.run.concurrency, gathers, self.limits, between)

    def bench(self, settings: Callable[[], Settings]) -> Bench:
        """What repairs of its database need; its settings are asked for each time."""
        return Bench(self.connect, self.target, self.clock, self.folder, settings)

    def wait_sampler(self, watched: Watched, heard: Callable[[Waits], None]) -> WaitSampler:
        """Looks at what its backends wait for; never where the server cannot be looked at."""
        observe = self.settings.observe
        hz = observe.waits_hz if Capability.SAMPLE in self.target.capabilities else 0.0
        return WaitSampler(
            lambda: self.connect(f"slotfill {self.facts.run_id} sampler of waits"),
            self.clock,
            watched,
            Terms(self.facts.run_id, hz, observe.timeout_s),
            heard,
            mask,
        )

    def event_table(self) -> EventTable | None:
        """The platform's own table of events; None where it is not ours to write to, or nobody wants it."""
        able = self.target.capabilities
        ours = self.limits is None and (self.faults is not None or Capability.STEPS in able)
        if not self.settings.observability.events or not ours or Capability.SAMPLE not in able:
            return None
        restaurants = {slug: floor.restaurant_id for slug, floor in self.target.floors.items()}
        return EventTable(
            Telling(datetime.fromisoformat(self.facts.started_at), restaurants),
            lambda: self.connect(f"slotfill {self.facts.run_id} events"),
            self.settings.observability.events_queue,
        )
