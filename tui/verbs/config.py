"""`slotfill config`: settings with where each came from, or a JSON Schema."""

from argparse import Namespace
from typing import Any

import msgspec

from engine.config import Settings
from engine.exit_code import ExitCode
from engine.model.report import Result
from engine.redact import mask
from engine.settings_check import check
from engine.settings_shown import everything
from engine.thresholds import figures
from tui.verbs.speak import SettingsInvalid, say, say_json, sourced, tell, wrong


def main(args: Namespace) -> int:
    """Print settings or a schema."""
    if args.what == "schema":
        say_json(msgspec.json.schema(Result) if args.result else _schema())
        return 0
    try:
        known = sourced(args)
    except SettingsInvalid as error:
        return wrong(str(error), ExitCode.USAGE)
    try:
        check(known.settings)
    except SettingsInvalid as error:
        # Shown all the same: whoever looks for what is wrong wants to see where it comes from.
        tell(f"no run begins with these: {error}")
    settings = everything(known)
    if args.json:
        say_json({one.key: {"value": mask(one.value), "from": one.origin} for one in settings})
        return 0
    wanted = [one for one in settings if not one.usual]
    width = max(len(one.key) for one in wanted)
    for one in wanted:
        say(f"{one.key:<{width}}  {mask(one.value) or '-':<32}  {one.origin}")
    tell("fields of targets and alert rules that are as usual are left out; --json has every one")
    return 0


def _schema() -> dict[str, Any]:
    """Of config.toml, with the names of all figures that a threshold may be set on."""
    schema: dict[str, Any] = msgspec.json.schema(Settings)
    named = schema["$defs"]["Settings"]["properties"]["thresholds"]
    named["propertyNames"] = {"enum": list(figures())}
    return schema
