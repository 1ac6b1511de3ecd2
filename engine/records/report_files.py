"""Every form of a run's report, made from its records: Markdown, HTML with charts, CSV, JUnit, Prometheus."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import msgspec

from engine.model.report import Result
from engine.records import charts
from engine.records.csv_files import csv_files
from engine.records.html import html_page
from engine.records.journal import read
from engine.records.junit import junit
from engine.records.levels import RoundSamples
from engine.records.over_time import over_time
from engine.records.page import report_md
from engine.records.prom import prom
from engine.records.samples import read as read_samples
from engine.records.samples import read_rounds
from engine.records.trouble import RecordsDamaged
from engine.records.writer import make_folder, write_text

FORMATS = ("md", "html", "csv", "junit", "prom")
HTML = "report.html"


class Told(msgspec.Struct):
    """What the forms are made of."""

    folder: Path
    result: Result
    samples: Mapping[str, Sequence[int]]
    rounds: RoundSamples

    @classmethod
    def of(cls, folder: Path, result: Result) -> "Told":
        """With the raw lengths of the run's folder. Raises RecordsDamaged."""
        samples = read_samples(folder)
        return cls(folder, result, samples, read_rounds(folder, samples))

    @property
    def page(self) -> str:
        """The report as Markdown."""
        return report_md(self.result, self.samples, self.rounds)


def written(told: Told, formats: Collection[str], out: Path, broken: Collection[str]) -> list[Path]:
    """Write these forms into a folder; the files. Raises RecordsFailed, RecordsDamaged.

    `broken` names the integrity checks whose new rows fail a run.
    """
    texts: dict[str, str] = {}
    if "md" in formats:
        texts["report.md"] = told.page
    if "html" in formats:
        texts[HTML] = page(told, beside=out.absolute() == told.folder.absolute())
    if "csv" in formats:
        texts |= csv_files(told.result, told.samples)
    if "junit" in formats:
        texts["junit.xml"] = junit(told.result, broken)
    if "prom" in formats:
        texts["result.prom"] = prom(told.result)
    make_folder(out)
    for name, text in texts.items():
        write_text(out / name, text)
    return [out / name for name in texts]


def page(told: Told, *, beside: bool = True) -> str:
    """The report as one HTML file."""
    return html_page(told.page, drawn(told), beside=beside)


def drawn(told: Told) -> dict[str, list[str]]:
    """The charts, by the section that each stands in; over time none where the journal cannot be read."""
    result = told.result
    found = {
        "Latency": [charts.latency(result.latency_ms, _model(result))],
        "How it scales": [charts.scaling(result), charts.level_latency(result.levels, told.rounds)],
    }
    try:
        seen = over_time(read(told.folder))
    except RecordsDamaged:
        seen = None
    if seen is not None:
        found["Outcomes"] = [charts.outcomes(seen), charts.throughput(seen)]
    return {section: [one for one in pictures if one] for section, pictures in found.items()}


def _model(result: Result) -> str:
    pace = result.settings.get("run.rate")
    return f"open model at {pace} a second" if pace and pace != "None" else "service time, closed model"
