"""A run as a Prometheus text file, as a collector of text files takes it: base units, no moments. Pure."""

from collections.abc import Iterable, Iterator, Mapping

from engine.model.figures import Latency
from engine.model.report import Result
from engine.model.threshold import Stood

_Row = tuple[Mapping[str, str], float | int | None]
_QUANTILES = (("p50", "0.5"), ("p90", "0.9"), ("p95", "0.95"), ("p99", "0.99"))


def prom(result: Result) -> str:
    """The file: each figure with what it is. Every row says which run it is of; what is not known has no row."""
    run = {"run": result.run_id}
    return "".join(_metric(name, told, run, rows) for name, told, rows in _metrics(result))


def _metrics(result: Result) -> Iterator[tuple[str, str, Iterable[_Row]]]:
    whole: Mapping[str, str] = {}
    about = {"plan": result.plan, "target": result.target, "state": result.state, "started_at": result.started_at}
    yield "run_info", "What the run was; always 1.", [(about, 1)]
    yield "exit_code", "The run's exit code.", [(whole, result.exit_code)]
    yield "attempts", "Attempts by how they ended.", _words("outcome", result.outcomes)
    yield "acknowledged", "Attempts of which the platform said success.", [(whole, result.acknowledged)]
    yield "persisted", "Bookings that the database held at the end.", [(whole, result.persisted)]
    yield "success_ratio", "Filled by attempts.", [(whole, result.success_rate)]
    yield "fills_per_second", "Filled by first send to last answer.", [(whole, result.fills_per_s)]
    yield "effective_concurrency", "Mean number of attempts in flight.", [(whole, result.effective_concurrency)]
    yield (
        "refusals",
        "What steps were told, overcome or not.",
        [
            ({"step": step, "outcome": word}, count)
            for step, words in result.refusals.items()
            for word, count in words.items()
        ],
    )
    kept = result.ledger
    words = (
        *("persisted", "lost", "torn", "altered", "recovered", "void", "unresolved", "unverified", "skipped"),
        *("duplicate", "phantom"),
    )
    yield (
        "ledger",
        "Attempts by what the database held of them.",
        [({"entry": word}, getattr(kept, word)) for word in words],
    )
    yield "ledger_balanced", "Whether the ledger adds up.", [(whole, int(kept.balanced))]
    yield (
        "step_count",
        "Steps that succeeded.",
        [({"step": step}, took.count) for step, took in result.latency_ms.items()],
    )
    yield "step_seconds", "Lengths of steps that succeeded, exact.", list(_lengths(result.latency_ms))
    yield "seat_waste_seats", "Seats given beyond the parties, all together.", [(whole, result.seat_waste.total)]
    yield "seat_waste_mean_seats", "Seats given beyond the party, on the mean.", [(whole, result.seat_waste.mean)]
    yield "tables_per_booking", "Tables of a filled booking, on the mean.", [(whole, result.tables_per_booking)]
    for name, told in (("attempts", "Attempts"), ("confirmed", "Acknowledged attempts"), ("persisted", "Persisted")):
        yield (
            f"restaurant_{name}",
            f"{told} by restaurant.",
            [({"restaurant": slug}, getattr(one, name)) for slug, one in result.by_restaurant.items()],
        )
    counts = result.integrity
    if counts is not None:
        yield (
            "integrity_rows",
            "Offending rows by check, before the run and after it.",
            [
                ({"check": name, "when": when}, count)
                for when, found in (("before", counts.before), ("after", counts.after))
                for name, count in found.items()
            ],
        )
    yield (
        "threshold_passed",
        "Bounds that the user set: 1 kept, 0 not kept; without a row where it cannot be said.",
        # By its words, as one that is given twice is one: a collector takes no file in which a row comes again.
        _words(
            "threshold",
            {one.text: int(one.stood is Stood.PASSED) for one in result.thresholds if one.stood is not Stood.UNKNOWN},
        ),
    )
    for name, told in (
        ("success_rate", "Filled by attempts."),
        ("fills_per_s", "Fills a second."),
        ("attempts_per_s", "Attempts a second."),
        ("persisted_per_s", "Persisted bookings a second."),
    ):
        yield (
            f"level_{name}",
            f"By workers and repeat. {told}",
            [
                ({"concurrency": str(one.concurrency), "repeat": str(one.repeat)}, getattr(one, name))
                for one in result.levels
                if one.kind
            ],
        )


def _words(label: str, counts: Mapping[str, int]) -> list[_Row]:
    return [({label: word}, count) for word, count in counts.items()]


def _lengths(latencies: Mapping[str, Latency]) -> Iterator[_Row]:
    for step, took in latencies.items():
        for name, quantile in _QUANTILES:
            value: float | None = getattr(took, name)
            yield {"step": step, "quantile": quantile}, None if value is None else value / 1e3


def _metric(name: str, told: str, run: Mapping[str, str], rows: Iterable[_Row]) -> str:
    known = [(labels, value) for labels, value in rows if value is not None]
    if not known:
        return ""
    lines = "".join(f"slotfill_{name}{{{_labels({**run, **labels})}}} {value:.12g}\n" for labels, value in known)
    return f"# HELP slotfill_{name} {told}\n# TYPE slotfill_{name} gauge\n{lines}"


def _labels(labels: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{_quoted(value)}"' for name, value in labels.items())


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
