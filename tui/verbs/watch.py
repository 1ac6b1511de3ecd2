"""`slotfill watch`: the console, or sentences, on a database without a run."""

import asyncio
import os
from argparse import Namespace
from pathlib import Path

import msgspec

from engine.config import ConsoleSettings, Settings, TargetSettings
from engine.environment import read
from engine.exit_code import ExitCode
from engine.front import LinkLost
from engine.launch import launch, wait_for_end
from engine.safety import GuardRefused, target_of
from engine.spec import NotReady, Ready, Spec
from engine.watch_portrait import WATCH
from tui.verbs.attach import show
from tui.verbs.reach import RunNotFound, entry_of, manifest_of
from tui.verbs.speak import SettingsInvalid, has_screen, say, settings_of, tell, terminal_trouble, who, wrong

_ENDS_WITHIN_S = 4.0
_GIVEN = "dsn"
"""The name of the target that `--dsn` stands for."""


def main(args: Namespace) -> int:
    """Watch until it is left: 0 then; 3 when the database does not answer."""
    try:
        spec = _spec(args)
    except (SettingsInvalid, RunNotFound) as error:
        return wrong(str(error), ExitCode.USAGE)
    except GuardRefused as error:
        return wrong(str(error), ExitCode.REFUSED)
    headless = args.headless or args.json or not has_screen()
    if not args.headless and not args.json and (trouble := terminal_trouble()):
        tell(f"{trouble}, so sentences are printed instead")
    said = launch(spec)
    if isinstance(said, NotReady):
        return wrong(said.text, ExitCode(said.exit_code))
    if headless:
        from tui.watch_lines import follow  # noqa: PLC0415 - each face is loaded only when it is wanted

        return asyncio.run(follow(said, as_json=args.json))
    return console(said, spec.settings.console)


def _spec(args: Namespace) -> Spec:
    """Raises SettingsInvalid, RunNotFound, GuardRefused."""
    settings = settings_of(args)
    if args.dsn:
        if args.target or args.database:
            raise SettingsInvalid("give --dsn, or --target with what belongs to it; not both")
        settings = _with_address(settings, args.dsn)
    target = target_of(settings, read(Path.cwd(), os.environ).values)
    given = target.dsn or target.dsn_env or target.base_url or target.base_url_env
    database = args.database or ""
    if given and database:
        raise SettingsInvalid(f"target {settings.run.target} names its database itself; leave --database away")
    if not given and not database:
        manifest = manifest_of(entry_of(args))
        database = manifest.database
        if not database:
            raise RunNotFound(
                f"run {manifest.run_id} has no database of its own; name one: --database, --target, --dsn"
            )
    return Spec(settings=settings, plan=WATCH, who=who(), said=args.yes, database=database)


def _with_address(settings: Settings, dsn: str) -> Settings:
    """The settings with a target of that address, and it chosen."""
    targets = {**settings.targets, _GIVEN: TargetSettings(kind="postgres", dsn=dsn)}
    return msgspec.structs.replace(settings, targets=targets, run=msgspec.structs.replace(settings.run, target=_GIVEN))


def console(ready: Ready, settings: ConsoleSettings) -> int:
    """Show it until it is left, and say whether it has ended."""
    run = ready.run_id
    try:
        left = asyncio.run(show(ready.socket, ready.folder, settings))
    except LinkLost as error:
        return wrong(f"{error}; what it was doing is in {ready.folder}/engine.log", ExitCode.CRASHED)
    if left:
        say(left)
    if wait_for_end(ready.pid, _ENDS_WITHIN_S):
        say(f"the watch has ended; its recording: slotfill replay {run}")
    else:
        say(f"the watch goes on with its other consoles; slotfill attach {run}")
    return 0
