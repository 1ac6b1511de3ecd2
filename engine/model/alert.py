"""Alerts: rules, what they raised, and how far word of it went."""

from enum import StrEnum

import msgspec


class Severity(StrEnum):
    """How bad it is; the platform's event table knows the same four words."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for the mildest."""
        return list(Severity).index(self)


class AlertRule(msgspec.Struct, frozen=True):
    """One rule: a value, a bound, for how long, and how bad that is."""

    name: str
    value: str
    """A name of `engine.metrics.alert_values.VALUES`."""
    step: str
    """The step whose value it is; empty for a value that is no step's."""
    sign: str
    """How the value stands to the bound when something is wrong: `<`, `<=`, `>` or `>=`."""
    bound: float
    window_s: float
    for_s: float
    clear_s: float
    least: int
    """Attempts in the window below which a share says nothing."""
    severity: Severity

    @property
    def says(self) -> str:
        """The rule as it is written: `success_rate < 0.9`."""
        return f"{self.measured} {self.sign} {self.bound:g}"

    @property
    def measured(self) -> str:
        """The value with its step: `p95_ms.confirm`."""
        return f"{self.value}.{self.step}" if self.step else self.value

    @property
    def is_above(self) -> bool:
        """Whether too much is wrong, and not too little."""
        return self.sign.startswith(">")

    def is_past(self, value: float) -> bool:
        """Whether something is wrong."""
        if value == self.bound:
            return self.sign.endswith("=")
        return (value > self.bound) is self.is_above


class AlertFace(msgspec.Struct, frozen=True):
    """One alert, raised and perhaps over."""

    rule: str
    severity: Severity
    says: str
    """The rule as it is written, with its window."""
    raised_ns: int
    since_ns: int
    """When the value went past its bound: before it was raised by as long as the rule waits."""
    value: float
    """When it was raised."""
    worst: float
    """The value furthest past the bound since."""
    resolved_ns: int | None = None
    acknowledged_ns: int | None = None
    acknowledged_by: str = ""
    repeat: int = 1
    """Of the plan, in which it was raised."""

    @property
    def where(self) -> str:
        """` in repeat 2`; empty in the first, which most runs have alone."""
        return f" in repeat {self.repeat}" if self.repeat > 1 else ""

    @property
    def is_open(self) -> bool:
        """Whether it is not resolved."""
        return self.resolved_ns is None


class SendingFace(msgspec.Struct, frozen=True):
    """How word gets out: of a queue that is bounded, and whose losses are counted."""

    sent: int = 0
    queued: int = 0
    dropped: int = 0
    """Given up, or never taken for want of room."""
    tried_again: int = 0
    trouble: str = ""
    """Why the last try failed; empty when it did not."""


class RuleFace(msgspec.Struct, frozen=True, array_like=True):
    """One rule as it stands."""

    rule: str
    severity: Severity
    says: str
    value: float | None
    """As last measured; None where there is nothing to measure yet."""
    raised: int
    """How often it was raised."""
    pending_ns: int | None
    """Since when the value is past its bound, not long enough yet; None when it is not."""


class AlertsFace(msgspec.Struct, frozen=True):
    """Everything the console shows of alerts."""

    rules: tuple[RuleFace, ...] = ()
    alerts: tuple[AlertFace, ...] = ()
    """Oldest first, the last 60; those that are not resolved stay."""
    raised: int = 0
    """Of the whole run."""
    webhook: SendingFace | None = None
    """None where none is set."""
    platform: SendingFace | None = None
    """Events written to the platform's own table; None where none are."""

    @property
    def open(self) -> tuple[AlertFace, ...]:
        """Those not resolved, worst first."""
        return tuple(sorted((one for one in self.alerts if one.is_open), key=lambda one: -one.severity.rank))

    @property
    def unacknowledged(self) -> int:
        """Alerts that nobody has acknowledged, resolved or not."""
        return sum(one.acknowledged_ns is None for one in self.alerts)
