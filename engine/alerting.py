"""Alerts of a run as it goes on: each picture judged, and what that raises logged, shown and sent."""

from collections.abc import Callable, Sequence

from engine.hook import Message, Sender
from engine.metrics.alerts import Alerts, line_of, moment
from engine.model.alert import AlertRule, AlertsFace, SendingFace
from engine.model.command import Answer
from engine.model.event import AlertRaised, AlertResolved, Event
from engine.model.snapshot import RunSnapshot


class Alerting:
    """Judges once a second, on the pictures that are recorded too; no attempt waits for it."""

    def __init__(self, rules: Sequence[AlertRule], log: Callable[[Event], None], webhook: Sender | None) -> None:
        self._alerts = Alerts(rules)
        self._severities = {rule.name: rule.severity for rule in rules}
        self._log = log
        self._webhook = webhook
        self._sent = 0
        self.platform: Callable[[], SendingFace | None] = lambda: None
        """How the events for the platform's own table stand."""

    def take(self, snapshot: RunSnapshot) -> None:
        """Judge a picture. Raises RecordsFailed where the journal takes no more."""
        for event in self._alerts.take(snapshot):
            self._log(event)
            if self._webhook is not None:
                self._webhook.offer(self._message(event, snapshot))

    def _message(self, event: AlertRaised | AlertResolved, snapshot: RunSnapshot) -> Message:
        self._sent += 1
        run = snapshot.run
        name = f" ({run.name})" if run.name else ""
        repeat = snapshot.legs[-1].repeat if snapshot.legs else 1
        where = f" in repeat {repeat}" if repeat > 1 else ""
        return Message(
            delivery=f"{run.run_id}-{self._sent}",
            severity=self._severities[event.rule],
            head=f"{event.rule}: {event.value:.4g} where {event.says}",
            about=f"slotfill run {run.run_id}{name}, {run.plan} on {run.target}{where}, {moment(event.at_ns)} since it "
            f"began at {run.started_at}",
            resolved=isinstance(event, AlertResolved),
        )

    def acknowledge(self, at_ns: int, who: str, rules: Sequence[str]) -> Answer:
        """Somebody has seen the alerts there are, or those of these rules."""
        unknown = [rule for rule in rules if rule not in self._alerts.names]
        if unknown:
            known = ", ".join(self._alerts.names)
            return Answer(done=False, text=f"there is no rule {unknown[0]}; there are {known}")
        found = [name for rule in rules or ("",) for name in self._alerts.acknowledge(at_ns, who, rule)]
        if not found:
            return Answer(done=False, text="no alert to acknowledge")
        return Answer(done=True, text=f"acknowledged: {', '.join(found)}")

    @property
    def face(self) -> AlertsFace:
        """What a console shows."""
        return AlertsFace(
            rules=self._alerts.rules(),
            alerts=self._alerts.alerts(),
            raised=self._alerts.raised,
            webhook=None if self._webhook is None else self._webhook.face,
            platform=self.platform(),
        )

    async def run(self) -> None:
        """Send what is to be sent, until cancelled."""
        if self._webhook is not None:
            await self._webhook.run()

    async def finish(self) -> None:
        """The run is over: what is not sent yet is tried for as long as the settings give it."""
        if self._webhook is not None:
            await self._webhook.finish()

    def told(self) -> tuple[str, ...]:
        """The alerts as the result names them, and what did not get out."""
        face = self.face
        lines = [line_of(one) for one in face.alerts]
        if face.raised > len(face.alerts):
            lines.insert(0, f"{face.raised - len(face.alerts)} alerts more are in the journal")
        for name, sending in (("the webhook", face.webhook), ("the platform's event table", face.platform)):
            if sending is not None and sending.dropped:
                why = f": {sending.trouble}" if sending.trouble else ""
                lines.append(f"{sending.dropped} of {sending.sent + sending.dropped} not taken by {name}{why}")
        return tuple(lines)
