"""`slotfill run`, `sweep` and `continue`: start an engine, then watch it with the console or with progress lines."""

import asyncio
import contextlib
import os
import signal
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from engine.cannot_begin import CannotBegin
from engine.config import Settings
from engine.environment import read
from engine.exit_code import ExitCode
from engine.launch import launch
from engine.safety import GuardRefused, first_look
from engine.schedule import REPEATS_FOR_FIT
from engine.settings_shown import flat
from engine.spec import NotReady, Spec
from engine.spec_check import check_spec
from engine.wanted import PLANS
from tui.run_options import of_another_plan
from tui.verbs.agree import said_or_asked
from tui.verbs.reach import RunNotFound, entry_of
from tui.verbs.speak import SettingsInvalid, Sourced, has_screen, sourced, tell, terminal_trouble, who, wrong

SWEEP_DAYS = "4"
"""Days that a sweep fills at each level where nobody says which slots."""
CONTINUED = ("run", "fill", "assign", "create", "burst", "allocator", "thresholds")
"""Sections that a continued run takes over from the one it goes on with; options given now win."""


def main(args: Namespace) -> int:
    """Start a run and stay with it. Returns its exit code, or 0 when it was left before its end."""
    try:
        spec = _continued(args) if args.verb == "continue" else _fresh(args)
        headless = args.headless or args.json or not has_screen()
        if not args.headless and not args.json and (trouble := terminal_trouble()):
            tell(f"{trouble}, so progress lines are shown instead")
        check_spec(spec)
    except (SettingsInvalid, RunNotFound) as error:
        return wrong(str(error), ExitCode.USAGE)
    except CannotBegin as error:
        return wrong(str(error), error.exit_code)
    try:
        with _heard() as interrupts:
            said = launch(spec)
    except KeyboardInterrupt:
        return wrong("interrupted before the run stood; nothing of it goes on", ExitCode.STOPPED)
    if isinstance(said, NotReady):
        return wrong(said.text, ExitCode(said.exit_code))
    if headless or interrupts:
        from tui.headless import watch  # noqa: PLC0415 - each face is loaded only when it is wanted

        return asyncio.run(watch(said, as_json=args.json, interrupts=len(interrupts)))
    from tui.verbs.attach import console  # noqa: PLC0415

    return console(said.socket, said.folder, said.run_id, spec.settings.console, watch=False)


@contextlib.contextmanager
def _heard() -> Iterator[list[int]]:
    """Ctrl-Cs while an engine is being started: it hears none, and would go on with nobody told that it does.

    The first one waits for it to stand, and is then the run's; the second one ends the waiting.
    """
    heard: list[int] = []

    def hear(number: int, _: object) -> None:
        if heard:
            raise KeyboardInterrupt
        heard.append(number)
        # At `| tee` it ended tee as well, and is the run's all the same.
        with contextlib.suppress(BrokenPipeError):
            tell("the run is stopped as soon as it stands; ctrl-C again to end it as it is")

    before = signal.signal(signal.SIGINT, hear)
    try:
        yield heard
    finally:
        signal.signal(signal.SIGINT, before)


def _fresh(args: Namespace) -> Spec:
    known = sourced(args)
    if args.plan in PLANS and (strange := of_another_plan(args)):
        option, plan = strange
        raise SettingsInvalid(
            f"{option} is for {plan}, and {args.plan} does not read it; leave it out, or: slotfill {args.verb} {plan}"
        )
    sweeps = args.verb == "sweep"
    own = _of_its_own(args.plan, known, sweeps=sweeps)
    settings = sourced(args, own).settings if own else known.settings
    return Spec(
        settings=settings,
        plan=args.plan,
        who=who(),
        fresh=not args.no_reset,
        said=_said(args, settings),
        fallback=args.fallback_local,
        sweep=sweeps,
    )


def _said(args: Namespace, settings: Settings) -> str | None:
    """The user's yes, typed now where a remote target wants it and a terminal is there. Raises CannotBegin."""
    try:
        look = first_look(settings, read(Path.cwd(), os.environ).values)
    except GuardRefused as error:
        raise CannotBegin(str(error), ExitCode.REFUSED) from error
    if not look.reasons:
        given: str | None = args.yes
        return given
    what = f"Target {settings.run.target} is remote ({'; '.join(look.reasons)}); this run writes bookings there."
    return said_or_asked(args, what, look.name)


def _of_its_own(plan: str, known: Sourced, *, sweeps: bool = False) -> list[str]:
    """Settings, `key=value`, that a plan has otherwise than others as long as they are at their default."""
    settings = known.settings
    found: dict[str, str] = {}
    if sweeps:
        found["run.repeat"] = str(REPEATS_FOR_FIT)
        given, usual = flat(settings), flat(Settings())
        if plan == "fill" and all(given[key] == usual[key] for key in given if key.startswith("fill.")):
            # One lunch is over before fifteen workers are warm.
            found["fill.days"] = SWEEP_DAYS
    if plan == "create":
        found["run.concurrency"] = "1"
    if plan == "burst":
        found["run.concurrency"] = str(max(1, min(settings.burst.requests, settings.embedded.room)))
        found["fill.end"] = f"{max(settings.fill.start, settings.fill.end):%H:%M}"
    given, usual = flat(settings), flat(Settings())
    return [f"{key}={value}" for key, value in found.items() if given[key] == usual[key]]


def _continued(args: Namespace) -> Spec:
    """The spec of a run that goes on with another. Raises RunNotFound, SettingsInvalid, CannotBegin."""
    entry = entry_of(args)
    if entry.manifest is None:
        raise RunNotFound(f"{entry.folder} holds no readable run.json: it cannot be gone on with")
    if entry.is_live:
        raise CannotBegin(f"run {entry.run_id} goes on; slotfill attach {entry.run_id} shows it", ExitCode.REFUSED)
    if entry.manifest.rounds:
        raise CannotBegin(
            f"run {entry.run_id} is a sweep, whose rounds begin from one state each; run it again", ExitCode.USAGE
        )
    before = [
        f"{key}={value}"
        for key, value in entry.manifest.settings.items()
        if key.partition(".")[0] in CONTINUED and key != "run.repeat"
    ]
    settings: Settings = sourced(args, before).settings
    return Spec(
        settings=settings,
        plan=entry.manifest.plan,
        who=who(),
        fresh=False,
        said=_said(args, settings),
        fallback=args.fallback_local,
        continues=entry.run_id,
    )
