"""Alert rules folded over the pictures of a run: raised after a while, resolved after a while, counted.

Pure: no clock and no I/O. Fed with a recording it gives what it gave live.
"""

from bisect import bisect_right
from collections.abc import Sequence

import msgspec

from engine.metrics.alert_values import BEGIN, VALUES, Look, Span, look_of
from engine.model.alert import AlertFace, AlertRule, RuleFace
from engine.model.event import AlertRaised, AlertResolved
from engine.model.ids import Ids
from engine.model.snapshot import RunSnapshot

KEPT = 60
"""Alerts that are kept, those first that are not over; the journal has them all."""
_S = 1_000_000_000
_EVERY_NS = _S // 4
"""Looks nearer together than this replace one another: a picture asked for in between changes no window."""


class _Standing:
    """One rule with what it has seen."""

    def __init__(self, rule: AlertRule) -> None:
        self.rule = rule
        self.says = told(rule)
        self.past_since_ns: int | None = None
        """Since when the value is past its bound."""
        self.fine_since_ns: int | None = None
        self.alert: AlertFace | None = None
        """The one that is not resolved."""
        self.value: float | None = None
        self.raised = 0

    def worse(self, value: float, worst: float) -> float:
        """The one further past the bound."""
        return max(value, worst) if self.rule.is_above else min(value, worst)

    def face(self) -> RuleFace:
        """The rule as it stands."""
        pending = self.past_since_ns if self.alert is None else None
        return RuleFace(self.rule.name, self.rule.severity, self.says, self.value, self.raised, pending)


class Alerts:
    """All rules of a run."""

    def __init__(self, rules: Sequence[AlertRule]) -> None:
        self._rules = [_Standing(rule) for rule in rules]
        self._looks: list[Look] = []
        self._moments: list[int] = []
        self._before = BEGIN
        """The last look that no window reaches any more."""
        self._longest_ns = round(max((rule.window_s for rule in rules), default=0.0) * _S)
        self._alerts: list[AlertFace] = []
        self._repeat = 1
        """The one in hand."""
        self.raised = 0

    def take(self, snapshot: RunSnapshot) -> list[AlertRaised | AlertResolved]:
        """One picture more; what it raises and resolves. Pictures come in the order of their moments."""
        look = look_of(snapshot)
        if self._moments and look.at_ns - self._moments[-1] < _EVERY_NS:
            self._looks.pop()
            self._moments.pop()
        self._looks.append(look)
        self._moments.append(look.at_ns)
        self._forget()
        last = snapshot.legs[-1] if snapshot.legs else None
        self._repeat = 1 if last is None else last.repeat
        ids = Ids(run=snapshot.run.run_id, leg=0 if last is None else last.leg)
        return [event for one in self._rules for event in self._judged(one, look, ids)]

    def _forget(self) -> None:
        """Let go of looks that every window has left behind; the last of them stays, as where windows begin."""
        gone = bisect_right(self._moments, self._moments[-1] - self._longest_ns)
        if gone > 64:
            self._before = self._looks[gone - 1]
            del self._looks[:gone], self._moments[:gone]

    def _span(self, rule: AlertRule) -> Span:
        first = bisect_right(self._moments, self._moments[-1] - round(rule.window_s * _S))
        first = min(first, len(self._looks) - 1)
        before = self._looks[first - 1] if first else self._before
        return Span(before, self._looks[-1], self._looks, first, rule.step)

    def _judged(self, one: _Standing, look: Look, ids: Ids) -> list[AlertRaised | AlertResolved]:
        rule, measured = one.rule, VALUES[one.rule.value]
        span = self._span(rule)
        value = measured.of(span)
        if value is not None and measured.counts is not None and measured.counts(span) < rule.least:
            value = None
        one.value = value
        if value is None:
            # What cannot be told neither raises nor resolves; whatever was waited for begins anew.
            one.past_since_ns = one.fine_since_ns = None
            return []
        if not rule.is_past(value):
            one.past_since_ns = None
            return self._fine(one, look, value, ids)
        one.fine_since_ns = None
        one.past_since_ns = look.at_ns if one.past_since_ns is None else one.past_since_ns
        if one.alert is not None:
            self._change(one, worst=one.worse(value, one.alert.worst))
            return []
        if look.at_ns - one.past_since_ns < rule.for_s * _S:
            return []
        one.raised += 1
        self.raised += 1
        one.alert = AlertFace(
            *(rule.name, rule.severity, one.says, look.at_ns, one.past_since_ns, value, value), repeat=self._repeat
        )
        self._keep(one.alert)
        return [AlertRaised(look.at_ns, ids, rule.name, rule.severity, value, one.says)]

    def _keep(self, alert: AlertFace) -> None:
        """One more; where there are too many the oldest that is over goes: one that is not must stay in sight."""
        self._alerts.append(alert)
        if len(self._alerts) > KEPT:
            del self._alerts[next((place for place, old in enumerate(self._alerts) if not old.is_open), 0)]

    def _fine(self, one: _Standing, look: Look, value: float, ids: Ids) -> list[AlertRaised | AlertResolved]:
        if one.alert is None:
            return []
        one.fine_since_ns = look.at_ns if one.fine_since_ns is None else one.fine_since_ns
        if look.at_ns - one.fine_since_ns < one.rule.clear_s * _S:
            return []
        raised_ns = one.alert.raised_ns
        self._change(one, resolved_ns=look.at_ns)
        one.alert = one.fine_since_ns = None
        return [AlertResolved(look.at_ns, ids, one.rule.name, value, raised_ns, one.says)]

    def _change(self, one: _Standing, **changes: object) -> None:
        if one.alert is None:
            return
        new = msgspec.structs.replace(one.alert, **changes)
        if new != one.alert:
            self._put(one.alert, new)
            one.alert = new

    def _put(self, old: AlertFace, new: AlertFace) -> None:
        for place, alert in enumerate(self._alerts):
            if alert is old:
                self._alerts[place] = new

    def acknowledge(self, at_ns: int, who: str, rule: str = "") -> tuple[str, ...]:
        """Somebody has seen the alerts there are, or those of one rule; the rules of those that nobody had yet."""
        found = [one for one in self._alerts if one.acknowledged_ns is None and rule in ("", one.rule)]
        for alert in found:
            new = msgspec.structs.replace(alert, acknowledged_ns=at_ns, acknowledged_by=who)
            self._put(alert, new)
            for one in self._rules:
                if one.alert is alert:
                    one.alert = new
        return tuple(dict.fromkeys(one.rule for one in found))

    @property
    def names(self) -> tuple[str, ...]:
        """Every rule."""
        return tuple(one.rule.name for one in self._rules)

    def alerts(self) -> tuple[AlertFace, ...]:
        """The last ones and those that are not over, oldest first."""
        return tuple(self._alerts)

    def rules(self) -> tuple[RuleFace, ...]:
        """Every rule as it stands."""
        return tuple(one.face() for one in self._rules)


def told(rule: AlertRule) -> str:
    """A rule with its window: `hold_conflicts > 10 in 5 min`, `look_age_s > 5 for 3 s`."""
    window = f" in {length(rule.window_s)}" if VALUES[rule.value].windowed else ""
    return f"{rule.says}{window}{f' for {length(rule.for_s)}' if rule.for_s else ''}"


def length(seconds: float) -> str:
    """`15 min`, `90 s`."""
    return f"{seconds / 60:g} min" if seconds >= 60 and seconds % 60 == 0 else f"{seconds:g} s"


def moment(ns: int) -> str:
    """A moment since the run began: `01:12.0`."""
    tenths = ns // 100_000_000
    return f"{tenths // 600:02d}:{tenths // 10 % 60:02d}.{tenths % 10}"


def line_of(one: AlertFace) -> str:
    """`alert hold-conflicts (warning) at 00:12.0: 31 where hold_conflicts > 10 in 5 min; worst 47; resolved …`."""
    at = f"{moment(one.raised_ns)}{one.where}"
    parts = [f"alert {one.rule} ({one.severity}) at {at}: {one.value:.4g} where {one.says}"]
    if one.worst != one.value:
        parts.append(f"worst {one.worst:.4g}")
    parts.append("not resolved" if one.resolved_ns is None else f"resolved at {moment(one.resolved_ns)}")
    if one.acknowledged_ns is not None:
        parts.append(f"acknowledged by {one.acknowledged_by}")
    return "; ".join(parts)
