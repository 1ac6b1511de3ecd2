"""Alerts: which rules are raised, which will be, which were, and how far word of it went."""

from typing import ClassVar

from engine.model.alert import AlertFace, RuleFace, SendingFace, Severity
from engine.model.snapshot import RunSnapshot
from tui.format import age, elapsed, moment, tally
from tui.lines import Area, Ink, Line, Part, Span, line, part, squeeze
from tui.panel import Panel, Want
from tui.table import Column, Fitted, choose, head, row
from tui.view import View
from tui.worker_detail import fact

_COLUMNS = (
    Column("", 9),
    Column("SEVERITY", 8, 2),
    Column("RULE", 17),
    Column("VALUE", 8, right=True),
    Column("WHERE", 26, 1, grow=True),
    Column("SINCE", 8, right=True),
    Column("LASTED", 7, 4, right=True),
    Column("TIMES", 5, 5, right=True),
    Column("SEEN BY", 14, 3),
)
_INKS = {
    Severity.INFO: Ink.TEXT,
    Severity.WARNING: Ink.CONTENTION,
    Severity.ERROR: Ink.FAULT,
    Severity.CRITICAL: Ink.FAULT,
}


class AlertsPanel(Panel):
    """What a rule has raised, and what no rule minds."""

    NAME: ClassVar[str] = "alerts"
    TITLE: ClassVar[str] = "alerts"
    KEY: ClassVar[str] = "A"
    HELP: ClassVar[str] = (
        "Rules of [alerts] in config.toml, judged once a second. RAISED ! is past its bound for as long as the rule "
        "waits; raised is so too, and somebody has seen it; waiting will be raised if it stays so; resolved was fine "
        "for a while. a acknowledges all there are, for every console, and n goes to the next one. slotfill alerts "
        "test RUN holds other rules against this run. Below the title: what the webhook and the platform's own table "
        "of events took."
    )
    ABOVE: ClassVar[int] = 3

    @classmethod
    def want(cls, snapshot: RunSnapshot | None) -> Want:
        """A few rows; more where something was raised."""
        raised = 0 if snapshot is None else len(snapshot.alerts.alerts)
        return Want(4, 5 + min(raised, 6), 30)

    @classmethod
    def heading(cls, snapshot: RunSnapshot, area: Area, view: View) -> str:
        """How many are raised, and how many of all nobody has seen; by rules, as the first line counts faults too."""
        face = snapshot.alerts
        title = f"{cls.TITLE} by rule"
        if not face.raised:
            return f"{cls.TITLE}: none raised by {len(face.rules)} rules" if face.rules else cls.TITLE
        raised = f"{len(face.open)} RAISED !" if face.open else "none raised now"
        unseen = f", {face.unacknowledged} not acknowledged" if face.unacknowledged else ""
        return f"{title}: {raised}, {tally(face.raised)} in all{unseen}"

    @classmethod
    def rows(cls, snapshot: RunSnapshot, view: View) -> tuple[str, ...]:
        """Every row, in the order it is drawn."""
        return tuple(one.row for one in _table(snapshot, choose(_COLUMNS, 80), ""))

    @classmethod
    def draw(cls, snapshot: RunSnapshot, area: Area, view: View) -> list[Line]:
        """How word goes out, then raised alerts, waiting rules, resolved alerts, and the rules that are quiet."""
        face = snapshot.alerts
        if not face.rules:
            return [line(("  no rule is judged here: this run has none, or is older than they are", Ink.MUTED))]
        chosen = choose(_COLUMNS, area.width)
        cursor = view.cursor if view.focused else ""
        lines = [squeeze(_sending(snapshot), area.width)]
        lines += [head(chosen)]
        return [*lines, *_table(snapshot, chosen, cursor)[view.top :]]

    @classmethod
    def detail(cls, snapshot: RunSnapshot, row: str) -> tuple[str, list[Line]] | None:
        """All that is known of a rule and of its alerts."""
        name = row.split(":")[1] if row.count(":") else ""
        rule = next((one for one in snapshot.alerts.rules if one.rule == name), None)
        if rule is None:
            return None
        facts = [
            fact("where", rule.says),
            fact("severity", rule.severity.value),
            fact("value now", "nothing to measure yet" if rule.value is None else _number(rule.value)),
            fact("raised", f"{tally(rule.raised)} times"),
        ]
        for one in reversed(snapshot.alerts.alerts):
            if one.rule != name:
                continue
            until = "not resolved" if one.resolved_ns is None else f"until {moment(one.resolved_ns)}"
            facts += [
                line(""),
                fact("raised at", f"{moment(one.raised_ns)}, {until}", _INKS[one.severity]),
                fact("value", f"{_number(one.value)}, worst {_number(one.worst)}"),
                fact("seen by", _seen(one) or "nobody yet: a acknowledges"),
            ]
        return f"rule {name}", facts


def _table(snapshot: RunSnapshot, chosen: tuple[Fitted, ...], cursor: str) -> list[Line]:
    face, now_ns = snapshot.alerts, snapshot.run.elapsed_ns
    rules = {one.rule: one for one in face.rules}
    closed = [one for one in reversed(face.alerts) if not one.is_open]
    raised = {one.rule for one in face.open}
    waiting = [one for one in face.rules if one.pending_ns is not None]
    quiet = [one for one in face.rules if one.rule not in raised and one.pending_ns is None]
    lines = []
    for alert in [*face.open, *closed]:
        # What waits to be raised stands between what is raised and what is over.
        if waiting and not alert.is_open:
            lines += [_rule_row(chosen, one, now_ns, cursor) for one in waiting]
            waiting = []
        key = f"alert:{alert.rule}:{alert.raised_ns}"
        lines.append(row(chosen, _cells(alert, rules.get(alert.rule), now_ns), key, cursor))
    return [*lines, *(_rule_row(chosen, one, now_ns, cursor) for one in (*waiting, *quiet))]


def _cells(one: AlertFace, rule: RuleFace | None, now_ns: int) -> list[Span]:
    ink = _INKS[one.severity] if one.is_open else Ink.MUTED
    value = one.value if rule is None or rule.value is None or not one.is_open else rule.value
    return [
        Span(("RAISED !" if one.acknowledged_ns is None else "raised") if one.is_open else "resolved", ink),
        Span(one.severity.value, ink),
        Span(one.rule, Ink.STRONG if one.is_open else Ink.MUTED),
        Span(_number(value), ink),
        Span(one.says, Ink.TEXT if one.is_open else Ink.MUTED),
        Span(moment(one.raised_ns), Ink.MUTED),
        Span(age((one.resolved_ns if one.resolved_ns is not None else now_ns) - one.raised_ns), Ink.MUTED),
        Span(str(rule.raised) if rule is not None else "", Ink.MUTED),
        Span(one.acknowledged_by, Ink.MUTED),
    ]


def _rule_row(chosen: tuple[Fitted, ...], rule: RuleFace, now_ns: int, cursor: str) -> Line:
    waits = rule.pending_ns is not None
    ink = Ink.CONTENTION if waits else Ink.MUTED
    cells = [
        Span("waiting" if waits else "quiet" if rule.value is not None else "no value", ink),
        Span(rule.severity.value, Ink.MUTED),
        Span(rule.rule, Ink.TEXT if waits else Ink.MUTED),
        Span("-" if rule.value is None else _number(rule.value), ink),
        Span(rule.says, Ink.MUTED),
        Span("" if rule.pending_ns is None else moment(rule.pending_ns), Ink.MUTED),
        Span("" if rule.pending_ns is None else age(now_ns - rule.pending_ns), Ink.MUTED),
        Span(str(rule.raised) if rule.raised else "", Ink.MUTED),
        Span(""),
    ]
    return row(chosen, cells, f"rule:{rule.rule}", cursor)


def _sending(snapshot: RunSnapshot) -> list[Part]:
    face = snapshot.alerts
    parts = [part(1, (" webhook ", Ink.MUTED), *_sent(face.webhook))]
    parts.append(part(2, ("platform's event table ", Ink.MUTED), *_sent(face.platform)))
    parts.append(part(3, (f"judged up to {elapsed(snapshot.run.elapsed_ns)}", Ink.MUTED)))
    return parts


def _sent(one: SendingFace | None) -> tuple[tuple[str, Ink], ...]:
    if one is None:
        return (("none", Ink.MUTED),)
    told = [(f"{tally(one.sent)} taken", Ink.TEXT)]
    if one.queued:
        told.append((f", {tally(one.queued)} wait", Ink.MUTED))
    if one.dropped:
        told.append((f", {tally(one.dropped)} DROPPED !", Ink.FAULT))
    if one.trouble:
        told.append((f" ({one.trouble})", Ink.CONTENTION))
    return tuple(told)


def _seen(one: AlertFace) -> str:
    return "" if one.acknowledged_ns is None else f"{one.acknowledged_by} {moment(one.acknowledged_ns)}"


def _number(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"
