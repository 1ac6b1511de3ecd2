"""`slotfill config`: settings with where each came from, or a JSON Schema."""

from argparse import Namespace
from typing import Any

import msgspec

from engine.config import Settings
from engine.exit_code import ExitCode
from engine.model.report import Result
from engine.redact import mask
from engine.settings_sources import flat
from engine.thresholds import figures
from tui.verbs.speak import SettingsInvalid, say, say_json, sourced, wrong


def main(args: Namespace) -> int:
    """Print settings or a schema."""
    if args.what == "schema":
        say_json(msgspec.json.schema(Result) if args.result else _schema())
        return 0
    try:
        known = sourced(args)
    except SettingsInvalid as error:
        return wrong(str(error), ExitCode.USAGE)
    values = {key: mask(value) for key, value in flat(known.settings).items()}
    if args.json:
        say_json({key: {"value": value, "from": known.origins.get(key, "default")} for key, value in values.items()})
        return 0
    width = max(len(key) for key in values)
    for key, value in values.items():
        say(f"{key:<{width}}  {value or '-':<32}  {known.origins.get(key, 'default')}")
    return 0


def _schema() -> dict[str, Any]:
    """Of config.toml, with the names of all figures that a threshold may be set on."""
    schema: dict[str, Any] = msgspec.json.schema(Settings)
    named = schema["$defs"]["Settings"]["properties"]["thresholds"]
    named["propertyNames"] = {"enum": list(figures())}
    return schema
