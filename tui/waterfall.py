"""An attempt's steps as bars in time: where it was, for how long, and what each step was told."""

from collections.abc import Iterable, Sequence

from engine.model.detail import AttemptTold, RefusalTold
from engine.model.event import StepTook
from engine.model.outcome import OUTCOMES
from engine.model.step import Step
from tui.format import moment, took
from tui.lines import Ink, Line, Span, ink_of, label, line

LETTERS = {
    Step.SUBMIT: "s",
    Step.QUOTE: "q",
    Step.HOLD: "h",
    Step.CONFIRM: "c",
    Step.COMMIT: "m",
    Step.INLINE_WAIT: "i",
    Step.BACKGROUND_WAIT: "b",
}
LEGEND = "s submit  q quote  h hold  c confirm  m commit  i inline wait  b background wait  ! refused"


def outcome_span(attempt: AttemptTold) -> Span:
    """Its last word; what it is at when it has none."""
    if not attempt.outcome:
        return Span(f"goes on: {attempt.sent.value if attempt.sent else 'begun'}", Ink.ACCENT)
    known = OUTCOMES.get(attempt.outcome)
    word = label(attempt.outcome) + (", in doubt" if attempt.certainty == "info" else "")
    return Span(word, ink_of(known.kind) if known else Ink.UNKNOWN)


def length_ns(attempt: AttemptTold, now_ns: int = 0) -> int:
    """From its begin to its last word; of one that goes on to now, or to the last thing known of it."""
    ends = [now_ns] if attempt.ended_ns is None else []
    ends += [one.started_ns + one.took_ns for one in attempt.steps] + [one.at_ns for one in attempt.refusals]
    ends += [one.at_ns for one in attempt.tries]
    return max(1, (attempt.ended_ns or max(ends, default=attempt.began_ns)) - attempt.began_ns)


def strip(attempt: AttemptTold, scale_ns: int, width: int, now_ns: int = 0) -> str:
    """The whole attempt in one row of cells, a letter a step; `!` where one was refused, `.` between steps."""
    cells = [" "] * max(0, width)
    shown = max(1, min(width, round(width * length_ns(attempt, now_ns) / max(1, scale_ns))))
    for place in range(min(shown, width)):
        cells[place] = "."
    free = 0
    for step in sorted(attempt.steps, key=lambda one: one.started_ns):
        begin, end = _cells(step, attempt.began_ns, scale_ns, width)
        # Each step has a cell of its own, however short it was, as long as there are any.
        begin = min(max(begin, free), width - 1)
        end = max(end, begin + 1)
        free = end
        for place in range(begin, end):
            cells[place] = LETTERS.get(step.step, "?")
        if step.refused and end > begin:
            cells[end - 1] = "!"
    return "".join(cells)


def _cells(step: StepTook, began_ns: int, scale_ns: int, width: int) -> tuple[int, int]:
    begin = int(width * (step.started_ns - began_ns) / max(1, scale_ns))
    begin = max(0, min(width - 1, begin))
    return begin, max(begin + 1, min(width, round(width * (step.started_ns + step.took_ns - began_ns) / scale_ns)))


def heading(attempt: AttemptTold, now_ns: int = 0) -> Line:
    """`#408  w05  19:15 party 4  filled SN-01+SN-02   480 ms from 03:39.8`."""
    where = f"{attempt.restaurant}  {attempt.day} {attempt.slot}".strip()
    spans: list[Span | tuple[str, Ink]] = [
        (f" #{attempt.attempt}", Ink.TITLE),
        (f"  {attempt.worker or '-'}", Ink.TEXT),
        (f"  {where}" if where else "", Ink.TEXT),
        (f"  party {attempt.party}" if attempt.party else "", Ink.TEXT),
        ("  ", Ink.TEXT),
        outcome_span(attempt),
        (f"  {'+'.join(attempt.tables)} {attempt.zone}".rstrip() if attempt.tables else "", Ink.STRONG),
        (f"  {took(length_ns(attempt, now_ns))} from {moment(attempt.began_ns)}", Ink.MUTED),
    ]
    return line(*spans)


def waterfall(attempt: AttemptTold, width: int) -> list[Line]:
    """A line a step, in the order they began, each with its bar; below a refused one what it was told."""
    room = max(8, min(70, width - 31))
    whole = length_ns(attempt)
    refusals = list(attempt.refusals)
    tried = {one.number: one for one in attempt.tries}
    lines: list[Line] = []
    at_try = 0
    for step in sorted(attempt.steps, key=lambda one: one.started_ns):
        if step.attempt_try != at_try:
            at_try = step.attempt_try
            one = tried.get(at_try)
            words = "" if one is None else f"  {'+'.join(one.tables)}" + (f"  hold {one.hold}" if one.hold else "")
            words += f"  ({one.strategy})" if one is not None and one.strategy else ""
            lines.append(line((f"   try {at_try}", Ink.TITLE), (words, Ink.STRONG)))
        begin, end = _cells(step, attempt.began_ns, whole, room)
        sign, ink = ("x", Ink.CONTENTION) if step.refused else ("#", Ink.BAR)
        lines.append(
            line(
                (f"     {step.step.value.replace('_', ' '):<15}", Ink.TEXT),
                (f"{took(step.took_ns):>7} ", Ink.STRONG),
                ("." * begin, Ink.RULE),
                (sign * (end - begin), ink),
                ("." * (room - end), Ink.RULE),
                (" refused" if step.refused else "", Ink.CONTENTION),
            )
        )
        if step.refused:
            told = next(
                (one for one in refusals if one.step == step.step and one.attempt_try == step.attempt_try), None
            )
            if told is not None:
                refusals.remove(told)
                lines += refusal_lines(told)
    for told in refusals:
        where = f" in try {told.attempt_try}" if told.attempt_try else ""
        lines.append(line((f"     {told.step.value}{where}", Ink.TEXT)))
        lines += refusal_lines(told)
    if not attempt.steps:
        words = "it has not ended: its steps are told with its last word"
        lines.append(line((f"     {words if attempt.ended_ns is None else 'no step of it was timed'}", Ink.MUTED)))
        for one in attempt.tries:
            lines.append(line((f"     try {one.number}  {'+'.join(one.tables)}  at {moment(one.at_ns)}", Ink.TEXT)))
    return lines


def refusal_lines(told: RefusalTold) -> list[Line]:
    """What a refusal said: class and proof in one line, its words below."""
    known = OUTCOMES.get(told.outcome)
    proof = "  ".join(filter(None, (told.sqlstate, told.constraint, told.timer)))
    tables = f"  {'+'.join(told.tables)}" if told.tables else ""
    lines = [
        line(
            ("       ! ", Ink.CONTENTION),
            (label(told.outcome), ink_of(known.kind) if known else Ink.UNKNOWN),
            (f"  {proof}" if proof else "", Ink.STRONG),
            (tables, Ink.TEXT),
            (f"  held by {told.held_by}" if told.held_by else "", Ink.TEXT),
            (f"  at {moment(told.at_ns)}", Ink.MUTED),
        ),
        line(("         ", Ink.TEXT), (told.message, Ink.TEXT)),
    ]
    if told.detail:
        lines.append(line(("         ", Ink.TEXT), (told.detail, Ink.MUTED)))
    return lines


def strips(attempts: Sequence[AttemptTold], width: int, now_ns: int, cursor: str) -> list[Line]:
    """A row an attempt on one scale, newest first: each is a row to open its booking by."""
    if not attempts:
        return []
    wide = width >= 100
    scale_ns = max(length_ns(one, now_ns) for one in attempts)
    room = max(8, width - (66 if wide else 46))
    legend = LEGEND if wide else "a letter a step, ! refused"
    lines = [line((f"  {'':<17}one scale, 0 to {took(scale_ns)}: {legend}", Ink.MUTED))]
    lines += [
        line(
            ("> " if f"attempt:{one.attempt}" == cursor else "  ", Ink.ACCENT),
            (f"{f'#{one.attempt}':<7}", Ink.STRONG),
            (f"{one.slot or '-':<6}", Ink.TEXT),
            (f"p{one.party:<3}", Ink.MUTED),
            (strip(one, scale_ns, room, now_ns), Ink.BAR),
            (f" {took(length_ns(one, now_ns)):>7}  ", Ink.STRONG),
            outcome_span(one),
            (f" {'+'.join(one.tables)}" if one.tables else "", Ink.TEXT),
            (f"  {_tries(one.refusals)}" if wide and one.refusals else "", Ink.MUTED),
            row=f"attempt:{one.attempt}",
        )
        for one in attempts
    ]
    return lines


def _tries(refusals: Iterable[RefusalTold]) -> str:
    told = list(refusals)
    return f"{len(told)} refusal{'s' if len(told) != 1 else ''}"
