"""A run's counters as OpenMetrics text 1.0.0 (https://prometheus.io/docs/specs/om/open_metrics_spec/). Pure."""

from collections.abc import Iterator, Mapping

from engine.metrics.histogram import Histogram
from engine.model.run_state import RunState
from engine.model.sample import Sample
from engine.model.snapshot import RunSnapshot
from engine.model.step import Step

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper ends of the buckets: from the fastest step of the reference platform to its longest timeout."""
_BOUNDS_NS = tuple(round(bound * 1e9) for bound in BOUNDS_S)

Labels = Mapping[str, str]


class _Page:
    """Families in order, each with its head said once."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def family(self, name: str, kind: str, says: str, unit: str = "") -> None:
        """Begin a family; its name ends with its unit, as the format wants it."""
        self.lines.append(f"# TYPE {name} {kind}")
        if unit:
            self.lines.append(f"# UNIT {name} {unit}")
        self.lines.append(f"# HELP {name} {_escaped(says)}")

    def sample(self, name: str, value: float, labels: Labels | None = None) -> None:
        """One value."""
        inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in (labels or {}).items())
        self.lines.append(f"{name}{{{inside}}} {_number(value)}" if inside else f"{name} {_number(value)}")

    def counter(self, name: str, says: str, value: float) -> None:
        """A count without labels."""
        self.family(name, "counter", says)
        self.sample(f"{name}_total", value)

    def gauge(self, name: str, says: str, value: float, unit: str = "") -> None:
        """A level without labels."""
        self.family(name, "gauge", says, unit)
        self.sample(name, value)

    def text(self) -> str:
        """The whole page."""
        return "\n".join([*self.lines, "# EOF\n"])


def page(snapshot: RunSnapshot, histograms: Mapping[Step, Histogram]) -> str:
    """Everything a dashboard may draw of that moment."""
    made = _Page()
    run = snapshot.run
    made.family("slotfill_run", "info", "Which run this is.")
    about = {"run": run.run_id, "plan": run.plan, "target": run.target, "name": run.name}
    made.sample("slotfill_run_info", 1, about)
    made.family("slotfill_state", "stateset", "The run's state.")
    for state in RunState:
        made.sample("slotfill_state", state is run.state, {"slotfill_state": state.value})
    made.gauge("slotfill_elapsed_seconds", "Since the run began.", run.elapsed_ns / 1e9, "seconds")
    made.gauge("slotfill_workers", "Workers there are.", run.workers)
    made.gauge("slotfill_workers_wanted", "Workers wanted.", run.concurrency)
    made.gauge("slotfill_in_flight", "Attempts in flight.", run.in_flight)
    made.gauge("slotfill_effective_concurrency", "Mean number of attempts in flight.", run.effective_concurrency)
    made.gauge("slotfill_turns", "Turns of the pass in hand.", run.turns)
    made.gauge("slotfill_turns_ended", "Of them, those that have ended.", run.turns_ended)
    _attempts(made, snapshot)
    _steps(made, snapshot, histograms)
    _truth(made, snapshot)
    _engine(made, snapshot)
    if snapshot.sample is not None:
        _server(made, snapshot.sample)
    _alerts(made, snapshot)
    return made.text()


def _attempts(made: _Page, snapshot: RunSnapshot) -> None:
    made.family("slotfill_attempts", "counter", "Attempts that ended, by their last word.")
    for one in snapshot.outcomes:
        made.sample("slotfill_attempts_total", one.count, {"outcome": one.outcome, "kind": one.kind.value})
    made.family("slotfill_refusals", "counter", "Refusals on the way, overcome or not.")
    refusals: dict[tuple[str, str], int] = {}
    for told in snapshot.refusals:
        key = told.step.value, told.outcome
        refusals[key] = refusals.get(key, 0) + told.count
    for (step, outcome), count in refusals.items():
        made.sample("slotfill_refusals_total", count, {"step": step, "outcome": outcome})
    made.counter("slotfill_hold_conflicts", "Hold conflicts, each try counted.", snapshot.conflicts.total)
    made.counter("slotfill_zone_lock_failures", "Zone-lock failures, each try counted.", snapshot.zone_lock_total)
    if snapshot.retries_exhausted is not None:
        made.counter("slotfill_retries_exhausted", "Attempts that every retry failed.", snapshot.retries_exhausted)


def _steps(made: _Page, snapshot: RunSnapshot, histograms: Mapping[Step, Histogram]) -> None:
    name = "slotfill_step_seconds"
    made.family(name, "histogram", "Lengths of steps that succeeded; total is from due to end.", "seconds")
    for step, histogram in histograms.items():
        label = {"step": step.value}
        for bound, count in zip(BOUNDS_S, histogram.at_most(_BOUNDS_NS), strict=True):
            made.sample(f"{name}_bucket", count, label | {"le": _number(bound)})
        made.sample(f"{name}_bucket", histogram.count, label | {"le": "+Inf"})
        made.sample(f"{name}_count", histogram.count, label)
        made.sample(f"{name}_sum", histogram.total_ns() / 1e9, label)
    made.family("slotfill_steps_refused", "counter", "Steps that were refused.")
    for one in snapshot.steps:
        made.sample("slotfill_steps_refused_total", one.refused, {"step": one.step.value})


def _truth(made: _Page, snapshot: RunSnapshot) -> None:
    truth = snapshot.truth
    made.family("slotfill_bookings", "gauge", "Acknowledged bookings, as the last reading of the database had them.")
    entries = {"persisted": truth.persisted, "lost": truth.lost, "torn": truth.torn, "altered": truth.altered}
    for entry, count in entries.items():
        made.sample("slotfill_bookings", count, {"entry": entry})
    made.gauge("slotfill_bookings_acknowledged", "Bookings the platform said success of.", truth.acknowledged)
    made.gauge("slotfill_backlog", "Bookings submitted and not decided.", snapshot.paths.backlog)


def _engine(made: _Page, snapshot: RunSnapshot) -> None:
    run = snapshot.run
    made.family("slotfill_loop_lag_seconds", "gauge", "Lateness of the engine's own loop, last ten seconds.", "seconds")
    made.sample("slotfill_loop_lag_seconds", run.lag_p99_ns / 1e9, {"quantile": "0.99"})
    made.gauge("slotfill_schedule_late_seconds", "How late the last attempt began.", run.late_ns / 1e9, "seconds")
    made.family("slotfill_journal_bytes", "counter", "Written to the journal.", "bytes")
    made.sample("slotfill_journal_bytes_total", run.journal_bytes)
    made.gauge("slotfill_consoles", "Consoles that look.", run.consoles)


def _server(made: _Page, sample: Sample) -> None:
    # What a look could not see has no value: 0 would be one.
    if sample.shows("connections"):
        made.gauge("slotfill_server_connections", "Connections of the server.", sample.connections)
    made.gauge("slotfill_server_connections_most", "As many as it takes.", sample.max_connections)
    if sample.shows("stale holds"):
        made.gauge("slotfill_server_stale_holds", "Holds past their expiry.", sample.stale_count)
    made.counter("slotfill_server_deadlocks", "Deadlocks since the run began.", sample.deadlocks)


def _alerts(made: _Page, snapshot: RunSnapshot) -> None:
    face = snapshot.alerts
    made.family("slotfill_alert", "gauge", "1 for a rule that is raised and not resolved.")
    raised = {one.rule for one in face.open}
    for rule in face.rules:
        made.sample("slotfill_alert", rule.rule in raised, {"rule": rule.rule, "severity": rule.severity.value})
    made.family("slotfill_alerts_raised", "counter", "How often a rule was raised.")
    for rule in face.rules:
        made.sample("slotfill_alerts_raised_total", rule.raised, {"rule": rule.rule})
    for name, what, sending in (
        ("slotfill_webhook_messages", "Alerts for the webhook.", face.webhook),
        ("slotfill_platform_events", "Events for the platform's own table.", face.platform),
    ):
        if sending is None:
            continue
        made.family(name, "counter", what)
        made.sample(f"{name}_total", sending.sent, {"result": "sent"})
        made.sample(f"{name}_total", sending.dropped, {"result": "dropped"})
        made.gauge(f"{name}_waiting", f"{what} Not sent yet.", sending.queued)


def families(text: str) -> Iterator[str]:
    """The names of a page's families, in their order."""
    yield from (line.split(" ")[2] for line in text.splitlines() if line.startswith("# TYPE "))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return repr(value)
