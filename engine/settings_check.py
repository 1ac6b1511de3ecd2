"""Whether settings can make a run, as far as they alone can tell, and the sentence about the one that cannot."""

from datetime import time

from engine.alert_rules import check_telling
from engine.config import Settings, SettingsInvalid
from engine.thresholds import ThresholdInvalid, parsed


def check(settings: Settings) -> None:
    """Whether the settings can make a run, as far as settings alone can tell. Raises SettingsInvalid."""
    run, fill = settings.run, settings.fill
    if not 1 <= run.concurrency <= 256:
        what = "starts nobody" if run.concurrency < 1 else "is more than a run takes"
        raise SettingsInvalid(f"concurrency = {run.concurrency} {what}; give 1 to 256")
    if run.rate is not None and not 0 < run.rate <= 100_000:
        raise SettingsInvalid(f"rate = {run.rate:g} is no pace; give attempts a second above 0, or leave it out")
    if run.retries < 0 or run.retries > 20:
        raise SettingsInvalid(f"retries = {run.retries} is no number of tries; give 0 to 20")
    if not 1 <= run.repeat <= 1_000:
        raise SettingsInvalid(f"repeat = {run.repeat} is no number of runs; give 1 to 1000")
    if run.together < 1:
        raise SettingsInvalid(f"together = {run.together} makes nothing due; give 1 or more")
    if fill.min_party < 1:
        raise SettingsInvalid(f"min-party = {fill.min_party} is nobody; give 1 or more")
    if fill.min_party > fill.max_party:
        raise SettingsInvalid(
            f"min-party = {fill.min_party} is above max-party = {fill.max_party}; swap them or raise max-party"
        )
    if fill.start > fill.end:
        raise SettingsInvalid(
            f"the window {_hour(fill.start)} to {_hour(fill.end)} ends before it starts; give --start before --end"
        )
    if not 1 <= fill.interval_min <= 24 * 60:
        raise SettingsInvalid(f"interval = {fill.interval_min} minutes makes no grid; give 1 to 1440")
    if fill.stress_max < 1:
        raise SettingsInvalid(f"stress-max = {fill.stress_max} books nothing; give 1 or more")
    if not 1 <= fill.days <= 366:
        raise SettingsInvalid(f"days = {fill.days} is no span; give 1 to 366")
    _check_plans(settings)
    if run.step_timeout_s <= 0:
        raise SettingsInvalid(f"step_timeout_s = {run.step_timeout_s:g} would time out at once; give seconds above 0")
    if run.hold_ttl_s <= 0:
        raise SettingsInvalid(
            f"hold_ttl_s = {run.hold_ttl_s:g} makes holds that are over at once; give seconds above 0"
        )
    if not run.restaurants:
        raise SettingsInvalid('restaurants = [] names nobody; give a slug, or "all"')
    if not 0 <= settings.observe.waits_hz <= 20:
        raise SettingsInvalid(
            f"waits_hz = {settings.observe.waits_hz:g} is no number of looks a second; give 0 for none, or up to 20"
        )
    try:
        parsed(settings.thresholds)
    except ThresholdInvalid as error:
        raise SettingsInvalid(str(error)) from error
    check_telling(settings)
    if settings.records.journal_fsync not in ("batched", "each"):
        raise SettingsInvalid(f"journal_fsync = {settings.records.journal_fsync}: give batched or each")


def _check_plans(settings: Settings) -> None:
    assign, create, burst = settings.assign, settings.create, settings.burst
    if assign.max_iterations < 1:
        raise SettingsInvalid(f"max-iterations = {assign.max_iterations} assigns nothing; give 1 or more")
    if assign.passes < 0:
        raise SettingsInvalid(f"passes = {assign.passes} is no number of passes; give 1 or more, or 0 for the loop")
    if create.count < 1:
        raise SettingsInvalid(f"count = {create.count} makes nothing; give 1 or more")
    if not 1 <= create.max_tables <= 5:
        raise SettingsInvalid(f"create.max_tables = {create.max_tables} is no rung; give 1 to 5")
    if not 1 <= settings.allocator.max_tables <= 5:
        raise SettingsInvalid(f"allocator.max_tables = {settings.allocator.max_tables} is no limit; give 1 to 5")
    if settings.allocator.max_overage < 0:
        raise SettingsInvalid(f"allocator.max_overage = {settings.allocator.max_overage} seats nobody; give 0 or more")
    if burst.requests < 1:
        raise SettingsInvalid(f"requests = {burst.requests} asks for nothing; give 1 or more")
    if not 0 <= burst.duplicates < burst.requests:
        raise SettingsInvalid(
            f"duplicates = {burst.duplicates} of {burst.requests} requests leaves nobody to repeat; "
            f"give 0 to {burst.requests - 1}"
        )


def check_sweep(settings: Settings) -> None:
    """Whether the settings can make a sweep. Raises SettingsInvalid."""
    sweep = settings.sweep
    if not sweep.levels:
        raise SettingsInvalid("levels = [] runs nothing; give workers, such as --levels 1,4,8,15")
    for level in sweep.levels:
        if not 1 <= level <= 256:
            raise SettingsInvalid(f"levels: {level} is no number of workers; give 1 to 256 each")
    if len(set(sweep.levels)) < len(sweep.levels):
        raise SettingsInvalid(
            f"levels = {','.join(map(str, sweep.levels))} names one twice; --repeat N runs each N times"
        )
    if sweep.seconds < 0:
        raise SettingsInvalid(f"sweep.seconds = {sweep.seconds:g} is no length; give seconds, or 0 for the whole plan")
    if sweep.experiment not in ("auto", "on", "off"):
        raise SettingsInvalid(f"sweep.experiment = {sweep.experiment}: give auto, on or off")
    if not 0 <= sweep.laps <= 60:
        raise SettingsInvalid(f"sweep.laps = {sweep.laps} is no number of laps; give 1 to 60, or 0 for what is needed")
    if not 1 <= sweep.delay_ms <= 60_000:
        raise SettingsInvalid(f"sweep.delay_ms = {sweep.delay_ms} is no delay; give 1 to 60000")
    if settings.run.rate is not None:
        raise SettingsInvalid(
            f"rate = {settings.run.rate:g} fixes what a sweep measures; leave it out, or use run with that rate"
        )


def _hour(value: time) -> str:
    return value.strftime("%H:%M")
