"""What settings alone can tell of a run, before anything is started."""

import os
from pathlib import Path

import msgspec

from engine.cannot_begin import CannotBegin
from engine.config import SettingsInvalid
from engine.environment import read
from engine.exit_code import ExitCode
from engine.hook import hook_of
from engine.model.fault import parse
from engine.open_files import too_few_for
from engine.platform.seed import DATA, DATA_SETS
from engine.safety import GuardRefused, guard_target
from engine.schedule import refused_fit
from engine.settings_check import check, check_sweep
from engine.spec import Spec
from engine.wanted import PLANS, data_of, strategies


def check_spec(spec: Spec) -> None:
    """Everything that settings alone can tell, before anything is started. Raises CannotBegin."""
    spec = swept(spec)
    settings = spec.settings
    if spec.plan not in PLANS:
        raise CannotBegin(f"there is no plan {spec.plan}; give {', '.join(PLANS)}", ExitCode.USAGE)
    try:
        if spec.sweep:
            check_sweep(settings)
        check(settings)
        strategies(spec.plan, settings)
        faults = [parse(one) for one in settings.run.faults]
        variables = read(Path.cwd(), os.environ).values
        hook_of(settings.webhook, variables)
        target = guard_target(settings, variables, said=spec.said)
    except (SettingsInvalid, ValueError) as error:
        raise CannotBegin(str(error), ExitCode.USAGE) from error
    except GuardRefused as error:
        raise CannotBegin(str(error), ExitCode.REFUSED) from error
    if spec.continues and spec.plan == "burst":
        raise CannotBegin("a burst is one moment and cannot be gone on with; run it again", ExitCode.USAGE)
    if trouble := too_few_for(settings.run.concurrency):
        raise CannotBegin(trouble, ExitCode.USAGE)
    through_api = target.kind == "api"
    if through_api and spec.plan not in ("fill", "burst"):
        raise CannotBegin(
            f"{spec.plan} gives tables to bookings itself, and a booking API does that for us; give fill or burst",
            ExitCode.USAGE,
        )
    if not target.is_embedded:
        _check_foreign_sweep(spec)
        if faults:
            raise CannotBegin("faults are switched on in the embedded platform only", ExitCode.REFUSED)
        return
    room = settings.embedded.room
    if settings.run.concurrency > room:
        raise CannotBegin(
            f"concurrency = {settings.run.concurrency} wants as many connections, and the embedded Postgres has "
            f"{room} to give; give {room} or less, or raise embedded.max_connections",
            ExitCode.USAGE,
        )
    data = data_of(spec.plan, settings)
    if data not in DATA:
        raise CannotBegin(f"there is no data set {data}; give {', '.join(DATA)}", ExitCode.USAGE)
    wanted = set(settings.run.restaurants) - {"all", *DATA_SETS[data].restaurants}
    if wanted and spec.fresh:
        raise CannotBegin(
            f"there is no restaurant {', '.join(sorted(wanted))}; the embedded platform seeded with {data} has "
            f"{', '.join(DATA_SETS[data].restaurants)}",
            ExitCode.USAGE,
        )


def swept(spec: Spec) -> Spec:
    """The spec with the concurrency that a sweep's rooms must be large enough for, and with its experiment decided."""
    sweep, run = spec.settings.sweep, spec.settings.run
    if not spec.sweep:
        # Laps are a sweep's: another run that a configuration gives them to has its plan once.
        return msgspec.structs.replace(
            spec, settings=msgspec.structs.replace(spec.settings, sweep=msgspec.structs.replace(sweep, laps=0))
        )
    if not sweep.levels:
        return spec
    if not sweep.laps:
        from engine.sweeping import laps_of  # noqa: PLC0415 - a sweep's, which asks the database itself

        sweep = msgspec.structs.replace(sweep, laps=laps_of(spec.settings, spec.plan))
    if sweep.experiment == "auto":
        target = spec.settings.targets.get(run.target)
        fits = not refused_fit(len(sweep.levels), run.repeat) and target is not None and target.is_embedded
        sweep = msgspec.structs.replace(sweep, experiment="on" if fits and spec.fresh else "off")
    run = msgspec.structs.replace(run, concurrency=max(sweep.levels))
    return msgspec.structs.replace(spec, settings=msgspec.structs.replace(spec.settings, run=run, sweep=sweep))


def _check_foreign_sweep(spec: Spec) -> None:
    if not spec.sweep:
        return
    if spec.settings.sweep.experiment == "on":
        raise CannotBegin("the experiment slows steps down in the embedded platform only", ExitCode.REFUSED)
    if spec.fresh:
        raise CannotBegin(
            f"target {spec.settings.run.target} cannot be brought back to one state before each level, so its levels "
            "would not compare; say --no-reset to run them all the same, one after the other in what is there",
            ExitCode.REFUSED,
        )
