"""From a ground to the booking API on it. Apart, as it loads HTTP, which no other run needs."""

from engine.api_schedule import ScheduleUnread, read_schedules
from engine.api_seat import ApiTerms
from engine.cannot_begin import CannotBegin
from engine.config import Settings
from engine.contract import Contract
from engine.exit_code import ExitCode
from engine.ground import Ground
from engine.http import HttpClient
from engine.model.floor import Floor
from engine.model.ids import RunId
from engine.spec import Spec
from engine.targets.api import ApiTarget


def target_at(
    ground: Ground, settings: Settings, run_id: RunId, floors: dict[str, Floor], contract: Contract
) -> ApiTarget:
    """The booking API as a target; where the ground has a dsn, what is there is read from the database."""
    api = settings.api
    terms = ApiTerms(
        timeout_s=api.timeout_s,
        concurrency=settings.run.concurrency,
        dsn=ground.dsn or None,
        contract=contract,
        # Not our own timeout: the platform may work on for long after we have given up.
        settle_s=api.longest_request_s,
        poll_s=api.poll_interval_s,
    )
    return ApiTarget(settings.run.target, ground.base_url, run_id, floors, terms)


async def scheduled(ground: Ground, spec: Spec) -> dict[str, Floor]:
    """The restaurants as far as the API's schedule tells them. Raises CannotBegin."""
    settings = spec.settings
    days = [ground.day.fromordinal(ground.day.toordinal() + number) for number in range(settings.fill.days)]
    client = HttpClient(ground.base_url, timeout_s=settings.api.timeout_s, connections=1)
    try:
        return await read_schedules(client, settings.run.restaurants, days)
    except ScheduleUnread as error:
        raise CannotBegin(str(error), ExitCode.UNREACHABLE) from error
    finally:
        await client.close()
