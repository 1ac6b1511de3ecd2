"""`slotfill report`: a run's report in every form, from its records; with --audit every number is computed again."""

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from engine.exit_code import ExitCode
from engine.model.audit import Audit, Checked
from engine.model.integrity import Grade
from engine.records.archive import RunEntry
from engine.records.audit import audit
from engine.records.report_files import FORMATS, Told, written
from engine.records.result import read_result
from engine.records.trouble import RecordsDamaged, RecordsFailed
from engine.verify.integrity import CHECKS
from tui.verbs.reach import RunNotFound, entry_of
from tui.verbs.speak import SettingsInvalid, say, say_json, tell, wrong

BROKEN = frozenset(one.name for one in CHECKS if one.grade is Grade.BROKEN)
"""Checks whose new rows fail a run."""


def main(args: Namespace) -> int:
    """Print a run's report, write its forms, or audit it: 0, 6 when a number differs or there is no result, 7."""
    try:
        entry = entry_of(args)
        return _audited(entry, as_json=args.json) if args.audit else _told(args, entry)
    except (RunNotFound, SettingsInvalid) as error:
        return wrong(str(error), ExitCode.USAGE)
    except RecordsDamaged as error:
        return wrong(str(error), ExitCode.INCONCLUSIVE)
    except RecordsFailed as error:
        return wrong(str(error), ExitCode.RECORDS)


def _told(args: Namespace, entry: RunEntry) -> int:
    """Without --format and --out: the page printed, or the result as JSON, and the HTML file beside it."""
    result = read_result(entry.path)
    if result is None:
        raise RecordsDamaged(f"run {entry.run_id} is {entry.state}, and has no result yet that can be read")
    told = Told.of(entry.path, result)
    formats = FORMATS if "all" in (args.format or ()) else tuple(dict.fromkeys(args.format or ()))
    if args.out is None and formats in ((), ("md",)):
        say_json(result) if args.json else say(told.page)
        if not formats and not args.json:
            (path,) = written(told, ("html",), entry.path, BROKEN)
            tell(f"with charts: {path}")
        return int(ExitCode.PASSED)
    paths = written(told, formats or FORMATS, entry.path if args.out is None else Path(args.out), BROKEN)
    if args.json:
        say_json({"run_id": entry.run_id, "files": [str(path) for path in paths]})
    else:
        for path in paths:
            say(str(path))
    return int(ExitCode.PASSED)


def _audited(entry: RunEntry, *, as_json: bool) -> int:
    found = audit(entry.path)
    if as_json:
        say_json(found)
    else:
        for line in lines(found):
            say(line)
    return int(ExitCode.INCONCLUSIVE if found.differing else ExitCode.PASSED)


def lines(found: Audit) -> Iterator[str]:
    """Number by number, for people."""
    width = max((len(one.name) for one in found.checked), default=0)
    for one in found.checked:
        yield f"{'ok     ' if one.agrees else 'differs'}  {one.name:<{width}}  {_twice(one)}  {one.where}"
    differing = len(found.differing)
    agree = "all agree" if not differing else f"{differing} differ"
    yield f"run {found.run_id}: {len(found.checked)} numbers computed once more, {agree}"


def _twice(one: Checked) -> str:
    if one.agrees:
        return _number(one.said)
    return f"{_number(one.said)} is said, {_number(one.again)} is there;"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"
