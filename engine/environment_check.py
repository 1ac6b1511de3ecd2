"""The check of an environment: everything looked at, every text masked, and what it means for a run."""

import asyncio
from typing import Any

import msgspec

from engine.base_url import api_of, base_url_of
from engine.config import Settings, TargetSettings
from engine.dangers import dangers, reference_flags, scrubbed, secrets_of, variables_found
from engine.environment import Environment
from engine.exit_code import ExitCode
from engine.model.environment import (
    ApiFound,
    Danger,
    DatabaseFound,
    EnvironmentChecked,
    Group,
    Standing,
    VariableFound,
)
from engine.redact import mask
from engine.same_place import PlaceInvalid, place
from engine.surroundings import database_of, dsn_of
from engine.variables import Form


async def check(
    settings: Settings, target: TargetSettings, environment: Environment, *, fallback: bool, guard: str = ""
) -> EnvironmentChecked:
    """Look at everything. Writes nothing and raises nothing for what it finds; the exit code is in the answer.

    `guard` is why the guards let nobody write to this target; empty where they would.
    """
    values = environment.values
    dsn, base_url = dsn_of(target, values)[0], base_url_of(target, values)[0]
    listed = dangers(environment, settings, dsn=dsn, base_url=base_url)
    used = {name: Form.DSN for name in (target.dsn_env,) if name}
    used |= {name: Form.URL for name in (target.base_url_env,) if name}
    variables = tuple(variables_found(environment, listed, used))
    api, database = await asyncio.gather(
        api_of(target, values, fallback=fallback), database_of(settings, target, values)
    )
    secrets = secrets_of(environment, dsn, base_url)
    api = msgspec.convert(_clean(msgspec.to_builtins(api), secrets), ApiFound)
    database = msgspec.convert(_clean(msgspec.to_builtins(database), secrets), DatabaseFound)
    code, verdict = _verdict(settings, target, variables, listed, (api, database))
    if guard and code is ExitCode.PASSED:
        code, verdict = ExitCode.REFUSED, (f"refused: {mask(scrubbed(guard, secrets))}", *verdict[1:])
    return EnvironmentChecked(
        target=settings.run.target,
        kind=target.kind,
        files=environment.files,
        variables=variables,
        dangers=listed,
        reference_flags=reference_flags(settings),
        api=api,
        database=database,
        verdict=verdict,
        exit_code=int(code),
    )


def _verdict(
    settings: Settings,
    target: TargetSettings,
    variables: tuple[VariableFound, ...],
    listed: tuple[Danger, ...],
    reached: tuple[ApiFound, DatabaseFound],
) -> tuple[ExitCode, tuple[str, ...]]:
    """The exit code and why, the weightiest first: danger, then what is malformed, then what cannot be reached."""
    name = settings.run.target
    refused = [one for one in listed if one.refuses and not (one.is_production and target.allow_remote)]
    needed = {target.dsn_env, target.base_url_env} - {""}
    bad = [one for one in variables if (one.group is Group.NEEDED or one.name in needed) and not one.is_usable]
    is_ours = target.kind == "embedded" or not (needed or target.dsn or target.base_url)
    # Whoever has some of the platform's needed variables means to have them all; nobody's own ground needs any.
    has_some = any(one.group is Group.NEEDED and one.standing is not Standing.MISSING for one in variables)
    wrong = [
        one for one in bad if one.standing is not Standing.MISSING or one.name in needed or (has_some and not is_ours)
    ]
    malformed = [f"{one.standing}: {one.name} {_why(one)}" for one in wrong]
    malformed += [
        f"malformed: {key} of target {name} {why}"
        for key, text in (("dsn", target.dsn), ("base_url", target.base_url))
        if text and (why := _unreadable(text))
    ]
    lines = [f"dangerous: {one.reason}" for one in refused] + malformed
    away = list(_away(name, *reached))
    lines += away
    weighed = ((refused, ExitCode.REFUSED), (malformed, ExitCode.USAGE), (away, ExitCode.UNREACHABLE))
    code = next((code for there, code in weighed if there), ExitCode.PASSED)
    if code is ExitCode.PASSED:
        lines.append(f"usable: nothing speaks against working with target {name}")
    lines += [
        f"allowed by allow_remote of the target: {one.reason}" for one in listed if one.refuses and one not in refused
    ]
    lines += [f"a warning: {one.reason}" for one in listed if not one.refuses]
    others = [one.name for one in variables if one.standing is Standing.MALFORMED and one not in wrong]
    if others:
        lines.append(f"malformed, and not needed by target {name}: {', '.join(others)}")
    api = reached[0]
    if api.trouble and not api.is_used:
        lines.append(f"{api.named_by} names an API that cannot be reached; target {name} does not use it")
    if api.note.startswith("FALLBACK"):
        lines.append("the local address stands in for the API; so it does in a run with --fallback-local")
    return code, tuple(lines)


def _unreadable(text: str) -> str:
    try:
        place(text)
    except PlaceInvalid as error:
        return str(error)
    return ""


def _why(one: VariableFound) -> str:
    return "; ".join(one.reasons).removeprefix("it ") if one.reasons else "is not set; set it"


def _away(name: str, api: ApiFound, database: DatabaseFound) -> list[str]:
    lines = []
    if api.is_used and api.trouble:
        lines.append(
            f"unreachable: the API of target {name}, {api.base_url or api.named_by}, {api.trouble}; "
            "mend that, or give --fallback-local"
        )
    elif api.is_used and not api.is_alive:
        lines.append(f"unfit: the API of target {name}, {api.base_url}: {api.note}")
    if database.is_used and database.trouble:
        lines.append(f"unreachable: the database of target {name}: {database.trouble}")
    lines += [f"unfit: {one}" for one in database.unfit]
    if database.is_used and database.free == 0:
        lines.append("unfit: the server has no connection left for this role; end some, or raise the limit")
    return lines


def _clean(value: Any, secrets: tuple[str, ...]) -> Any:
    """What others said, without secrets: the environment's own, and all that looks like one."""
    if isinstance(value, str):
        return mask(scrubbed(value, secrets))
    if isinstance(value, dict):
        return {key: _clean(inner, secrets) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(inner, secrets) for inner in value]
    return value
