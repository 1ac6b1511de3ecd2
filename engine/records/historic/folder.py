"""An import as its user asks for it: files in, a run's folder out, whole or not at all."""

import platform
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from engine import __version__
from engine.clock import RunningClock
from engine.metrics.tally import Tally
from engine.model.event import AttemptEnded
from engine.model.ids import RunId
from engine.model.report import Result
from engine.records.archive import Manifest, new_folder, write_manifest
from engine.records.historic.events import events_of, legs_of
from engine.records.historic.passes import Reports, in_order
from engine.records.historic.report import Read, read_report
from engine.records.historic.result import PLAN, Imported, imported, result_of
from engine.records.historic.told import attempts_of
from engine.records.journal import Journal
from engine.records.result import write_result
from engine.records.samples import Samples

TARGET = "reports"
"""Where such a run's bookings were made is not known."""


class Made(msgspec.Struct, frozen=True):
    """A run that was made of reports."""

    folder: Path
    result: Result
    sentences: tuple[str, ...]
    """What the reports prove."""


def import_reports(files: Sequence[Path], runs: Path, name: str = "") -> Made:
    """One run of these files. Raises ReportUnreadable, and RecordsFailed; then there is no folder."""
    read = [read_report(file) for file in files]
    reports = in_order(read)
    attempts = attempts_of(reports)
    legs = legs_of(reports, attempts)
    told = imported(reports, attempts, legs)
    clock = RunningClock()
    run_id = RunId(secrets.token_hex(4))
    manifest = _manifest(run_id, name, read, reports)
    # Runs are listed by when they came to this machine; when they took place is in the manifest.
    folder = new_folder(runs, PLAN, run_id, clock.wall())
    try:
        write_manifest(folder, manifest)
        return Made(folder, _written(folder, manifest, told, clock), told.sentences)
    except BaseException:
        # A folder without a result would be listed as a run that crashed.
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _written(folder: Path, manifest: Manifest, told: Imported, clock: RunningClock) -> Result:
    tally, samples = Tally(), Samples(folder)
    journal = Journal(folder, manifest.run_id, clock)
    try:
        for event in events_of(RunId(manifest.run_id), told.reports, told.legs, told.reason):
            journal.write(event)
            tally.apply(event)
            if isinstance(event, AttemptEnded):
                samples.take(event)
    finally:
        journal.close()
    lengths = samples.lengths()
    result = result_of(manifest, told, tally, lengths)
    write_result(folder, result, lengths)
    return result


def _manifest(run_id: RunId, name: str, read: Sequence[Read], reports: Reports) -> Manifest:
    settings = {"run.name": name} | {f"import.file.{number}": one.file for number, one in enumerate(read, start=1)}
    concurrencies = {one.report.config.concurrency for one in reports.sittings}
    if len(concurrencies) == 1:
        settings["run.concurrency"] = str(concurrencies.pop())
    days = sorted(one.report.date for one in reports.sittings)
    return Manifest(
        run_id=run_id,
        plan=PLAN,
        target=TARGET,
        started_at=reports.began.isoformat(timespec="milliseconds"),
        name=name,
        # No process goes on with it.
        pid=0,
        pid_started="",
        settings=settings,
        fingerprint={"slotfill": __version__, "python": platform.python_version()}
        | {f"file.{number}": one.sha256 for number, one in enumerate(read, start=1)},
        day=days[0].isoformat() if days else "",
    )
