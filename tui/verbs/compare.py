"""`slotfill compare`: runs held against the first of them, and what may be concluded."""

from argparse import Namespace

from engine.exit_code import ExitCode
from engine.judge.compare import compare
from engine.judge.fingerprints import IMPORT, REPORTS, Facts
from engine.judge.subject import Subject, subject
from engine.model.comparison import Comparison
from engine.records.archive import Manifest, RunEntry, find, runs_folder
from engine.records.journal import read
from engine.records.result import read_result
from engine.records.trouble import RecordsDamaged, RecordsFailed, RunNotFound
from tui.comparison import lines
from tui.verbs.speak import SettingsInvalid, say, say_json, settings_of, wrong


class NothingToCompare(Exception):
    """A run has no result."""


def main(args: Namespace) -> int:
    """Compare the runs: 0 no regression found, 1 a regression, 6 when it cannot be told."""
    try:
        found = compare(_subjects(args))
    except (SettingsInvalid, RunNotFound) as error:
        return wrong(str(error), ExitCode.USAGE)
    except NothingToCompare as error:
        return wrong(str(error), ExitCode.INCONCLUSIVE)
    except (RecordsDamaged, RecordsFailed) as error:
        return wrong(str(error), ExitCode.RECORDS)
    _say(found, as_json=args.json)
    return found.exit_code


def _say(found: Comparison, *, as_json: bool) -> None:
    if as_json:
        say_json(found)
        return
    for line in lines(found):
        say(line)


def _subjects(args: Namespace) -> list[Subject]:
    root = runs_folder(settings_of(args).records.runs)
    entries = [find(root, wanted) for wanted in args.runs_given]
    if len(entries) < 2:
        raise RunNotFound(
            f"one run has nothing to be compared with; give two or more: slotfill compare {entries[0].run_id} RUN"
        )
    twice = [one.run_id for at, one in enumerate(entries) if one.run_id in {two.run_id for two in entries[:at]}]
    if twice:
        raise RunNotFound(f"run {twice[0]} is given twice; give each run once")
    return [_subject(entry) for entry in entries]


def _subject(entry: RunEntry) -> Subject:
    result = None if entry.is_live else read_result(entry.path)
    if entry.manifest is None or result is None:
        ended = (
            "goes on; wait for its end"
            if entry.is_live
            else f"is {entry.state}; slotfill verify {entry.run_id} tells what it left"
        )
        raise NothingToCompare(f"run {entry.run_id} has no result to compare: it {ended}")
    return subject(_facts(entry.manifest), result, read(entry.path))


def _facts(manifest: Manifest) -> Facts:
    if manifest.plan == IMPORT:
        target = REPORTS
    elif manifest.base_url:
        target = "reference api" if manifest.data else "api"
    else:
        target = "embedded" if manifest.data else "postgres"
    return Facts(
        run_id=manifest.run_id,
        plan=manifest.plan,
        target=target,
        place="" if manifest.data or manifest.plan == IMPORT else f"{manifest.target} {manifest.database}".strip(),
        database=manifest.database,
        name=manifest.name,
        started_at=manifest.started_at,
        day=manifest.day,
        continues=manifest.continues,
        settings=manifest.settings,
        fingerprint=manifest.fingerprint,
        adaptations=manifest.adaptations,
        client_floor=manifest.client_floor,
    )
