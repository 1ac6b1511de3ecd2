"""What a run came to, as lines: shown where the workers were, once they have gone."""

from engine.exit_code import MEANING
from engine.model.run_state import RunState
from engine.model.snapshot import RunSnapshot
from engine.model.step import Step
from tui.format import elapsed, per_second, ratio, took
from tui.lines import Ink, Line, Span, ink_of, label, line
from tui.spark import bar
from tui.status import fills_per_s


def result_lines(snapshot: RunSnapshot, width: int) -> list[Line]:
    """State, exit code, totals, rate and latency of a run that is over."""
    run = snapshot.run
    ended = sum(one.count for one in snapshot.outcomes)
    code = run.exit_code
    good = code == 0
    meaning = f"{MEANING.get(code, '')}" if code is not None else "no exit code yet"
    ink = Ink.FILLED if good else Ink.CAPACITY if run.state is RunState.STOPPED else Ink.FAULT
    lines = [
        line(
            (f"  {run.state.value.upper()}", ink),
            (f"  exit {code}" if code is not None else "", Ink.STRONG),
            (f"  {meaning}", Ink.TEXT),
            (f"   {run.reason}" if run.reason else "", Ink.MUTED),
        ),
        line(
            ("  filled ", Ink.MUTED),
            (str(run.filled), Ink.FILLED),
            (f" of {ended} attempts, {ratio(run.filled, ended)}", Ink.TEXT),
            (f"   {per_second(fills_per_s(snapshot))} {_over(snapshot)}", Ink.STRONG),
        ),
    ]
    total = next((step for step in snapshot.steps if step.step is Step.TOTAL), None)
    if total is not None:
        p99 = took(total.p99_ns) if total.p99_ns is not None else "needs 500"
        figures = f"p50 {took(total.p50_ns)}  p95 {took(total.p95_ns)}  p99 {p99}  max {took(total.max_ns)}"
        lines.append(line(("  a fill took ", Ink.MUTED), (figures, Ink.TEXT)))
    lines.append(line((f"  {run.effective_concurrency:.1f} attempts at work on average", Ink.MUTED)))
    lines.append(line(""))
    room = max(4, min(40, width - 36))
    for one in sorted((one for one in snapshot.outcomes if one.count), key=lambda one: -one.count):
        drawn = bar(one.count / ended, room)
        share = Span(f"{ratio(one.count, ended):>8}  ", Ink.MUTED)
        lines.append(
            Line(
                (
                    Span(f"  {label(one.outcome):<16}", ink_of(one.kind)),
                    Span(f"{one.count:>6}", Ink.STRONG),
                    share,
                    Span(drawn, ink_of(one.kind)),
                )
            )
        )
    return lines


def _over(snapshot: RunSnapshot) -> str:
    """Of which time the rate is: the report's leaves out what was looked at before and after the attempts."""
    told = elapsed(snapshot.run.elapsed_ns)
    return f"over {told}" if snapshot.run.fills_per_s is None else f"from first send to last answer, {told} in all"
