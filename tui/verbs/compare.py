"""`slotfill compare`: runs held against the first of them, and what may be concluded."""

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from engine.exit_code import ExitCode
from engine.judge.arms import arm, by_setting
from engine.judge.compare import compare
from engine.judge.fingerprints import IMPORT, REPORTS, Facts
from engine.judge.subject import Subject, subject
from engine.model.comparison import Comparison
from engine.model.integrity import Grade
from engine.model.report import Result
from engine.records.archive import LOOKED_AT, Manifest, RunEntry, find, runs_folder
from engine.records.comparison_page import comparison_md
from engine.records.journal import read
from engine.records.result import read_result
from engine.records.trouble import RecordsDamaged, RecordsFailed, RunNotFound
from engine.records.writer import make_folder, write_json, write_text
from engine.verify.integrity import CHECKS
from tui.comparison import lines
from tui.verbs.speak import SettingsInvalid, say, say_json, settings_of, wrong


class NothingToCompare(Exception):
    """A run has no result."""


def main(args: Namespace) -> int:
    """Compare the runs: 0 no regression found, 1 a regression, 6 when it cannot be told."""
    try:
        settings = settings_of(args)
        found = compare(_subjects(args, runs_folder(settings.records.runs)), targets=settings.production)
        if args.out is not None:
            _write(found, Path(args.out))
    except (SettingsInvalid, RunNotFound) as error:
        return wrong(str(error), ExitCode.USAGE)
    except NothingToCompare as error:
        return wrong(str(error), ExitCode.INCONCLUSIVE)
    except (RecordsDamaged, RecordsFailed) as error:
        return wrong(str(error), ExitCode.RECORDS)
    _say(found, as_json=args.json, as_md=args.md)
    return found.exit_code


def _write(found: Comparison, folder: Path) -> None:
    """The page and the document. Raises RecordsFailed."""
    make_folder(folder)
    write_text(folder / "compare.md", comparison_md(found))
    write_json(folder / "compare.json", found)


def _say(found: Comparison, *, as_json: bool, as_md: bool) -> None:
    if as_json:
        say_json(found)
        return
    if as_md:
        say(comparison_md(found))
        return
    for line in lines(found):
        say(line)


def _subjects(args: Namespace, root: Path) -> list[Subject]:
    """The runs, or the arms that they make, the one that others are held to first."""
    entries = [find(root, wanted) for wanted in args.runs_given]
    base = [find(root, wanted) for wanted in args.against or ()]
    _each_once([*base, *entries])
    if base:
        if args.by:
            raise RunNotFound("--against names the arms already; give it or --by, not both")
        return [arm([_subject(entry) for entry in base]), arm([_subject(entry) for entry in entries])]
    if len(entries) < 2:
        raise RunNotFound(
            f"one run has nothing to be compared with; give two or more: slotfill compare {entries[0].run_id} RUN"
        )
    found = [_subject(entry) for entry in entries]
    if not args.by:
        return found
    arms = by_setting(found, args.by)
    if len(arms) < 2:
        value = found[0].traits.get(args.by)
        same = f"all have {args.by} {value}" if value is not None else f"none of them records {args.by}"
        raise RunNotFound(f"--by {args.by} makes one arm of these runs: {same}; name a setting in which they differ")
    return arms


def _each_once(entries: Sequence[RunEntry]) -> None:
    twice = [one.run_id for at, one in enumerate(entries) if one.run_id in {two.run_id for two in entries[:at]}]
    if twice:
        raise RunNotFound(f"run {twice[0]} is given twice; give each run once")


def _subject(entry: RunEntry) -> Subject:
    if entry.manifest is not None and entry.manifest.plan == LOOKED_AT:
        raise RunNotFound(f"{entry.run_id} is a watch and no run: compare has nothing to go by")
    result = None if entry.is_live else read_result(entry.path)
    if entry.manifest is None or result is None:
        ended = (
            "goes on; wait for its end"
            if entry.is_live
            else f"is {entry.state}; slotfill verify {entry.run_id} tells what it left"
        )
        raise NothingToCompare(f"run {entry.run_id} has no result to compare: it {ended}")
    return subject(_facts(entry.manifest, result), result, read(entry.path))


def _violations(result: Result) -> int | None:
    """New rows of checks that find broken promises; None where they were not run."""
    found = result.integrity
    if found is None:
        return None
    broken = {one.name for one in CHECKS if one.grade is Grade.BROKEN}
    grew = (after - found.before.get(name, 0) for name, after in found.after.items() if name in broken)
    return sum(max(0, more) for more in grew)


def _facts(manifest: Manifest, result: Result) -> Facts:
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
        violations=_violations(result),
    )
