"""`slotfill report`: a run's report, from its records once more; with --audit every number is computed again."""

from argparse import Namespace
from collections.abc import Iterator

from engine.exit_code import ExitCode
from engine.model.audit import Audit, Checked
from engine.records.archive import RunEntry
from engine.records.audit import audit
from engine.records.result import read_result, report_md
from engine.records.samples import read as read_samples
from engine.records.samples import read_rounds
from engine.records.trouble import RecordsDamaged
from tui.verbs.reach import RunNotFound, entry_of
from tui.verbs.speak import SettingsInvalid, say, say_json, wrong


def main(args: Namespace) -> int:
    """Print a run's report, or audit it: 0 all numbers agree, 6 when one differs or there is no result."""
    try:
        entry = entry_of(args)
        return _audited(entry, as_json=args.json) if args.audit else _printed(entry, as_json=args.json)
    except (RunNotFound, SettingsInvalid) as error:
        return wrong(str(error), ExitCode.USAGE)
    except RecordsDamaged as error:
        return wrong(str(error), ExitCode.INCONCLUSIVE)


def _printed(entry: RunEntry, *, as_json: bool) -> int:
    result = read_result(entry.path)
    if result is None:
        raise RecordsDamaged(f"run {entry.run_id} is {entry.state}, and has no result yet that can be read")
    if as_json:
        say_json(result)
    else:
        samples = read_samples(entry.path)
        say(report_md(result, samples, read_rounds(entry.path, samples)))
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
        return _told(one.said)
    return f"{_told(one.said)} is said, {_told(one.again)} is there;"


def _told(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"
