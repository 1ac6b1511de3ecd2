"""From a spec to a watch that stands: the database answers, and there is a folder to record in."""

import contextlib
import platform
import secrets
from collections.abc import AsyncIterator
from functools import partial

from engine import __version__
from engine.cannot_begin import CannotBegin
from engine.clock import RunningClock
from engine.exit_code import ExitCode
from engine.lookout import lookout
from engine.records.archive import Manifest, new_folder, runs_folder, write_manifest
from engine.records.removal import take_back
from engine.records.trouble import RecordsFailed
from engine.redact import mask
from engine.settings_shown import flat
from engine.sockets import socket_path
from engine.spec import Spec
from engine.watch_portrait import WATCH
from engine.watching import Watch


@contextlib.asynccontextmanager
async def watched(spec: Spec) -> AsyncIterator[Watch]:
    """A watch that stands. Raises CannotBegin, DatabaseUnreachable, RecordsFailed."""
    run_id = secrets.token_hex(4)
    settings = spec.settings
    async with contextlib.AsyncExitStack() as stack:
        post = await stack.enter_async_context(lookout(spec, f"watch {run_id}"))
        wall = RunningClock().wall()
        manifest = Manifest(
            run_id=run_id,
            name=settings.run.name,
            plan=WATCH,
            target=settings.run.target,
            # It has none of its own: whoever takes runs away with their databases must leave this one alone.
            database="",
            socket=str(socket_path(run_id)),
            started_at=wall.isoformat(timespec="milliseconds"),
            settings=flat(settings),
            fingerprint={
                "slotfill": __version__,
                "python": platform.python_version(),
                "system": f"{platform.system()} {platform.machine()}",
                "watched": mask(post.place),
            },
        )
        folder = new_folder(runs_folder(settings.records.runs), WATCH, run_id, wall)
        stack.push(partial(take_back, folder))
        try:
            write_manifest(folder, manifest)
            watch = Watch(post, spec, manifest, folder)
        except RecordsFailed as error:
            raise CannotBegin(str(error), ExitCode.RECORDS) from error
        stack.callback(watch.journal.close)
        stack.callback(watch.recording.close)
        yield watch
