"""`slotfill env check`: the environment, the API and the database of a target on one page. Nothing is written."""

import asyncio
import os
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from engine.environment import read
from engine.environment_check import check
from engine.exit_code import ExitCode
from engine.local_only import obey
from engine.model.environment import ApiFound, DatabaseFound, EnvironmentChecked, Group, Standing, VariableFound
from engine.safety import GuardRefused, target_of
from tui.verbs.speak import SettingsInvalid, say, say_json, settings_of, wrong

_MARKS = {Standing.SET: " ", Standing.MISSING: " ", Standing.MALFORMED: "!", Standing.DANGEROUS: "!"}


def main(args: Namespace) -> int:
    """Check: 0 usable, 2 a needed variable is malformed, 3 something needed is away or unfit, 4 dangerous."""
    # Where nobody may leave this machine, what is elsewhere is told as such, and nothing is sent to it.
    obey()
    guard = ""
    try:
        settings = settings_of(args)
        environment = read(Path.cwd(), os.environ)
        # Deliberately no refusal yet: this page is where one sees what there is to mend.
        try:
            target_of(settings, environment.values)
        except GuardRefused as error:
            if settings.run.target not in settings.targets:
                raise
            guard = str(error)
    except SettingsInvalid as error:
        return wrong(str(error), ExitCode.USAGE)
    except GuardRefused as error:
        return wrong(str(error), ExitCode.REFUSED)
    target = settings.targets[settings.run.target]
    fallback = bool(getattr(args, "fallback_local", False))
    found = asyncio.run(check(settings, target, environment, fallback=fallback, guard=guard))
    if args.json:
        say_json(found)
    else:
        for line in page(found):
            say(line)
    return found.exit_code


def page(found: EnvironmentChecked) -> Iterator[str]:
    """The whole page."""
    yield f"target {found.target}, of kind {found.kind}"
    yield "\nFILES READ, weakest first; the shell outweighs them all"
    for file in found.files:
        yield f"    {file.name:<18} {f'{file.variables} variables' if file.is_there else 'not there'}"
        yield from (f"  ! {'':<18} {one}" for one in file.trouble)
    yield "\nVARIABLES"
    yield from _table([one for one in found.variables if one.group is not Group.FLAG])
    yield "\nFLAGS of the platform, as this environment sets them"
    yield from _table([one for one in found.variables if one.group is Group.FLAG])
    told = ", ".join(f"{name}={value}" for name, value in found.reference_flags.items())
    yield f"    the reference platform runs with [flags]: {told}"
    yield "\nAPI"
    yield from _api(found.api)
    yield "\nDATABASE"
    yield from _database(found.database)
    yield "\nVERDICT"
    yield from (f"    {one}" for one in found.verdict)
    yield f"    exit code {found.exit_code}"


def _table(variables: list[VariableFound]) -> Iterator[str]:
    width = max((len(one.name) for one in variables), default=0)
    for one in variables:
        value = one.shown or (f"({one.default})" if one.default and not one.origin else "-")
        line = f"  {_MARKS[one.standing]} {one.name:<{width}}  {one.standing:<9}  {value:<24}  {one.origin}"
        yield line.rstrip()
        yield from (f"    {'':<{width}}  {reason}" for reason in one.reasons)
        if one.hidden:
            yield f"    {'':<{width}}  {', '.join(one.hidden)} has another value, which does not count"


def _api(api: ApiFound) -> Iterator[str]:
    if api.base_url or api.named_by:
        unused = "" if api.is_used else "; the target does not use it"
        yield f"    {api.base_url or '-'}, named by {api.named_by}{unused}"
    if api.addresses:
        yield f"    resolves to {', '.join(api.addresses)}"
    if api.status is not None:
        trip = f", round trip {_ms(api.round_trip_ns)}" if api.round_trip_ns is not None else ""
        yield f"    {'alive' if api.is_alive else 'not alive'}: status {api.status}{trip}"
    if api.trouble:
        yield f"  ! it {api.trouble}"
    if api.note:
        yield f"    {api.note}"


def _database(found: DatabaseFound) -> Iterator[str]:
    if found.where or found.named_by:
        yield f"    {found.where or '-'}, named by {found.named_by}"
    if found.note:
        yield f"    {found.note}"
    if found.trouble:
        yield f"  ! {found.trouble}"
    if not found.is_reached:
        if found.server:
            yield f"    PostgreSQL {found.server}"
        return
    yield f"    PostgreSQL {found.server}, database {found.database}, as {found.role}"
    yield f"    rights: {'; '.join(found.rights)}"
    told = ", ".join(f"{one.name} {one.version} ({one.schema_name})" for one in found.extensions)
    yield f"    extensions: {told or 'none'}"
    pool = "a transaction pooler stands between" if found.is_pooled else "no transaction pooler: sessions are kept"
    yield f"    pool mode: {pool}"
    if found.connections is not None:
        room = found.connections
        ours = "" if found.budget is None else f", of which a remote target's budget is {found.budget}"
        yield (
            f"    connections: {room.max_connections} at most, {room.reserved} reserved, {room.used} used by others, "
            f"{found.free} free for us{ours}"
        )
    if found.limits is not None:
        yield from (
            f"    {words} has a limit of {limit} connections of its own"
            for words, limit in (("the role", found.limits.role_limit), ("the database", found.limits.database_limit))
            if limit is not None
        )
        yield f"    idle in transaction: {found.limits.idle_in_transaction}"
    zone = f"sessions begin in {found.time_zone}" if found.time_zone else "no other than the server's is set"
    yield (
        f"    clock: {_ms(found.clock_offset_ns, sign='+')} from ours, within {_ms(found.clock_error_ns)}; "
        f"round trip {_ms(found.round_trip_ns)}"
    )
    yield f"    time zone: {zone}; slotfill's sessions are in UTC"
    if found.is_marked is not None:
        yield f"    slotfill's marker: {'there, for this very database' if found.is_marked else 'not there'}"
    yield f"    {'fit' if found.is_fit else 'UNFIT: it does not speak the contract of the booking platform'}"
    yield from (f"  ! {one}" for one in found.unfit)
    yield from (f"    slotfill adapts: {one}" for one in found.adaptations)
    yield from (f"    a known fault is here: {one}" for one in found.notes)


def _ms(value_ns: int | None, sign: str = "") -> str:
    return "?" if value_ns is None else f"{value_ns / 1e6:{sign}.2f} ms"
