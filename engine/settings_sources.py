"""Where settings come from: defaults, config.toml, .env files, the environment, options; later ones win."""

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import time
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
from dotenv import dotenv_values

from engine.alert_rules import check_telling
from engine.bounds import check_bounds, shown
from engine.config import Settings, SettingsInvalid
from engine.thresholds import ThresholdInvalid, parsed

ENV_FILES = (".env", ".env.development", ".env.local")
"""In the platform's order, weakest first; none overrides the shell."""
MOST_ENV_BYTES = 1024 * 1024
"""Of one of them."""
ENV_PREFIX = "SLOTFILL_"
SECTIONS = (
    *("run", "fill", "assign", "create", "burst", "sweep", "allocator", "api", "flags"),
    *("embedded", "records", "observe", "observability", "webhook", "console", "production"),
)
THRESHOLDS = "thresholds"
"""The one section whose keys are names of figures."""
SEE_ALL = "slotfill config show lists every setting"
_SHORT = {
    f"{section}.{field}": field
    for section in ("run", "fill", "assign", "create", "burst")
    for field in Settings.__annotations__[section].__struct_fields__
}
LISTS = ("run.restaurants", "run.faults", "sweep.levels", "flags.auto_assign_retry_delays_ms")
"""Settings that are lists: their parts are given with commas between."""


_MOST_BYTES = 256 * 1024
"""Of config.toml: more than twenty times the one that comes along."""
_MOST_DOTS = 64
"""In a line of it: what a key of n parts costs to read grows with n squared, and 100,000 parts took 40 GB."""


class Sourced(msgspec.Struct, frozen=True):
    """Settings with where each value that is no default came from."""

    settings: Settings
    origins: dict[str, str]
    """By dotted key: `config.toml`, `.env.local`, `environment`, `preset first-run`, `option`."""


def config_file(wanted: str | None, cwd: Path, environ: Mapping[str, str]) -> Path | None:
    """The configuration file: the one asked for, `./config.toml`, or the one in $XDG_CONFIG_HOME; None for none.

    Raises SettingsInvalid when the one asked for is not there.
    """
    if wanted is not None:
        path = Path(wanted)
        if not _is_file(path):
            there = "it is no plain file" if os.path.lexists(path) else "there is no such file"
            raise SettingsInvalid(f"--config {shown(wanted)}: {there}; give the path of a config.toml")
        return path
    home = Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME") or "/") / ".config")
    for path in (cwd / "config.toml", home / "slotfill" / "config.toml"):
        if _is_file(path):
            return path
    return None


def _is_file(path: Path) -> bool:
    """Whether it is one; what nobody may look at, or no system could hold, is none."""
    try:
        return path.is_file()
    except OSError:
        return False


def shipped_config() -> Path:
    """The config.toml that comes along: every setting, documented, at its default, and the presets."""
    inside = Path(__file__).with_name("config.toml")
    return inside if inside.is_file() else Path(__file__).parent.parent / "config.toml"


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
    presets = _toml(shipped_config()).get("presets", {})
    if path is not None:
        own = _toml(path)
        presets = presets | _presets(own.pop("presets", {}), path.name)
        if isinstance(given := own.get("targets"), dict):
            # Whoever names a database of his own keeps the embedded one, and the API upon it.
            own["targets"] = msgspec.to_builtins(Settings().targets) | given
        _lay(values, origins, own, path.name)
        _convert(values, path.name)
    for name in ENV_FILES:
        if _is_file(cwd / name):
            _lay_environment(values, origins, _env_file(cwd / name), name)
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


def flat(settings: Settings) -> dict[str, str]:
    """Every setting by its dotted key, as text; targets and presets left out."""
    values = msgspec.to_builtins(settings)
    found = {f"{section}.{key}": _text(value) for section in SECTIONS for key, value in values[section].items()}
    return found | {f"{THRESHOLDS}.{name}": bound for name, bound in settings.thresholds.items()}


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


def _toml(path: Path) -> dict[str, Any]:
    name = shown(path.name)
    text = _read(path, _MOST_BYTES)
    for place, line in enumerate(text.splitlines(), start=1):
        if line.count(".") > _MOST_DOTS and not line.lstrip().startswith("#"):
            raise SettingsInvalid(f"{name} line {place} has more than {_MOST_DOTS} dots; cut the line into several")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsInvalid(f"{name} is not readable TOML: {shown(str(error))}; mend that line") from error
    except RecursionError as error:
        raise SettingsInvalid(f"{name} is nested too deep; no setting needs more than two tables") from error
    except ValueError as error:
        raise SettingsInvalid(f"{name} has a number that is too long to be read; give a shorter one") from error


def _read(path: Path, most: int) -> str:
    """A file's text, without the mark that some editors put before it. Raises SettingsInvalid."""
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
        if len(content) > most:
            raise SettingsInvalid(f"{shown(path.name)} has over {most // 1024} KB; a file of settings has less")
        return content.decode("utf-8-sig")
    except OSError as error:
        raise SettingsInvalid(f"{shown(path.name)} could not be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise SettingsInvalid(
            f"{shown(path.name)} could not be read: it is no UTF-8 text at byte {error.start}; save it as UTF-8"
        ) from error


def _presets(given: Any, origin: str) -> dict[str, dict[str, Any]]:
    """The presets of a file. Raises SettingsInvalid for what is no table of tables."""
    if not isinstance(given, dict) or not all(isinstance(one, dict) for one in given.values()):
        raise SettingsInvalid(
            f"{shown(origin)}: presets is no table of settings; write [presets.NAME.run] and the like"
        )
    return given


def _env_file(path: Path) -> dict[str, str]:
    try:
        text = StringIO(_read(path, MOST_ENV_BYTES))
        return {key: value for key, value in dotenv_values(stream=text, interpolate=False).items() if value is not None}
    except ValueError as error:
        # Its own word for an escape that names no character.
        raise SettingsInvalid(f"{path.name} could not be read: a value in it has an escape that is none") from error


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
    annotations = Settings.__annotations__
    known = annotations[section].__struct_fields__ if section in SECTIONS else ()
    if not found or key not in known:
        raise SettingsInvalid(f"{shown(origin)}: there is no setting {shown(dotted)}; {SEE_ALL}")
    wants_list = dotted in LISTS
    value: Any = [one.strip() for one in text.split(",") if one.strip()] if wants_list else text
    if text == "" and not wants_list:
        values.get(section, {}).pop(key, None)
    else:
        values.setdefault(section, {})[key] = value
    origins[dotted] = origin


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
        if found and key in values.get(section, {}):
            origin = (origins or {}).get(place, origin)
            where = "" if origin.startswith("option") or origin == place else f"{shown(origin)}: "
            value = given[section][key]
            value = shown(",".join(map(str, value)) if isinstance(value, list) else value)
            raise SettingsInvalid(f"{where}{place} = {value} does not do: {_wanted(text)}") from error
        where = f" in [{shown(place)}]" if found else ""
        raise SettingsInvalid(f"{shown(origin)}: {shown(text)}{where}; {SEE_ALL}") from error
    check_bounds(settings)
    return settings


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


def check(settings: Settings) -> None:
    """Whether the settings can make a run, as far as settings alone can tell. Raises SettingsInvalid."""
    run, fill = settings.run, settings.fill
    if not 1 <= run.concurrency <= 256:
        what = "starts nobody" if run.concurrency < 1 else "is more than a run takes"
        raise SettingsInvalid(f"concurrency = {run.concurrency} {what}; give 1 to 256")
    if run.rate is not None and not 0 < run.rate <= 100_000:
        raise SettingsInvalid(f"rate = {run.rate:g} is no pace; give attempts a second above 0, or leave it out")
    if run.retries < 0 or run.retries > 20:
        raise SettingsInvalid(f"retries = {run.retries} is no number of tries; give 0 to 20")
    if not 1 <= run.repeat <= 1_000:
        raise SettingsInvalid(f"repeat = {run.repeat} is no number of runs; give 1 to 1000")
    if run.together < 1:
        raise SettingsInvalid(f"together = {run.together} makes nothing due; give 1 or more")
    if fill.min_party < 1:
        raise SettingsInvalid(f"min-party = {fill.min_party} is nobody; give 1 or more")
    if fill.min_party > fill.max_party:
        raise SettingsInvalid(
            f"min-party = {fill.min_party} is above max-party = {fill.max_party}; swap them or raise max-party"
        )
    if fill.start > fill.end:
        raise SettingsInvalid(
            f"the window {_hour(fill.start)} to {_hour(fill.end)} ends before it starts; give --start before --end"
        )
    if not 1 <= fill.interval_min <= 24 * 60:
        raise SettingsInvalid(f"interval = {fill.interval_min} minutes makes no grid; give 1 to 1440")
    if fill.stress_max < 1:
        raise SettingsInvalid(f"stress-max = {fill.stress_max} books nothing; give 1 or more")
    if not 1 <= fill.days <= 366:
        raise SettingsInvalid(f"days = {fill.days} is no span; give 1 to 366")
    _check_plans(settings)
    if run.step_timeout_s <= 0:
        raise SettingsInvalid(f"step_timeout_s = {run.step_timeout_s:g} would time out at once; give seconds above 0")
    if run.hold_ttl_s <= 0:
        raise SettingsInvalid(
            f"hold_ttl_s = {run.hold_ttl_s:g} makes holds that are over at once; give seconds above 0"
        )
    if not run.restaurants:
        raise SettingsInvalid('restaurants = [] names nobody; give a slug, or "all"')
    if not 0 <= settings.observe.waits_hz <= 20:
        raise SettingsInvalid(
            f"waits_hz = {settings.observe.waits_hz:g} is no number of looks a second; give 0 for none, or up to 20"
        )
    try:
        parsed(settings.thresholds)
    except ThresholdInvalid as error:
        raise SettingsInvalid(str(error)) from error
    check_telling(settings)
    if settings.records.journal_fsync not in ("batched", "each"):
        raise SettingsInvalid(f"journal_fsync = {settings.records.journal_fsync}: give batched or each")


def _check_plans(settings: Settings) -> None:
    assign, create, burst = settings.assign, settings.create, settings.burst
    if assign.max_iterations < 1:
        raise SettingsInvalid(f"max-iterations = {assign.max_iterations} assigns nothing; give 1 or more")
    if assign.passes < 0:
        raise SettingsInvalid(f"passes = {assign.passes} is no number of passes; give 1 or more, or 0 for the loop")
    if create.count < 1:
        raise SettingsInvalid(f"count = {create.count} makes nothing; give 1 or more")
    if not 1 <= create.max_tables <= 5:
        raise SettingsInvalid(f"create.max_tables = {create.max_tables} is no rung; give 1 to 5")
    if not 1 <= settings.allocator.max_tables <= 5:
        raise SettingsInvalid(f"allocator.max_tables = {settings.allocator.max_tables} is no limit; give 1 to 5")
    if settings.allocator.max_overage < 0:
        raise SettingsInvalid(f"allocator.max_overage = {settings.allocator.max_overage} seats nobody; give 0 or more")
    if burst.requests < 1:
        raise SettingsInvalid(f"requests = {burst.requests} asks for nothing; give 1 or more")
    if not 0 <= burst.duplicates < burst.requests:
        raise SettingsInvalid(
            f"duplicates = {burst.duplicates} of {burst.requests} requests leaves nobody to repeat; "
            f"give 0 to {burst.requests - 1}"
        )


def check_sweep(settings: Settings) -> None:
    """Whether the settings can make a sweep. Raises SettingsInvalid."""
    sweep = settings.sweep
    if not sweep.levels:
        raise SettingsInvalid("levels = [] runs nothing; give workers, such as --levels 1,4,8,15")
    for level in sweep.levels:
        if not 1 <= level <= 256:
            raise SettingsInvalid(f"levels: {level} is no number of workers; give 1 to 256 each")
    if len(set(sweep.levels)) < len(sweep.levels):
        raise SettingsInvalid(f"levels = {_text(sweep.levels)} names one twice; --repeat N runs each N times")
    if sweep.seconds < 0:
        raise SettingsInvalid(f"sweep.seconds = {sweep.seconds:g} is no length; give seconds, or 0 for the whole plan")
    if sweep.experiment not in ("auto", "on", "off"):
        raise SettingsInvalid(f"sweep.experiment = {sweep.experiment}: give auto, on or off")
    if not 0 <= sweep.laps <= 60:
        raise SettingsInvalid(f"sweep.laps = {sweep.laps} is no number of laps; give 1 to 60, or 0 for what is needed")
    if not 1 <= sweep.delay_ms <= 60_000:
        raise SettingsInvalid(f"sweep.delay_ms = {sweep.delay_ms} is no delay; give 1 to 60000")
    if settings.run.rate is not None:
        raise SettingsInvalid(
            f"rate = {settings.run.rate:g} fixes what a sweep measures; leave it out, or use run with that rate"
        )


def _hour(value: time) -> str:
    return value.strftime("%H:%M")


def current_environment() -> Mapping[str, str]:
    """The process's own environment."""
    return os.environ
