"""What goes over HTTP, if anything of a run does: its libraries are loaded then, and by no other run."""

import os
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from engine.clock import RunningClock
from engine.config import Settings, TargetSettings
from engine.environment import read
from engine.ground import EmbeddedGround, ForeignGround, Ground
from engine.hook import Sender, hook_of
from engine.model.client_floor import ClientFloor
from engine.model.ids import RunId
from engine.spec import Spec


def foreign(spec: Spec, target: TargetSettings) -> AbstractAsyncContextManager[Ground]:
    """The ground of somebody's target: their booking API, or their database itself. Opening it raises CannotBegin."""
    if target.kind != "api":
        return ForeignGround.opened(spec, target)
    from engine.api_ground import ForeignApiGround  # noqa: PLC0415

    return ForeignApiGround.opened(spec, target)


def reference_api(ground: EmbeddedGround, run_id: RunId, settings: Settings) -> AbstractAsyncContextManager[Ground]:
    """The reference API in front of that ground. Opening it raises CannotBegin."""
    from engine.api_ground import ReferenceApiGround  # noqa: PLC0415

    return ReferenceApiGround.opened(ground, run_id, settings)


def webhook(settings: Settings, clock: RunningClock, run_id: RunId) -> Sender | None:
    """Where alerts go; `check_spec` has seen that it can be used."""
    hook = hook_of(settings.webhook, read(Path.cwd(), os.environ).values)
    if hook is None:
        return None
    from engine.webhook import Webhook  # noqa: PLC0415

    return Webhook(hook, clock, run_id)


async def floor_of(ground: Ground, settings: Settings) -> ClientFloor | None:
    """What this client costs by itself; None where nothing goes over HTTP."""
    if not ground.base_url:
        return None
    from engine.client_floor import client_floor  # noqa: PLC0415

    return await client_floor(min(settings.run.concurrency, 16))
