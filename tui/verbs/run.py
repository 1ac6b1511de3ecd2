"""`slotfill run`: start an engine, then watch it: with the console in a terminal, with progress lines elsewhere."""

import asyncio
from argparse import Namespace

from engine.exit_code import ExitCode
from engine.launch import launch
from engine.opening import CannotBegin, check_spec
from engine.spec import NotReady, Spec
from tui.verbs.speak import SettingsInvalid, has_screen, settings_of, who, wrong


def main(args: Namespace) -> int:
    """Start a run and stay with it. Returns its exit code, or 0 when it was left before its end."""
    if args.data != "white-horse":
        return wrong(f"--data {args.data}: this version has white-horse only", ExitCode.USAGE)
    try:
        settings = settings_of(args)
        headless = args.headless or args.json or not has_screen()
        spec = Spec(settings=settings, plan=args.plan, who=who(), fresh=not args.no_reset)
        check_spec(spec)
    except SettingsInvalid as error:
        return wrong(str(error), ExitCode.USAGE)
    except CannotBegin as error:
        return wrong(str(error), error.exit_code)
    said = launch(spec)
    if isinstance(said, NotReady):
        return wrong(said.text, ExitCode(said.exit_code))
    if headless:
        from tui.headless import watch  # noqa: PLC0415 - each face is loaded only when it is wanted

        return asyncio.run(watch(said, as_json=args.json))
    from tui.verbs.attach import console  # noqa: PLC0415

    return console(said.socket, said.folder, said.run_id, settings.console, watch=False)
