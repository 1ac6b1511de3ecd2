"""The options of a run: their words, and the settings they stand for."""

import argparse
from collections.abc import Sequence

RUN_OPTIONS: tuple[tuple[str, str, str, str], ...] = (
    ("--target", "run.target", "NAME", "a [targets.NAME] table of config.toml; default: embedded"),
    ("--concurrency", "run.concurrency", "N", "workers; can change while it runs; default: 4"),
    ("--data", "run.data", "NAME", "seed of the embedded platform: white-horse, stress or today; default: the plan's"),
    ("--date", "run.date", "YYYY-MM-DD", "the day, or the first; default: the seeded day"),
    ("--seed", "run.seed", "N", "decides party sizes; equal seeds give equal turns; default: 1"),
    ("--start", "fill.start", "HH:MM", "first slot; default: 12:00"),
    ("--end", "fill.end", "HH:MM", "last slot, if it falls on the grid; default: 15:00"),
    ("--interval", "fill.interval_min", "MIN", "minutes between slots; default: 15"),
    ("--days", "fill.days", "N", "calendar days from --date; closed days have no slots; default: 1"),
    ("--stress-max", "fill.stress_max", "N", "bookings a slot is given at most; default: 10"),
    ("--min-party", "fill.min_party", "N", "smallest party; default: 1"),
    ("--max-party", "fill.max_party", "N", "largest party; default: 12"),
    ("--rate", "run.rate", "N", "N attempts a second on schedule, whatever the answers; default: as fast as it goes"),
    ("--together", "run.together", "N", "with --rate: N attempts fall due at once; the mean rate stays; default: 1"),
    (
        "--retries",
        "run.retries",
        "N",
        "after serialization, deadlock and lock-timeout refusals, with backoff; default: 0",
    ),
    (
        "--repeat",
        "run.repeat",
        "N",
        "the same plan N times, each from the same state; in a database of your own from what is there",
    ),
    ("--max-iterations", "assign.max_iterations", "N", "assign: passes at most, until nothing is pending; default: 6"),
    (
        "--passes",
        "assign.passes",
        "N",
        "assign: exactly so many passes, while anything is pending; default: until none is",
    ),
    ("--count", "create.count", "N", "create: bookings to make; default: 5"),
    ("--clone-from", "create.clone_from", "YYYY-MM-DD", "create: clone the pending bookings of that day"),
    ("--requests", "burst.requests", "N", "burst: requests at once; default: 50"),
    ("--duplicates", "burst.duplicates", "N", "burst: so many of them repeat another one's key; default: 0"),
    (
        "--metrics-port",
        "observability.metrics_port",
        "N",
        "counters at http://127.0.0.1:N/metrics, in OpenMetrics; default: none",
    ),
    ("--name", "run.name", "TEXT", "a name for the run"),
    ("--runs", "records.runs", "DIR", "where runs are kept; default: $XDG_STATE_HOME/slotfill/runs"),
)
"""Options that stand for one setting each: option, setting, metavar, help."""
WHAT, HOW, PLANS = "what is booked, and where", "how hard", "assign, create and burst"
HOLDS, KEPT = "what is broken, and what must hold", "what is kept and told"
PARTS: dict[str, tuple[str, ...]] = {
    WHAT: (),
    HOW: ("--concurrency", "--rate", "--together", "--retries", "--repeat"),
    PLANS: ("--max-iterations", "--passes", "--count", "--clone-from", "--requests", "--duplicates"),
    HOLDS: (),
    KEPT: ("--name", "--runs", "--metrics-port"),
}
"""Parts of a run's --help, with their options; the first has whatever is in no other."""
_PLANS_OF_THEIR_OWN = ("assign", "create", "burst")
"""Plans with a section of settings that no other plan reads."""
THRESHOLDS = (
    "p50, p90, p95, p99, min or max .STEP (200ms, 0.2s); success_rate (0.9, 90%%); attempts; acknowledged; persisted; "
    "late; fills_per_s; effective_concurrency; tables_per_booking; seat_waste.mean, .total; outcomes.OUTCOME; "
    "refusals.OUTCOME; refusals.STEP.OUTCOME; retries.OUTCOME; exhausted.OUTCOME; lost, torn, altered, recovered, "
    "void, unresolved, unverified, skipped, duplicate, phantom; integrity.CHECK"
)
"""Figures that may be bounded, for --help; the engine, which knows each by name, is not loaded for it."""


def thresholds_of(asked: Sequence[str]) -> list[str]:
    """`thresholds.NAME=BOUNDS` of each figure; several bounds of one figure stand together."""
    found: dict[str, list[str]] = {}
    for one in asked:
        at = next((place for place, sign in enumerate(one) if sign in "<>="), len(one))
        found.setdefault(one[:at].strip(), []).append(one[at:].strip())
    return [f"thresholds.{name}={','.join(bounds)}" for name, bounds in found.items()]


def add_common(made: argparse.ArgumentParser, *, says: str = "print exactly one JSON document on stdout") -> None:
    """The options that every command has; `says` is what --json does."""
    part = made.add_argument_group("any command")
    part.add_argument("--json", action="store_true", help=says)
    part.add_argument(
        "--config", metavar="FILE", help="configuration; default: ./config.toml, else that in $XDG_CONFIG_HOME/slotfill"
    )
    part.add_argument(
        "--set",
        action="append",
        default=[],
        dest="settings",
        metavar="KEY=VALUE",
        help="any setting of `slotfill config show`; repeatable",
    )
    if not any("--runs" in action.option_strings for action in made._actions):
        part.add_argument("--runs", metavar="DIR", help="where runs are kept; default: $XDG_STATE_HOME/slotfill/runs")


def add_face(made: argparse.ArgumentParser) -> None:
    """How a console shows itself."""
    part = made.add_argument_group("the console")
    either = part.add_mutually_exclusive_group()
    either.add_argument("--ascii", action="store_true", help="sparklines and lines in ASCII; default: by the locale")
    either.add_argument("--no-ascii", action="store_true", help="Unicode, whatever the locale")
    part.add_argument(
        "--theme", metavar="NAME", help="auto, dark, 256, ansi, ansi-light, high-contrast or colour-blind"
    )
    part.add_argument("--no-mouse", action="store_true", help="clicks and selecting stay the terminal's")


def add_run(made: argparse.ArgumentParser, *, plan: bool = True) -> None:
    """The options of a run, in parts; `plan` says whether one is named."""
    if plan:
        made.add_argument(
            "plan", nargs="?", default="fill", metavar="PLAN", help="fill (the default), assign, create or burst"
        )
    parts = {title: made.add_argument_group(title) for title in PARTS}
    for option, _, metavar, text in RUN_OPTIONS:
        title = next((title for title, options in PARTS.items() if option in options), WHAT)
        parts[title].add_argument(option, metavar=metavar, help=text)
    _add_switches(parts)
    add_face(made)
    add_common(made)


def _add_switches(parts: "dict[str, argparse._ArgumentGroup]") -> None:
    """The options that are no single value of a setting."""
    what, how, holds = parts[WHAT], parts[HOW], parts[HOLDS]
    what.add_argument("--restaurant", action="append", metavar="SLUG", help="repeatable, or `all`; default: all")
    what.add_argument("--preset", metavar="NAME", help="a bundle of settings from config.toml: first-run")
    what.add_argument("--no-reset", action="store_true", help="work in the database of the last run")
    what.add_argument("--fallback-local", action="store_true", help="use the local address when the real one is away")
    what.add_argument("--yes", nargs="?", const="", metavar="=DATABASE", help="answer; a remote target wants its name")
    how.add_argument("--share-slots", action="store_true", help="more than one worker may work on a slot")
    how.add_argument(
        "--max-tables", metavar="N", help="tables of one set at most; create: the longest rung too; default: 3, and 4"
    )
    parts[PLANS].add_argument(
        "--sweep-holds", action="store_true", help="assign: between passes, sweep expired and leaked holds"
    )
    parts[PLANS].add_argument(
        "--clear-zone-locks", action="store_true", help="assign: between passes, clear stale zone locks"
    )
    holds.add_argument(
        "--fault",
        action="append",
        metavar="NAME[=VALUE]",
        help="switch a known pathology on; `slotfill faults` lists them",
    )
    holds.add_argument(
        "--threshold",
        action="append",
        metavar="NAME<=VALUE",
        help="a bound on a figure at the end, exit 1 when it fails; repeatable. NAME: " + THRESHOLDS,
    )
    parts[KEPT].add_argument("--headless", action="store_true", help="progress lines instead of the console")


def of_another_plan(args: argparse.Namespace) -> tuple[str, str] | None:
    """An option that was given and says nothing to the plan, with the plan that it is for; None when there is none."""
    asked = [(option, key.partition(".")[0]) for option, key, _, _ in RUN_OPTIONS]
    asked += [("--sweep-holds", "assign"), ("--clear-zone-locks", "assign")]
    for option, plan in asked:
        given = getattr(args, option.removeprefix("--").replace("-", "_"), None)
        if plan in _PLANS_OF_THEIR_OWN and plan != args.plan and given not in (None, False):
            return option, plan
    return None


def options_of(args: argparse.Namespace) -> list[str]:
    """The options that stand for settings, as `key=value`, in the order later ones win."""
    options: list[str] = []
    for option, key, _, _ in RUN_OPTIONS:
        value = getattr(args, option.removeprefix("--").replace("-", "_"), None)
        if value is not None:
            options.append(f"{key}={value}")
    if getattr(args, "restaurant", None):
        options.append(f"run.restaurants={','.join(args.restaurant)}")
    if getattr(args, "fault", None):
        options.append(f"run.faults={','.join(args.fault)}")
    options += thresholds_of(getattr(args, "threshold", None) or ())
    if getattr(args, "max_tables", None):
        options += [f"allocator.max_tables={args.max_tables}", f"create.max_tables={args.max_tables}"]
    for flag, key in (
        ("share_slots", "run.share_slots"),
        ("sweep_holds", "assign.sweep_holds"),
        ("clear_zone_locks", "assign.clear_zone_locks"),
    ):
        if getattr(args, flag, False):
            options.append(f"{key}=true")
    if getattr(args, "levels", None):
        options.append(f"sweep.levels={args.levels}")
    if getattr(args, "experiment", None) is not None:
        options.append(f"sweep.experiment={'on' if args.experiment else 'off'}")
    for flag, option in (
        ("ascii", "console.ascii=true"),
        ("no_ascii", "console.ascii=false"),
        ("no_mouse", "console.mouse=false"),
    ):
        if getattr(args, flag, False):
            options.append(option)
    if getattr(args, "theme", None):
        options.append(f"console.theme={args.theme}")
    return [*args.settings, *options]
