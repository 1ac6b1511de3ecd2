"""Where settings come from: defaults, config.toml, .env files, the environment, options; later ones win."""

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from engine.bounds import check_bounds, shown
from engine.config import AlertSettings, Settings, SettingsInvalid
from engine.settings_files import ENV_FILES, config_file, env_file, is_file, presets_of, shipped_config, toml

ENV_PREFIX = "SLOTFILL_"
SECTIONS = (
    *("run", "fill", "assign", "create", "burst", "sweep", "allocator", "api", "flags"),
    *("embedded", "records", "observe", "observability", "webhook", "console", "production"),
)
THRESHOLDS = "thresholds"
"""The one section whose keys are names of figures."""
ALERTS = "alerts"
"""And the one whose tables are rules."""
SEE_ALL = "slotfill config show lists every setting"
_SHORT = {
    f"{section}.{field}": field
    for section in ("run", "fill", "assign", "create", "burst")
    for field in Settings.__annotations__[section].__struct_fields__
}
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
LISTS = ("run.restaurants", "run.faults", "sweep.levels", "flags.auto_assign_retry_delays_ms")
"""Settings that are lists: their parts are given with commas between."""


class Sourced(msgspec.Struct, frozen=True):
    """Settings with where each value that is no default came from."""

    settings: Settings
    origins: dict[str, str]
    """By dotted key: `config.toml`, `.env.local`, `environment`, `preset first-run`, `option`."""


def load(
    *,
    config: str | None,
    preset: str | None,
    options: Sequence[str],
    cwd: Path,
    environ: Mapping[str, str],
) -> Sourced:
    """Settings from all sources. `options` are `dotted.key=value`. Raises SettingsInvalid with one sentence."""
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    path = config_file(config, cwd, environ)
    presets = toml(shipped_config()).get("presets", {})
    if path is not None:
        own = toml(path)
        presets = presets | presets_of(own.pop("presets", {}), path.name)
        if isinstance(own.get("targets"), dict):
            # Whoever names a database of his own keeps the embedded one, and the API upon it.
            values["targets"] = msgspec.to_builtins(Settings().targets)
        _lay(values, origins, own, path.name)
        _convert(values, path.name)
    for name in ENV_FILES:
        if is_file(cwd / name):
            _lay_environment(values, origins, env_file(cwd / name), name)
    _lay_environment(values, origins, environ, "environment")
    if preset is not None:
        if preset not in presets:
            known = shown(", ".join(sorted(presets)) or "none")
            raise SettingsInvalid(f"--preset {shown(preset)}: there is no such preset (known: {known})")
        _lay(values, origins, presets[preset], f"preset {preset}")
    for option in options:
        key, found, value = option.partition("=")
        if not found:
            raise SettingsInvalid(f"--set {shown(option)}: give KEY=VALUE, such as run.concurrency=8")
        _put(values, origins, full_key(key), value, f"option {shown(key)}")
    return Sourced(_convert(values, "settings", origins), origins)


def full_key(key: str) -> str:
    """A dotted key, also for the short form of a run's or a plan's settings: `concurrency` is `run.concurrency`.

    Where two plans have a setting of one name, the short form means the first one's.
    """
    return next((dotted for dotted, short in _SHORT.items() if key == short), key)


def with_value(settings: Settings, key: str, value: str) -> Settings:
    """The settings with one value changed, given as text. Raises SettingsInvalid."""
    values: dict[str, Any] = msgspec.to_builtins(settings)
    _put(values, {}, full_key(key), value, key)
    return _convert(values, key)


def _lay(values: dict[str, Any], origins: dict[str, str], new: Mapping[str, Any], origin: str) -> None:
    for section, content in new.items():
        if not isinstance(content, Mapping):
            raise SettingsInvalid(
                f"{shown(origin)}: {shown(section)} = {shown(content)} stands outside a table; "
                "put it under [run] or another"
            )
        for key, value in (_named(content) if section == THRESHOLDS else content).items():
            values.setdefault(section, {})[key] = value
            origins[f"{section}.{key}"] = origin


def _named(content: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Names with dots in them, whether TOML was given quotes or made tables of them."""
    found: dict[str, Any] = {}
    for key, value in content.items():
        found |= _named(value, f"{before}{key}.") if isinstance(value, Mapping) else {f"{before}{key}": value}
    return found


def _lay_environment(values: dict[str, Any], origins: dict[str, str], environ: Mapping[str, str], origin: str) -> None:
    """SLOTFILL_<SECTION>_<KEY>, such as SLOTFILL_RUN_CONCURRENCY; and SLOTFILL_RUNS for the runs' folder."""
    for name, value in environ.items():
        if name == "SLOTFILL_RUNS":
            _put(values, origins, "records.runs", value, origin)
        elif name.startswith(ENV_PREFIX):
            section, _, key = name.removeprefix(ENV_PREFIX).lower().partition("_")
            if section in SECTIONS and key:
                _put(values, origins, f"{section}.{key}", value, origin)


def _put(values: dict[str, Any], origins: dict[str, str], dotted: str, text: str, origin: str) -> None:
    section, found, key = dotted.partition(".")
    if section == THRESHOLDS and key:
        values.setdefault(section, {})[key] = text
        origins[dotted] = origin
        return
    if section == ALERTS:
        _put_rule(values, origins, key, text, origin)
        return
    if section == "targets":
        raise SettingsInvalid(f"{shown(origin)}: a target is written in config.toml, as a table [targets.NAME]")
    annotations = Settings.__annotations__
    known = annotations[section].__struct_fields__ if section in SECTIONS else ()
    if not found or key not in known:
        raise SettingsInvalid(f"{shown(origin)}: {_unknown(dotted)}")
    wants_list = dotted in LISTS
    value: Any = [one.strip() for one in text.split(",") if one.strip()] if wants_list else text
    if text == "" and not wants_list:
        values.get(section, {}).pop(key, None)
    else:
        values.setdefault(section, {})[key] = value
    origins[dotted] = origin


def _put_rule(values: dict[str, Any], origins: dict[str, str], key: str, text: str, origin: str) -> None:
    """One field of an alert rule, `NAME.FIELD`."""
    name, _, field = key.rpartition(".")
    if not name or field not in AlertSettings.__struct_fields__:
        fields = ", ".join(AlertSettings.__struct_fields__)
        there = f"there is no setting {shown(f'{ALERTS}.{key}')}"
        raise SettingsInvalid(f"{shown(origin)}: {there}; give {ALERTS}.RULE.FIELD with one of {fields}")
    rule = values.setdefault(ALERTS, {}).setdefault(name, {})
    if not isinstance(rule, dict):
        raise SettingsInvalid(f"{ALERTS}.{shown(name)} = {shown(rule)} is no rule; write [{ALERTS}.NAME]")
    rule[field] = text or None
    origins[f"{ALERTS}.{name}"] = origin


def _convert(values: dict[str, Any], origin: str, origins: Mapping[str, str] | None = None) -> Settings:
    # HH:MM is how people write a time; the wire form wants seconds.
    given = values
    fill = values.get("fill")
    if isinstance(fill, dict):
        values = {**values, "fill": {key: _clock_time(value) for key, value in fill.items()}}
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except RecursionError as error:
        raise SettingsInvalid(f"{shown(origin)} is nested too deep; no setting needs more than two tables") from error
    except UnicodeEncodeError as error:
        raise SettingsInvalid(f"{shown(origin)}: a value holds a byte that is no UTF-8; give it without") from error
    except msgspec.ValidationError as error:
        text, found, place = str(error).partition(" - at `$.")
        place = place.rstrip("`")
        # Of a list all of it is told, and of tables the one that does not do.
        place = re.sub(r"\[\d+\]$", "", place)
        if "[...]" in place:
            place = place.replace("[...]", f".{_at_fault(values, place.partition('[')[0])}")
        section, _, key = place.partition(".")
        unknown = _UNKNOWN.fullmatch(text)
        table = given.get(section, {})
        name, _, field = key.rpartition(".")
        if key not in table and isinstance(table.get(name), dict):
            # Of a target, or of a rule.
            table, key = table[name], field
        if found and key in table and unknown is None:
            origin = (origins or {}).get(place, (origins or {}).get(f"{section}.{name}", origin))
            where = "" if origin.startswith("option") or origin == place else f"{shown(origin)}: "
            value = table[key]
            value = shown(",".join(map(str, value)) if isinstance(value, list) else value)
            raise SettingsInvalid(f"{where}{place} = {value} does not do: {_wanted(text)}") from error
        if unknown is not None:
            raise SettingsInvalid(
                f"{shown(origin)}: {_unknown('.'.join(filter(None, (place, unknown[1]))))}"
            ) from error
        where = f" in [{shown(place)}]" if found else ""
        raise SettingsInvalid(f"{shown(origin)}: {shown(text)}{where}; {SEE_ALL}") from error
    check_bounds(settings)
    return settings


def _unknown(dotted: str) -> str:
    """That there is no setting of that name, and which one may have been meant."""
    keys = (*(f"{one}.{key}" for one in SECTIONS for key in Settings.__annotations__[one].__struct_fields__), *SECTIONS)
    near = difflib.get_close_matches(dotted[:100], keys, 1, 0.75)
    return f"there is no setting {shown(dotted)}; {f'did you mean {near[0]}?' if near else SEE_ALL}"


def _at_fault(values: dict[str, Any], section: str) -> str:
    """The first of a section's tables, or figures, that does not do by itself."""
    for name, one in values[section].items():
        try:
            msgspec.convert({section: {name: one}}, Settings, strict=False)
        except msgspec.ValidationError:
            return str(name)
    return "…"


def _wanted(text: str) -> str:
    """msgspec's words for what it wants, in words of ours."""
    for theirs, ours in (
        ("Expected `int", "give a whole number"),
        ("Expected `float", "give a number"),
        ("Expected `bool", "give true or false"),
        ("Expected `str", "give a text in quotes"),
        ("Expected `array", 'give a list: ["a", "b"]'),
        ("Expected `object", "give a table"),
        ("Expected `date", "give a date as YYYY-MM-DD"),
        ("Expected `time", "give a time as HH:MM"),
        ("Invalid RFC3339 encoded time", "give a time as HH:MM"),
        ("Invalid RFC3339 encoded date", "give a date as YYYY-MM-DD"),
    ):
        if text.startswith(theirs):
            return ours
    return text


def _clock_time(value: Any) -> Any:
    if isinstance(value, str) and len(value) == 5 and value[2] == ":":
        return f"{value}:00"
    return value


def current_environment() -> Mapping[str, str]:
    """The process's own environment."""
    return os.environ
