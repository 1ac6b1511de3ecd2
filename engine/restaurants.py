"""Reading restaurants from a database: each as the floor the planner sees."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.contract import REFERENCE, Contract
from engine.database import STEP_ERRORS, Connection, DatabaseFailed, describe
from engine.model.floor import Floor, Hours, Policy, Table, Zone
from engine.model.rows import PairRow, RestaurantRow, SlugRow
from engine.session import RESTAURANT, Session


async def read_floors(
    connection: Connection, slugs: tuple[str, ...], contract: Contract = REFERENCE
) -> dict[str, Floor]:
    """The restaurants of these slugs (`all` for every one) as the planner sees them.

    A slug that is not there is left out; the caller says so. Raises DatabaseFailed.
    """
    try:
        if "all" in slugs:
            slugs = tuple(row.slug for row in await connection.rows("fill/slugs", SlugRow))
        policy = await connection.row("fill/policy", Policy)
        if policy is None:
            raise DatabaseFailed("the table service_policy is empty: no turn has a length; seed the database first")
        floors: dict[str, Floor] = {}
        for slug in slugs:
            restaurant = await connection.row("fill/restaurant", RestaurantRow, slug)
            if restaurant is not None:
                if contract.needs_context:
                    await Session.of(connection).bring({RESTAURANT: str(restaurant.id)})
                floors[slug] = await _floor(connection, restaurant, policy)
    except STEP_ERRORS as error:
        raise DatabaseFailed(f"the restaurants could not be read: {describe(error)}") from error
    return floors


async def _floor(connection: Connection, restaurant: RestaurantRow, policy: Policy) -> Floor:
    try:
        ZoneInfo(restaurant.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise DatabaseFailed(
            f"restaurant {restaurant.slug} is in the time zone {restaurant.timezone!r}, which this machine does not "
            "know; give a name as in Europe/London, or leave the restaurant out"
        ) from error
    pairs = await connection.rows("fill/adjacency", PairRow, restaurant.id)
    return Floor(
        restaurant_id=restaurant.id,
        slug=restaurant.slug,
        name=restaurant.name,
        timezone=restaurant.timezone,
        reservation_interval_minutes=restaurant.reservation_interval_minutes,
        zones=tuple(await connection.rows("fill/zones", Zone, restaurant.id)),
        tables=tuple(await connection.rows("fill/tables", Table, restaurant.id)),
        adjacency=tuple((pair.table_a, pair.table_b) for pair in pairs),
        hours=tuple(await connection.rows("fill/hours", Hours, restaurant.id)),
        policy=policy,
    )
