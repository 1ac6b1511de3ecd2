"""The audit: every number of a report computed once more, from the files that it points to.

The verdict's numbers are read where they point and derived ones derived again. The figures of `result.json` are
counted anew from the raw lines of the journal and the raw lengths, by code of its own: none of the tally's is used.
"""

import gzip
import json
import math
import struct
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from engine.judge.evidence import JOURNAL, MANIFEST, RESULT, Left, Ref
from engine.judge.facts import Facts
from engine.judge.pointer import numbers
from engine.model.audit import Audit, Checked
from engine.model.report import Result
from engine.model.verdict import Number
from engine.model.waterfall import Waterfall
from engine.records.columns import columns_of
from engine.records.journal import read
from engine.records.reading import UNREADABLE, content
from engine.records.result import read_result
from engine.records.samples import read as read_samples
from engine.records.segments import segments
from engine.records.trouble import RecordsDamaged, one_line
from engine.records.waterfall import INVENTORY, fell, ground_of, is_proven

_ENTRIES = ("persisted", "lost", "torn", "altered", "recovered", "void", "unresolved", "unverified", "skipped")
_LEAST_FOR_P99 = 500


class _Integrity(msgspec.Struct):
    counts: dict[str, int] = {}


def audit(folder: Path) -> Audit:
    """Compute every number of the run's report once more. Raises RecordsDamaged where there is nothing to read."""
    result = read_result(folder)
    if result is None:
        raise RecordsDamaged(f"{folder / RESULT}: there is no result that can be read; the run goes on, or crashed")
    document = json.loads((folder / RESULT).read_bytes())
    found = [*_of_verdict(folder, document), *_of_ledger(document)]
    found += _of_waterfall(folder, result)
    if result.plan != "import":
        # An import's journal is made of reports, which do not tell what its figures were counted from.
        found += _of_journal(folder, document)
        found += _of_samples(folder, document)
        found += _of_integrity(folder, document)
    columns = tuple(f"{one.table}: {one.column}" for one in columns_of(result))
    return Audit(result.run_id, tuple(found), columns)


def _checked(name: str, said: float | None, again: float | None, where: str) -> Checked:
    """Equal to the last digits that adding up in another order may change."""
    if said is None or again is None:
        return Checked(name, said, again, where, agrees=said is None and again is None)
    return Checked(name, said, again, where, agrees=math.isclose(said, again, rel_tol=1e-9, abs_tol=1e-9))


# The verdict


def _of_verdict(folder: Path, document: Any) -> Iterator[Checked]:
    told = document.get("verdict")
    if told is None:
        return
    known = {one.id: one for one in msgspec.convert(told["numbers"], list[Number])}
    manifest = json.loads((folder / MANIFEST).read_bytes()) if (folder / MANIFEST).exists() else {}
    left = Left({RESULT: document, MANIFEST: manifest}, Facts(read(folder)), read_samples(folder))
    for one in known.values():
        where = one.how or f"{one.file} {one.pointer}"
        # Of several values that a formula takes none stands for them; the formula's own number does.
        again = None if one.unit == "list" and one.value is None else left.value(_ref(one, known))
        yield _checked(one.id, one.value, again, where)
    said = " ".join(
        (
            told["summary"],
            *told["refusals"],
            *told.get("waterfall", ()),
            *(one["claim"] + one["effect"] for one in told["claims"]),
        )
    )
    for name in sorted({part.partition("]")[0] for part in said.split("[E")[1:]}):
        if f"E{name}" not in known:
            yield Checked(f"E{name}", None, None, "a sentence names it, and there is no such number", agrees=False)


def _ref(one: Number, known: dict[str, Number]) -> Ref:
    inputs = tuple(_ref(known[name], known) for name in one.inputs)
    return Ref(one.file, one.pointer, one.how, inputs)


# The waterfall


def _of_waterfall(folder: Path, result: Result) -> Iterator[Checked]:
    """Replayed and solved once more, from the journal and what the folder keeps of the houses."""
    said, ground = result.waterfall, ground_of(folder)
    if said is None:
        return
    again = None if ground is None else fell(folder, ground, result)
    if again is None:
        yield Checked("waterfall", float(said.demand), None, f"{INVENTORY} is not there", agrees=False)
        return
    yield from fallen_twice(said, again)


def fallen_twice(said: Waterfall, again: Waterfall) -> Iterator[Checked]:
    """A waterfall and the same once more.

    A bound that no assignment was found for is one from above, which rests on how far the solver came in its time:
    two of them agree, and with a proven one where they are not below it.
    """
    where = f"{INVENTORY} and {JOURNAL}, replayed and solved"
    if [one.restaurant for one in said.houses] != [one.restaurant for one in again.houses]:
        mine, theirs = float(len(said.houses)), float(len(again.houses))
        yield Checked("waterfall/houses", mine, theirs, where, agrees=False)
        return
    for name in ("demand", "alone", "placed", "acknowledged", "persisted"):
        yield _checked(f"waterfall/{name}", getattr(said, name), getattr(again, name), where)
    yield _bound("waterfall/bound", (said.bound, is_proven(said)), (again.bound, is_proven(again)), where)
    share = said.persisted / said.bound if said.persisted is not None and said.bound else None
    yield _checked("waterfall/efficiency", said.efficiency, share, "its persisted by its bound")
    for one, other in zip(said.houses, again.houses, strict=True):
        at = f"waterfall/{one.restaurant}"
        yield _checked(f"{at}/lost", float(len(one.lost)), float(len(other.lost)), where)
        if one.optimum is not None and other.optimum is not None:
            proven = one.optimum.is_proven and other.optimum.is_proven
            for name in ("waste", "online", "covers", *(("optimal_waste",) if proven else ())):
                yield _checked(f"{at}/{name}", getattr(one.optimum, name), getattr(other.optimum, name), where)
            # They are looked for where the bound is above what was achieved.
            if one.bound == other.bound:
                mine, theirs = (float(len(house.regrets)) for house in (one.optimum, other.optimum))
                yield _checked(f"{at}/regrets", mine, theirs, where)


def _bound(name: str, said: tuple[int | None, bool], again: tuple[int | None, bool], where: str) -> Checked:
    (mine, proven), (theirs, is_proven_now) = said, again
    if mine is None or theirs is None or (proven and is_proven_now):
        return _checked(name, mine, theirs, where)
    agrees = theirs >= mine if proven else not is_proven_now or mine >= theirs
    return Checked(name, mine, theirs, f"{where}; a bound from above", agrees=agrees)


# The figures of the result


def _of_ledger(document: Any) -> Iterator[Checked]:
    ledger = document["ledger"]
    said = float(ledger["attempts"]) if ledger["balanced"] else None
    again = float(sum(ledger[name] for name in _ENTRIES))
    if said is not None:
        yield _checked("ledger/attempts", said, again, "the sum of its entries")


def _of_journal(folder: Path, document: Any) -> Iterator[Checked]:
    outcomes: Counter[str] = Counter()
    refusals: Counter[tuple[str, str]] = Counter()
    acknowledged = 0
    for line in _lines(folder):
        if line["type"] == "AttemptEnded":
            outcomes[line["outcome"]] += 1
            acknowledged += line["certainty"] == "ok"
        elif line["type"] == "Refused":
            refusals[line["refusal"]["step"], line["outcome"]] += 1
    where = f"{JOURNAL}, its lines counted"
    yield _checked("attempts", document["attempts"], float(outcomes.total()), where)
    yield _checked("acknowledged", document["acknowledged"], float(acknowledged), where)
    for word in dict.fromkeys((*document["outcomes"], *outcomes)):
        yield _checked(f"outcomes/{word}", document["outcomes"].get(word), float(outcomes[word]), where)
    filled, attempts = outcomes["filled"], outcomes.total()
    yield _checked("success_rate", document["success_rate"], filled / attempts if attempts else None, where)
    told = {(step, word): count for step, words in document["refusals"].items() for word, count in words.items()}
    for step, word in dict.fromkeys((*told, *refusals)):
        yield _checked(f"refusals/{step}/{word}", told.get((step, word)), float(refusals[step, word]), where)
    for name, pointer in (("attempts", "/by_restaurant/*/attempts"), ("acknowledged", "/by_restaurant/*/confirmed")):
        yield _checked(f"{name} of all restaurants", document[name], sum(numbers(document, pointer)), pointer)


def _of_samples(folder: Path, document: Any) -> Iterator[Checked]:
    for step, told in document["latency_ms"].items():
        name = f"samples.{step}.u64"
        raw = (folder / name).read_bytes() if (folder / name).exists() else b""
        count = len(raw) // 8
        ordered = sorted(struct.unpack(f"<{count}Q", raw[: 8 * count]))
        yield _checked(f"latency_ms/{step}/count", told["count"], float(count), name)
        for figure in ("min", "p50", "p90", "p95", "p99", "max"):
            yield _checked(f"latency_ms/{step}/{figure}", told[figure], _length(ordered, figure), name)


def _length(ordered: list[int], figure: str) -> float | None:
    """The smallest length that so many per cent of them do not exceed, ms."""
    if not ordered or (figure == "p99" and len(ordered) < _LEAST_FOR_P99):
        return None
    percent = {"min": 0, "max": 100}.get(figure) if not figure.startswith("p") else int(figure[1:])
    # In whole numbers, so that 95 % of 100 is the 95th: floats would say the 96th now and then.
    rank = max(1, -(-len(ordered) * (percent or 0) // 100))
    return ordered[rank - 1] / 1e6


def _of_integrity(folder: Path, document: Any) -> Iterator[Checked]:
    told = document["integrity"]
    # Of several repeats each file has the last one's, and the result the first one's before.
    for when in ("before", "after") if told is not None and len(document["passes"]) <= 1 else ():
        path = folder / f"integrity-{when}.json"
        there = _counts(path)
        for name, count in told[when].items():
            again = float(there[name]) if name in there else None
            yield _checked(f"integrity/{when}/{name}", float(count), again, path.name)


def _counts(path: Path) -> dict[str, int]:
    """Of an integrity file; none where it cannot be read, which is then no number's proof."""
    try:
        return msgspec.json.decode(content(path), type=_Integrity).counts
    except (OSError, *UNREADABLE):
        return {}


def _lines(folder: Path) -> Iterable[Any]:
    paths = [path for _, path in segments(folder, "journal", "jsonl")]
    for path in paths:
        try:
            with _opened(path) as file:
                for line in file:
                    try:
                        yield json.loads(line)
                    except ValueError as error:
                        if path == paths[-1] and not line.endswith(b"\n"):
                            return
                        raise RecordsDamaged(f"{path}: not a journal's line: {one_line(error)}") from error
        except (OSError, EOFError, zlib.error) as error:
            raise RecordsDamaged(f"{path}: could not be read: {error}") from error


def _opened(path: Path) -> BinaryIO | gzip.GzipFile:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")
