"""`slotfill pause|resume|stop|next-pass|set`: one act on a live run, from another terminal or a script."""

import asyncio
from argparse import Namespace

from engine.exit_code import ExitCode
from engine.front import AnswerLost
from engine.model.command import Answer, Command, Verb
from tui.verbs.reach import LinkLost, RunNotFound, door_of, entry_of
from tui.verbs.speak import SettingsInvalid, say, say_json, who, wrong

VERBS = {
    "pause": Verb.PAUSE,
    "resume": Verb.RESUME,
    "stop": Verb.STOP,
    "set": Verb.SET,
    "next-pass": Verb.NEXT_PASS,
}


def main(args: Namespace) -> int:
    """Send it and say what the run answered. Returns 2 when it was not done."""
    wanted = "last"
    arguments: tuple[str, ...] = ()
    if args.verb == "set":
        words = list(args.words)
        if "=" not in words[0]:
            wanted = words.pop(0)
        if not words:
            return wrong("nothing to set; give KEY=VALUE, such as concurrency=12", ExitCode.USAGE)
        arguments = tuple(words)
    else:
        wanted = args.run
    try:
        answer = asyncio.run(_send(args, wanted, Command(VERBS[args.verb], arguments)))
    except (SettingsInvalid, RunNotFound) as error:
        return wrong(str(error), ExitCode.USAGE)
    except AnswerLost as error:
        return wrong(f"{error}; {args.verb} was sent, and may be done all the same", ExitCode.UNREACHABLE)
    except LinkLost as error:
        return wrong(str(error), ExitCode.UNREACHABLE)
    if args.json:
        say_json(answer)
    elif answer.done:
        say(answer.text)
    if not answer.done:
        return wrong(answer.text, ExitCode.USAGE)
    return 0


async def _send(args: Namespace, wanted: str, command: Command) -> Answer:
    door = await door_of(entry_of(args, wanted))
    try:
        return await door.act(command, who())
    finally:
        await door.close()
