"""From a ground to the target on it: the database itself, or the booking API in front of one."""

from typing import TYPE_CHECKING, TypeAlias

from engine.cannot_begin import CannotBegin
from engine.contract import REFERENCE, Contract, Terms, page, unfit
from engine.database import Connection
from engine.exit_code import ExitCode
from engine.ground import Ground
from engine.held import READING_S
from engine.model.floor import Floor
from engine.model.ids import RunId
from engine.platform.databases import is_ours
from engine.probe import probe
from engine.restaurants import read_floors
from engine.safety import GuardRefused, guard_restaurants
from engine.spec import Spec
from engine.targets.postgres import PostgresTarget
from engine.wanted import rules

if TYPE_CHECKING:
    from engine.targets.api import ApiTarget

AnyTarget: TypeAlias = "PostgresTarget | ApiTarget"


def contract_of(target: AnyTarget) -> Contract:
    """What is known of the database behind a target."""
    return target.contract if isinstance(target, PostgresTarget) else target.terms.contract


async def target_on(ground: Ground, spec: Spec, run_id: RunId) -> AnyTarget:
    """The target on that ground, once it is fit. Raises CannotBegin, DatabaseFailed, DatabaseUnreachable."""
    settings = spec.settings
    if ground.dsn:
        contract, floors = await _looked_at(ground, spec)
    else:
        from engine.at_api import scheduled  # noqa: PLC0415 - HTTP is loaded for a run that goes through it, only

        contract, floors = REFERENCE, await scheduled(ground, spec)
    missing = set(settings.run.restaurants) - {"all"} - set(floors)
    if missing:
        raise CannotBegin(f"there is no restaurant {', '.join(sorted(missing))} in it", ExitCode.USAGE)
    try:
        guard_restaurants(settings.run.target, settings.targets[settings.run.target], floors)
    except GuardRefused as error:
        raise CannotBegin(str(error), ExitCode.REFUSED) from error
    if not floors:
        raise CannotBegin("there is no active restaurant in it; seed it first: slotfill db seed", ExitCode.USAGE)
    if ground.base_url:
        from engine.at_api import target_at  # noqa: PLC0415

        return target_at(ground, settings, run_id, floors, contract)
    own = Terms(
        step_timeout_s=settings.run.step_timeout_s,
        hold_ttl_s=settings.run.hold_ttl_s,
        rules=rules(settings),
        spread=settings.allocator.spread,
    )
    return PostgresTarget(settings.run.target, ground.dsn, run_id, floors, contract, own)


async def _looked_at(ground: Ground, spec: Spec) -> tuple[Contract, dict[str, Floor]]:
    """What the database offers, and its restaurants. Raises CannotBegin."""
    settings = spec.settings
    connection = await Connection.open(
        ground.dsn,
        application_name="slotfill opening",
        timeout_s=max(READING_S, settings.run.step_timeout_s),
        pooled=True,
    )
    try:
        if ground.is_embedded and not await is_ours(connection):
            raise CannotBegin("the database carries no marker of slotfill's: nothing was written", ExitCode.REFUSED)
        contract = await probe(connection)
        # Behind an API it is the platform that works in it; we only read.
        if unfit(contract) and not ground.base_url:
            raise CannotBegin(page(contract), ExitCode.UNREACHABLE)
        return contract, await read_floors(connection, settings.run.restaurants, contract)
    finally:
        await connection.close()
