"""The booking API of a target: where it is, whether it answers, and the local one in its stead where that was said."""

import asyncio
import json
import socket
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import msgspec

from engine.config import TargetSettings
from engine.environment import BASE_URLS, read
from engine.http import HTTP_ERRORS, BaseUrlInvalid, HttpClient, describe
from engine.model.environment import ApiFound
from engine.same_place import PlaceInvalid, place
from engine.settings_sources import current_environment

LOCAL = "http://localhost:3000"
"""Where the platform's own development server listens."""
SLUG = "white-horse-pub-waterbeach"
PATIENCE_S = 5.0
"""Longest wait for any one answer."""


class ApiUnreachable(Exception):
    """Nothing answers at the target's address. The message is one sentence with the cure. Exit code 3."""


async def resolve_base_url(
    target: TargetSettings, *, fallback: bool, variables: Mapping[str, str] | None = None, timeout_s: float = PATIENCE_S
) -> tuple[str, str]:
    """Where the target's API is reached now, and a note when that is not its own address.

    Both are empty for a target without an address. With `fallback` an address where nothing answers gives way to the
    target's fallback_base_url or to http://localhost:3000. Anything that speaks HTTP is an answer. Raises
    ApiUnreachable.
    """
    if variables is None:
        variables = read(Path.cwd(), current_environment()).values
    wanted = base_url_of(target, variables)[0]
    if not wanted:
        return "", ""
    trouble = (await look_at_api(wanted, "", timeout_s=timeout_s)).trouble
    if not trouble:
        return wanted, ""
    if not fallback:
        raise ApiUnreachable(f"{_shown(wanted)} {trouble}; mend that, or use the local address with --fallback-local")
    local = target.fallback_base_url or LOCAL
    if not _is_here(local):
        raise ApiUnreachable(f"{_shown(local)}, the fallback_base_url, is no address of this machine; give a local one")
    if second := (await look_at_api(local, "", timeout_s=timeout_s)).trouble:
        raise ApiUnreachable(f"{_shown(wanted)} {trouble}, and the local {_shown(local)} {second}; start one of them")
    return local, f"fallback: {_shown(wanted)} {trouble}; {_shown(local)} is used instead"


def base_url_of(target: TargetSettings, variables: Mapping[str, str]) -> tuple[str, str]:
    """The target's address and what names it; both empty for a target without one."""
    if target.base_url:
        return target.base_url, "base_url of the target"
    return (variables.get(target.base_url_env, ""), target.base_url_env) if target.base_url_env else ("", "")


async def api_of(
    target: TargetSettings, variables: Mapping[str, str], *, fallback: bool, timeout_s: float = PATIENCE_S
) -> ApiFound:
    """The API of a target; of one without, the one that the platform's own variables name, which it does not use."""
    url, named_by = base_url_of(target, variables)
    is_used = bool(target.base_url or target.base_url_env)
    if not url:
        if is_used:
            return ApiFound(named_by=named_by, is_used=True, trouble=f"has no address: {named_by} is not set; set it")
        named_by = next((one for one in BASE_URLS if variables.get(one, "").startswith("http")), "")
        if not named_by:
            note = "the reference API on the embedded database; a run starts it" if target.kind == "api" else ""
            return ApiFound(note=note or "this target works without one")
        url = variables[named_by]
    slug = next((one for one in target.restaurants if one != "all"), SLUG)
    found = await look_at_api(url, named_by, timeout_s=timeout_s, slug=slug)
    if found.trouble and fallback:
        local = target.fallback_base_url or LOCAL
        if not _is_here(local):
            note = f"{_shown(local)}, the fallback_base_url, is no address of this machine and was not asked"
            return msgspec.structs.replace(found, is_used=is_used, note=note)
        note = f"FALLBACK: {found.base_url} {found.trouble}; the local {_shown(local)} was asked instead"
        found = msgspec.structs.replace(
            await look_at_api(local, named_by, timeout_s=timeout_s, slug=slug), named_by="--fallback-local", note=note
        )
    return msgspec.structs.replace(found, is_used=is_used)


async def look_at_api(base_url: str, named_by: str, *, timeout_s: float, slug: str = SLUG) -> ApiFound:
    """Ask an API for a schedule: JSON below 500 is alive, whatever it says. Writes nothing, raises nothing."""
    try:
        where = place(base_url)
    except PlaceInvalid as error:
        return ApiFound(named_by=named_by, trouble=f"{error}")
    found = ApiFound(base_url=where.shown, named_by=named_by)
    host, port = where.hosts[0] if where.hosts else ("", 0)
    try:
        async with asyncio.timeout(timeout_s):
            told = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError:
        why = "its host has a part between dots that is empty or too long"
        return msgspec.structs.replace(found, trouble=f"does not resolve: {why}")
    except (OSError, TimeoutError) as error:
        why = getattr(error, "strerror", None) or str(error) or f"no answer within {timeout_s:g} s"
        return msgspec.structs.replace(found, trouble=f"does not resolve: {why}")
    found = msgspec.structs.replace(found, addresses=tuple(dict.fromkeys(str(one[4][0]) for one in told)))
    try:
        client = HttpClient(base_url, timeout_s=timeout_s, connections=1)
    except BaseUrlInvalid as error:
        return msgspec.structs.replace(found, trouble=f"cannot be used: {error}")
    day = (datetime.now(UTC) + timedelta(days=1)).date()
    path = f"/api/restaurants/{quote(slug, safe='')}/schedule?date={day}"
    try:
        async with asyncio.timeout(3 * timeout_s):
            await client.get(path)
            # The first one had to connect, and woke whatever sleeps there.
            began_ns = time.perf_counter_ns()
            answer = await client.get(path)
            took_ns = time.perf_counter_ns() - began_ns
    except HTTP_ERRORS as error:
        return msgspec.structs.replace(found, trouble=f"does not answer: {describe(error)}")
    except (OSError, TimeoutError) as error:
        return msgspec.structs.replace(found, trouble=f"does not answer: {str(error) or 'no answer in time'}")
    finally:
        await client.close()
    alive = answer.status < 500 and not 300 <= answer.status < 400 and _is_json(answer.body)
    note = "" if alive else f"status {answer.status} is no answer of the booking API, which gives JSON below 500"
    if 300 <= answer.status < 400:
        note = f"status {answer.status} is a redirect, which is not followed; give the address it leads to"
    return msgspec.structs.replace(found, status=answer.status, round_trip_ns=took_ns, is_alive=alive, note=note)


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _is_here(url: str) -> bool:
    try:
        return place(url).is_here
    except PlaceInvalid:
        return False


def _shown(url: str) -> str:
    try:
        return place(url).shown
    except PlaceInvalid:
        return "the address"
