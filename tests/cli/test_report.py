"""Real runs and their reports: the verdict names what was wrong, and every number is found where it points."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.judge.pointer import numbers
from engine.platform.cluster import Cluster
from tests.records.test_report_forms import NUMBER, read
from tests.shell import Done, Shell

SHORT = (
    "run", "fill", "--headless", "--json", "--seed", "7", "--concurrency", "1", "--start", "17:00", "--end", "18:30",
    "--min-party", "2", "--max-party", "7", "--stress-max", "4", "--set", "observe.waits_hz=20",
)  # fmt: skip
ONE_SLOT = (
    *SHORT, "--start", "19:00", "--end", "19:00", "--share-slots", "--concurrency", "20", "--stress-max", "40",
    "--repeat", "5", "--max-party", "4",
)  # fmt: skip
RUNS = {
    "clean": SHORT,
    "restaurant-row-lock": (
        *SHORT, "--end", "17:45", "--stress-max", "2", "--concurrency", "4", "--share-slots",
        "--fault", "restaurant-row-lock",
    ),
    "slow-step": (
        *SHORT, "--concurrency", "4", "--share-slots", "--stress-max", "12", "--fault", "slow-step=hold:60ms",
    ),
    "ledger-replay": (*SHORT, "--fault", "ledger-replay"),
    "silent-drop": (*SHORT, "--fault", "silent-drop"),
    "slot-queue": ONE_SLOT,
}  # fmt: skip
READ = "one that is read in the result"
TIMED = ("restaurant-row-lock", "slow-step", "slot-queue")


@pytest.fixture(scope="module")
def told(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A user who has made one of each of these runs."""
    shell = Shell(tmp_path_factory.mktemp("report"))
    yield shell
    shell.clean()


def made(shell: Shell, name: str) -> Done:
    """That run's result, made when it is first asked for."""
    for folder in shell.runs():
        if shell.manifest(folder)["name"] == name:
            return Done(0, (folder / "result.json").read_text(), "")
    return shell.do(*RUNS[name], "--name", name, timeout=90)


def folder_of(shell: Shell, name: str) -> Path:
    made(shell, name)
    return next(folder for folder in shell.runs() if shell.manifest(folder)["name"] == name)


@pytest.mark.parametrize("name", RUNS)
def test_the_verdict_names_what_was_wrong_and_nothing_in_a_healthy_run(name: str, told: Shell) -> None:
    verdict = made(told, name).json()["verdict"]
    names = {claim["name"]: claim for claim in verdict["claims"]}
    if name == "clean":
        assert not set(names) - {""}, "no pathology is named"
        return
    # One slot has two queues, of its zone and of its day: which is the longer one a busy machine decides.
    expected = {"slot-queue", "day-queue"} if name == "slot-queue" else {name}
    assert set(names) - {""} <= expected, verdict
    claim = names.get(name) or names["day-queue"]
    # Too few waits are seen of a queue that a slow machine keeps short.
    assert claim["grade"] in ("proven", "supported", *(["suggestive"] if name == "slot-queue" else [])), claim
    assert claim["evidence"]
    if name in TIMED[1:]:
        assert "waits" in claim["kinds"], claim
    if name == "slow-step":
        assert claim["step"] == "hold"


def test_what_the_report_command_prints_is_what_the_run_wrote(told: Shell) -> None:
    folder = folder_of(told, "ledger-replay")
    run = told.manifest(folder)["run_id"]
    done = told.do("report", run)
    assert done.code == 0, done.err
    assert done.out.strip() == (folder / "report.md").read_text().strip()
    assert told.do("report", run, "--json").json()["run_id"] == run


@pytest.mark.parametrize("name", ["ledger-replay", "slot-queue"])
def test_every_form_is_written_beside_the_result_and_the_page_with_charts_has_the_same_numbers(
    name: str, told: Shell
) -> None:
    folder = folder_of(told, name)
    before = (folder / "report.md").read_text()
    done = told.do("report", told.manifest(folder)["run_id"], "--format", "all")
    assert (done.code, done.err) == (0, "")
    names = {Path(line).name for line in done.out.splitlines()}
    tables = {"levels.csv", "steps.csv", "by_restaurant.csv", "passes.csv"}
    assert names == {"report.md", "report.html", "junit.xml", "result.prom"} | tables
    assert (folder / "report.md").read_text() == before
    page = (folder / "report.html").read_text()
    text = read(page)
    assert NUMBER.findall(" ".join(text.words)) == NUMBER.findall(before)
    assert page.count("<figure>") == 3, "outcomes and throughput over time, latency by step"
    evidence = {link for link in text.links if re.fullmatch(r"#E\d+", link)}
    assert evidence
    assert {link[1:] for link in evidence} <= set(text.ids)
    ended = ET.parse(folder / "junit.xml").getroot()
    assert (int(ended.get("failures", 0)) > 0) == (name == "ledger-replay")


def test_a_form_that_cannot_be_written_is_one_sentence_and_exit_7(told: Shell, tmp_path: Path) -> None:
    folder_of(told, "clean")
    (tmp_path / "taken").write_text("a file")
    for out in (tmp_path / "taken", tmp_path / "taken" / "below"):
        done = told.do("report", "--format", "html", "--out", str(out))
        assert (done.code, done.out, done.err.count("\n")) == (7, "", 1), done.err
        assert str(tmp_path) in done.err
    assert (tmp_path / "taken").read_text() == "a file"


@pytest.mark.parametrize("name", ["ledger-replay", "slow-step", "slot-queue"])
def test_every_number_of_the_report_is_found_in_the_runs_folder_by_its_link(name: str, told: Shell) -> None:
    folder = folder_of(told, name)
    page = (folder / "report.md").read_text()
    evidence = page.partition("## Evidence")[2]
    links = {row[0]: row[1:] for row in rows_of(evidence) if re.fullmatch(r"E\d+", row[0])}
    section = page.partition("## Verdict")[2].partition("## Evidence")[0]
    said = re.findall(r"(?<![\w\[])(\d+(?:\.\d+)?)(?: (?:%|ms|s))?(?: \[(E\d+)\])?", re.sub(r"`[^`]*`", "", section))
    assert len(said) > 4
    for number, link in said:
        assert link, f"{number} has no evidence"
        shown, file, pointer = links[link]
        assert shown.split()[0] == number
        found = look_up(folder, links, link)
        if found is not None:
            assert told_as(found, shown) == number, (link, file, pointer)
    assert any(file == "result.json" for _, file, _ in links.values())


def look_up(folder: Path, links: dict[str, list[str]], link: str) -> Any:
    """The number behind a link, read and computed by this test's own means; None of a rule's bound."""
    _, file, pointer = links[link]
    if file.endswith(".json"):
        return sum(numbers(json.loads((folder / file).read_text()), pointer))
    if file.startswith("journal"):
        return from_journal(folder, pointer)
    how, _, inputs = pointer.partition(" of ")
    values = [look_up(folder, links, one) or 0.0 for one in inputs.split(", ")] if inputs else []
    match how:
        case "ratio":
            return values[0] / values[1]
        case "more":
            return values[0] - values[1]
        case "residual":
            return 1 - sum(values[1:]) / values[0]
        case "wilson low" | "wilson high":
            n, rate, square = values[1], values[0] / values[1], 1.959964**2
            half = 1.959964 * ((rate * (1 - rate) + square / (4 * n)) / n) ** 0.5
            return (rate + square / (2 * n) + (half if how.endswith("high") else -half)) / (1 + square / n)
        case "distinct":
            return float(len(set(links[inputs][0].split(", "))))
        case rule:
            assert rule.startswith("rule: "), rule
            return None


def from_journal(folder: Path, rule: str) -> Any:
    paths = sorted(folder.glob("journal.*.jsonl"))
    lines = [json.loads(line) for path in paths for line in path.read_text().splitlines()]
    ended = [one for one in lines if one["type"] == "AttemptEnded"]
    filled = [one for one in ended if one["outcome"] == "filled"]
    took = [(step[0], step[3]) for one in filled for step in one["steps"] if step[0] != "total"]
    loads = [one["load"] for one in lines if one["type"] == "LegEnded" and one.get("load")]
    match rule.split():
        case ["attempts"]:
            return len(ended)
        case ["path", "total"]:
            return sum(one["ended_ns"] - one["due_ns"] for one in filled)
        case ["path", "lag"]:
            return sum(one["started_ns"] - one["due_ns"] for one in filled)
        case ["path", "steps"]:
            return sum(ns for _, ns in took)
        case ["path", step]:
            return sum(ns for name, ns in took if name == step)
        case ["load", "lag"]:
            return max(one["lag_p99_ns"] for one in loads)
        case ["load", "tainted"]:
            return sum(one["tainted"] for one in loads)
        case ["load", "cpu"]:
            return max(one["cpu_share"] for one in loads)
        case _:
            raise AssertionError(rule)


def told_as(value: float, shown: str) -> str:
    if shown.endswith("%"):
        return f"{100 * value:.1f}"
    if shown.endswith(" ms"):
        return f"{value / 1e6:.1f}"
    return f"{value:.1f}" if shown.endswith(" s") else f"{value:.0f}"


def rows_of(text: str) -> list[list[str]]:
    """Rows of Markdown tables; a bar within a cell is written with a backslash."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip().replace("\\|", "|") for cell in line.strip("|").split(" | ")] for line in lines]


@pytest.mark.parametrize("name", ["clean", "restaurant-row-lock", "ledger-replay"])
def test_every_number_of_the_tables_is_found_by_the_pointer_of_its_column(name: str, told: Shell) -> None:
    folder = folder_of(told, name)
    page = (folder / "report.md").read_text()
    document = json.loads((folder / "result.json").read_text())
    columns = [row for row in rows_of(page.partition("Of the tables above")[2]) if row[2] == "result.json"]
    assert {"Outcomes", "Restaurants", "Latency", "Slots"} <= {row[0] for row in columns}
    for table, column, _, pointer, _ in columns:
        head, _, *rows = rows_of(re.split(rf"^## {table}\n", page, flags=re.MULTILINE)[1].partition("\n## ")[0])
        cells = [row[head.index(column)] for row in rows]
        at = [cell for cell in cells if cell != "-"]
        assert at or column == "p99"
        for cell, value in zip(at, numbers(document, pointer), strict=True):
            assert cell == (f"{value:.1f}" if "." in cell else f"{value:.0f}"), (table, column)


@pytest.mark.parametrize("name", ["clean", "slot-queue"])
def test_an_audit_computes_every_number_once_more_and_all_agree(name: str, told: Shell) -> None:
    run = told.manifest(folder_of(told, name))["run_id"]
    done = told.do("report", run, "--audit")
    assert done.code == 0, done.out
    assert "differs" not in done.out
    assert "all agree" in done.out
    found = told.do("report", run, "--audit", "--json").json()
    assert len(found["checked"]) > 30
    assert all(one["agrees"] for one in found["checked"])


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (("attempts",), "attempts"),
        (("outcomes", "filled"), "outcomes/filled"),
        (("ledger", "persisted"), "ledger/attempts"),
        (("latency_ms", "hold", "p95"), "latency_ms/hold/p95"),
        (("integrity", "after", "stale_allocations"), "integrity/after/stale_allocations"),
        (("verdict", "numbers", READ, "value"), ""),
    ],
)
def test_an_audit_finds_the_one_number_that_was_changed(
    place: tuple[str | int, ...], name: str, told: Shell, tmp_path: Path
) -> None:
    folder = folder_of(told, "ledger-replay")
    runs = tmp_path / "runs"
    copy = runs / folder.name
    copy.mkdir(parents=True)
    for path in folder.iterdir():
        if path.is_file():
            (copy / path.name).write_bytes(path.read_bytes())
    result = json.loads((copy / "result.json").read_text())
    inner: Any = result
    for key in place[:-1]:
        if key == READ:
            inner = next(one for one in inner if one["file"] == "result.json" and one["value"] is not None)
            name = inner["id"]
        else:
            inner = inner[key]
    inner[place[-1]] += 1
    (copy / "result.json").write_text(json.dumps(result))
    done = told.do("report", "last", "--audit", "--set", f"records.runs={runs}")
    assert done.code == 6, done.err
    differing = [line.split()[1] for line in done.out.splitlines() if line.startswith("differs")]
    assert name in differing


def test_a_report_of_a_run_that_is_not_there_or_has_no_result_is_one_sentence(told: Shell, tmp_path: Path) -> None:
    nobody = told.do("report", "--set", f"records.runs={tmp_path}")
    assert (nobody.code, nobody.err.count("\n")) == (2, 1)
    folder = folder_of(told, "clean")
    copy = tmp_path / folder.name
    copy.mkdir()
    (copy / "run.json").write_bytes((folder / "run.json").read_bytes())
    for words in (("report",), ("report", "--audit")):
        without = told.do(*words, "--set", f"records.runs={tmp_path}")
        assert (without.code, without.err.count("\n")) == (6, 1), without.err
