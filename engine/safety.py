"""What may be written to: a database on this machine that carries our marker; anything else only as it was agreed."""

import os
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from engine.budget import SPARE, Budget, share_of
from engine.config import FlagSettings, Settings, TargetSettings
from engine.environment import production_reasons
from engine.local_only import VARIABLE, is_told
from engine.model.room import Room
from engine.whereabouts import GuardRefused, Standing, base_url_of, dsn_of, is_marked, server_says, standing

if TYPE_CHECKING:
    from engine.database import Connection

SUPPRESSES = ("SUPPRESS_EMAILS", "LOAD_TEST_DISABLE_EMAILS")
"""Variables of the platform that keep a load run from sending mail."""


class Look(msgspec.Struct, frozen=True):
    """What settings alone tell of a target."""

    name: str
    """What a user types to agree: the database's name, or the host of a booking API; empty for the embedded one."""
    reasons: tuple[str, ...]
    """Why it is remote; empty where only its server can tell."""


class Clearance(msgspec.Struct, frozen=True):
    """What a target may be used for, once everything was looked at."""

    local: bool
    name: str
    """What a user types to agree; empty for the embedded cluster."""
    reasons: tuple[str, ...] = ()
    """Why it is remote; empty for a local one."""
    production: tuple[str, ...] = ()
    """Why it counts as production-like; `allow_remote` let it through."""
    budget: Budget | None = None
    """Of a remote target; a local one has none."""


def target_of(settings: Settings, environ: Mapping[str, str] = os.environ) -> TargetSettings:
    """The target that is named, to be looked at only. Raises GuardRefused for one that is half something else."""
    name = settings.run.target
    target = settings.targets.get(name)
    if target is None:
        known = ", ".join(sorted(settings.targets)) or "none"
        raise GuardRefused(f"there is no target named {name} in config.toml (known: {known}); use --target embedded")
    has_url, has_dsn = bool(target.base_url or target.base_url_env), bool(target.dsn or target.dsn_env)
    match target.kind:
        case "embedded" if has_dsn or has_url:
            half = 'embedded and names an address: give it kind = "postgres" or "api", or remove the address'
        case "postgres" if has_url:
            half = 'a database and names a base_url: give it kind = "api", or remove base_url'
        case "api" if has_dsn and not has_url:
            half = "an API and names a dsn alone: give it base_url, or remove dsn for the reference API"
        case "embedded" | "postgres" | "api":
            half = ""
        case other:
            half = f"of kind {other}: give embedded, postgres or api"
    if half:
        raise GuardRefused(f"target {name} is {half}; nothing was sent")
    away = standing(name, target, environ).elsewhere
    if away and is_told(environ):
        raise GuardRefused(f"target {name} is remote ({away[0]}) and {VARIABLE} is set: nothing was sent; unset it")
    return target


def first_look(
    settings: Settings, environ: Mapping[str, str] = os.environ, variables: Mapping[str, str] | None = None
) -> Look:
    """Everything that can be refused without asking a server, but for the user's yes. Raises GuardRefused.

    `variables` are those of the platform, as `engine.environment` reads them; without them `environ` stands for them.
    """
    target = target_of(settings, environ)
    name = settings.run.target
    stands = standing(name, target, environ)
    if stands.reasons:
        production = _production(name, target, stands, environ if variables is None else variables)
        _demand(name, target, stands.word, stands.reasons, production)
        guard_restaurants(name, target, set(settings.run.restaurants) - {"all"})
    return Look(stands.word, stands.reasons)


def guard_target(
    settings: Settings, environ: Mapping[str, str] = os.environ, *, said: str | None = None
) -> TargetSettings:
    """The target a run may write to, by its settings and by what was said alone. Raises GuardRefused; asks no server.

    A second look, at the server itself, is `platform.databases.is_ours` for the embedded one, `cleared` for any other.
    """
    look = first_look(settings, environ)
    if look.reasons:
        _demand_yes(settings.run.target, look.name, look.reasons, said)
    return settings.targets[settings.run.target]


async def cleared(
    connection: "Connection | None",
    settings: Settings,
    *,
    said: str | None,
    variables: Mapping[str, str],
    marking: bool = False,
    environ: Mapping[str, str] = os.environ,
) -> Clearance:
    """Whether this target may be written to now. Raises GuardRefused; reads only.

    `connection` leads to the target's own database; None where it has none. `said` is what --yes gave, or what was
    typed: None nothing, empty a bare yes, else a name. With `marking` the marker is about to be put there: what is
    plainly on this machine then needs its name and nothing else. `environ` is what `dsn_env` is looked up in: the same
    that the connection was made by.
    """
    name = settings.run.target
    look = first_look(settings, environ, variables)
    target = settings.targets[name]
    stands = standing(name, target, environ)
    if not stands.places:
        return Clearance(local=True, name="")
    word, reasons = stands.word, look.reasons
    unmarked: tuple[str, ...] = ()
    if stands.dsn:
        if connection is None:
            raise ValueError(f"target {name} has a database, and is cleared by asking that")
        there, database = await server_says(connection)
        reasons += there
        word = word if stands.base_url else _same(name, word, database)
        unmarked = () if await is_marked(connection) else (_unmarked(name),)
    if reasons or (unmarked and not marking):
        reasons = reasons or unmarked
        production = _production(name, target, stands, variables)
        _demand(name, target, word, reasons, production)
        _demand_yes(name, word, reasons, said)
        _guard_mails(name, stands, settings.flags, variables, insists=True)
        return Clearance(False, word, reasons, production, await _budget(connection, name, target))
    if unmarked or said not in (None, ""):
        _demand_yes(name, word, unmarked, said, marking=marking)
    if not marking:
        _guard_mails(name, stands, settings.flags, variables, insists=said == word)
    return Clearance(local=not unmarked, name=word, reasons=unmarked)


def mail_refusal(flags: FlagSettings, variables: Mapping[str, str], *, insists: bool = False) -> str | None:
    """Why a booking API that is not ours may not be loaded: it would send mail. None when it may.

    Our own flag proves nothing there: it is effective in the reference API only, which sends none and is not asked
    about here. `insists`: the user named the target; it counts when `flags.suppress_emails` is switched off as well.
    """
    if any(variables.get(one, "").strip().lower() in ("1", "true", "yes", "on") for one in SUPPRESSES):
        return None
    if insists and not flags.suppress_emails:
        return None
    return (
        f"neither {SUPPRESSES[0]} nor {SUPPRESSES[1]} is set, so the platform may send mail for every booking; "
        f"set {SUPPRESSES[0]}=true there and here, or insist with --set flags.suppress_emails=false and --yes=<name>"
    )


def guard_restaurants(name: str, target: TargetSettings, slugs: Collection[str]) -> None:
    """Only restaurants on the target's allow-list, where it has one, are written to. Raises GuardRefused."""
    strange = sorted(set(slugs) - set(target.restaurants))
    if target.restaurants and strange:
        raise GuardRefused(
            f"target {name} allows writing to {', '.join(target.restaurants)} only, and not to {', '.join(strange)}; "
            "add it to `restaurants` of the target, or give --restaurant"
        )


async def guard_database(connection: "Connection", name: str) -> None:
    """Whether this very database carries our marker. Raises GuardRefused; writes nothing."""
    if not await is_marked(connection):
        raise GuardRefused(f"target {name}: nothing was written: {_unmarked(name)}")


def _demand(name: str, target: TargetSettings, word: str, reasons: Sequence[str], production: Sequence[str]) -> None:
    """What a remote target's own settings must say. Everything that is missing goes into one sentence."""
    lacks = []
    if not word:
        lacks.append("the database's name in its dsn")
    if not target.restaurants:
        lacks.append(f"`restaurants`, the allow-list, in [targets.{name}]")
    if production and not target.allow_remote:
        lacks.append(f"allow_remote = true there, as it counts as production ({'; '.join(production)})")
    lacks += [f"{key} = {wanted} there" for key, wanted in _unsound(target)]
    if lacks:
        agreed = f", and --yes={word}" if word else ""
        raise GuardRefused(
            f"target {name} is remote ({'; '.join(reasons)}): nothing was written; "
            f"a run there needs {', '.join(lacks)}{agreed}"
        )


def _unsound(target: TargetSettings) -> list[tuple[str, str]]:
    """Settings of a budget that are none, each with what would be one."""
    found = []
    if not 0 < target.connection_share <= 1:
        found.append(("connection_share", "0.01 to 1"))
    if not target.requests_per_s > 0:
        found.append(("requests_per_s", "more than 0"))
    if target.bookings < 1:
        found.append(("bookings", "1 or more"))
    if not target.minutes > 0:
        found.append(("minutes", "more than 0"))
    return found


def _demand_yes(name: str, word: str, reasons: Sequence[str], said: str | None, *, marking: bool = False) -> None:
    """The user's yes to this very database or API, by its name."""
    if said == word and word:
        return
    why = f" is remote ({'; '.join(reasons)})" if reasons else f" is {word}"
    if marking and reasons:
        why = f": the database {word} carries no marker yet"
    heard = (
        "nobody said yes"
        if said is None
        else f"--yes alone is for {'what is marked' if marking else 'local targets'}"
        if not said
        else f"{said} is another name"
    )
    raise GuardRefused(f"target {name}{why}: nothing was written, {heard}; --yes={word} says that you mean it")


def _production(name: str, target: TargetSettings, stands: Standing, variables: Mapping[str, str]) -> tuple[str, ...]:
    """Why a remote target counts as production-like. Raises GuardRefused where its config means another place."""
    told = production_reasons(variables, dsn=stands.dsn, base_url=stands.base_url)
    if not target.meant_for:
        return (*told, f"its meant_for does not name {' and '.join(stands.places)}")
    meant = {one.lower() for one in target.meant_for}
    strange = [one for one in stands.places if one.lower() not in meant]
    if strange:
        raise GuardRefused(
            f"target {name} leads to {', '.join(strange)}, and is meant for {', '.join(target.meant_for)}: "
            "nothing was sent; mend its address, or meant_for"
        )
    return told


def _guard_mails(
    name: str, stands: Standing, flags: FlagSettings, variables: Mapping[str, str], *, insists: bool
) -> None:
    refusal = mail_refusal(flags, variables, insists=insists) if stands.base_url else None
    if refusal:
        raise GuardRefused(f"target {name}: nothing was sent: {refusal}")


async def _budget(connection: "Connection | None", name: str, target: TargetSettings) -> Budget:
    """What a run may take there. Raises GuardRefused when its share has no connection for a worker."""
    from engine.database import STEP_ERRORS, describe  # noqa: PLC0415 - for settings alone no driver is loaded

    connections = None
    if connection is not None:
        try:
            room = await connection.row("observe/connection_room", Room)
        except STEP_ERRORS as error:
            raise GuardRefused(
                f"target {name} does not tell how many connections it has free: nothing was written; "
                f"grant its role pg_read_all_stats ({describe(error)})"
            ) from error
        connections = share_of(free := room.free if room else 0, target.connection_share)
        if target.kind == "postgres" and connections <= SPARE:
            raise GuardRefused(
                f"target {name} has {free} connections free, and a share of {target.connection_share:g} leaves none "
                f"for a worker beside the {SPARE} for looks and checks: nothing was written; "
                "wait, or raise its connection_share"
            )
    return Budget(connections, target.requests_per_s, target.bookings, target.minutes)


def _same(name: str, word: str, database: str) -> str:
    """The database's name, which address and server must agree upon: a pooler may lead to another one."""
    if word and database and word != database:
        raise GuardRefused(
            f"the dsn of target {name} names {word} and its server says {database}: nothing was written; "
            "name the database as the server does"
        )
    return database or word


def _unmarked(name: str) -> str:
    return (
        "it carries no marker of slotfill's that names this server and this database; "
        f"slotfill db init --target {name} puts one there"
    )


__all__ = [
    "Clearance",
    "GuardRefused",
    "Look",
    "base_url_of",
    "cleared",
    "dsn_of",
    "first_look",
    "guard_database",
    "guard_restaurants",
    "guard_target",
    "is_marked",
    "mail_refusal",
    "target_of",
]
