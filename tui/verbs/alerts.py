"""`slotfill alerts test`: when the rules of the present configuration would have been raised in a recorded run."""

from argparse import Namespace
from pathlib import Path

import msgspec

from engine.alert_rules import rules_of
from engine.exit_code import ExitCode
from engine.metrics.alerts import Alerts, line_of, moment, told
from engine.model.alert import AlertFace
from engine.records.archive import find, runs_folder
from engine.records.recording import read
from engine.records.trouble import RecordsDamaged, RecordsFailed, RunNotFound
from tui.verbs.speak import SettingsInvalid, say, say_json, settings_of, tell, wrong


class Tested(msgspec.Struct, frozen=True):
    """What `--json` prints."""

    run_id: str
    pictures: int
    """Of the recording, a second apart; rules are judged on each."""
    until_ns: int
    rules: int
    raised: int
    alerts: list[AlertFace]
    not_judged: list[str]
    """Rules that the recording has nothing for."""


def main(args: Namespace) -> int:
    """Judge every picture of the run; exit 0 whatever comes of it, as alerts change no exit code."""
    try:
        settings = settings_of(args)
        rules = rules_of(settings)
        entry = find(runs_folder(settings.records.runs), args.run)
        tested = _tested(entry.path, Alerts(rules))
    except (SettingsInvalid, RunNotFound, RecordsDamaged, RecordsFailed) as error:
        return wrong(str(error), ExitCode.USAGE)
    if args.json:
        say_json(tested)
        return 0
    for one in tested.alerts:
        say(line_of(one))
    counted = {one.rule for one in tested.alerts}
    quiet = [f"{rule.name} ({told(rule)})" for rule in rules if rule.name not in {*counted, *tested.not_judged}]
    if quiet:
        say(f"never: {', '.join(quiet)}")
    if tested.not_judged:
        say(f"nothing to judge by: {', '.join(tested.not_judged)}")
    tell(
        f"{tested.raised} raised by {tested.rules} rules in {tested.pictures} pictures of run {tested.run_id}, "
        f"up to {moment(tested.until_ns)}"
    )
    return 0


def _tested(folder: Path, alerts: Alerts) -> Tested:
    """Raises RecordsDamaged."""
    raised: dict[tuple[str, int], AlertFace] = {}
    judged: set[str] = set()
    run_id, until_ns, count = "", 0, 0
    for snapshot in read(folder):
        alerts.take(snapshot)
        # The fold keeps the last ones only; all of them are wanted here.
        raised |= {(one.rule, one.raised_ns): one for one in alerts.alerts()}
        judged |= {one.rule for one in alerts.rules() if one.value is not None}
        run_id, until_ns, count = snapshot.run.run_id, snapshot.run.elapsed_ns, count + 1
    if not count:
        raise RecordsDamaged(f"{folder}: nothing is recorded yet, so there is nothing to judge")
    return Tested(
        run_id=run_id,
        pictures=count,
        until_ns=until_ns,
        rules=len(alerts.names),
        raised=alerts.raised,
        alerts=list(raised.values()),
        not_judged=[name for name in alerts.names if name not in judged],
    )
