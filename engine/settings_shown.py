"""Settings as text, by their dotted keys."""

import re

import msgspec

from engine.alert_rules import USUAL, laid_over
from engine.config import Settings, TargetSettings
from engine.settings_sources import SECTIONS, THRESHOLDS, Sourced


def flat(settings: Settings) -> dict[str, str]:
    """Every setting by its dotted key, as text; targets and presets left out."""
    values = msgspec.to_builtins(settings)
    found = {f"{section}.{key}": _text(value) for section in SECTIONS for key, value in values[section].items()}
    return found | {f"{THRESHOLDS}.{name}": bound for name, bound in settings.thresholds.items()}


class Shown(msgspec.Struct, frozen=True):
    """One setting, and where its value came from."""

    key: str
    value: str
    origin: str
    usual: bool = False
    """A field of a target or a rule that is as in any other: lists for people leave it out."""


def everything(known: Sourced) -> list[Shown]:
    """Every setting there is, those of each target and of each alert rule too."""
    found = [Shown(key, value, known.origins.get(key, "default")) for key, value in flat(known.settings).items()]
    plain = TargetSettings(kind="")
    for name, target in known.settings.targets.items():
        origin = known.origins.get(f"targets.{name}", "default")
        found += _fields(f"targets.{name}", msgspec.structs.asdict(target), msgspec.structs.asdict(plain), origin)
    usual = msgspec.structs.asdict(USUAL) | {"severity": None}
    for name, rule in laid_over(known.settings).items():
        given = msgspec.structs.asdict(known.settings.alerts[name]) if name in known.settings.alerts else {}
        origin = known.origins.get(f"alerts.{name}", "default")
        for one in _fields(f"alerts.{name}", msgspec.structs.asdict(rule), usual, origin):
            is_given = given.get(one.key.rpartition(".")[2]) is not None
            found.append(one if is_given else msgspec.structs.replace(one, origin="default"))
    return found


def _fields(table: str, values: dict[str, object], usual: dict[str, object], origin: str) -> list[Shown]:
    return [
        Shown(f"{table}.{field}", _text(value), origin, usual=value == usual[field]) for field, value in values.items()
    ]


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str() if re.fullmatch(r"\d\d:\d\d:00", value):
            return value[:5]
        case list() | tuple():
            return ",".join(str(one) for one in value)
        case _:
            return str(value)
