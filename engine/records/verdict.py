"""The verdict of a run: judged from what its folder holds, and put on a page with the evidence of every number."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from engine.judge.evidence import MANIFEST, RESULT, RULE, Left
from engine.judge.facts import Facts
from engine.judge.fingerprints import IMPORT
from engine.judge.verdict import verdict
from engine.model.floor import Floor
from engine.model.report import Result
from engine.model.verdict import Claim, House, Number, Verdict
from engine.records.archive import Manifest
from engine.records.columns import columns_of
from engine.records.journal import read
from engine.records.reading import content
from engine.records.tables import markdown
from engine.records.trouble import RecordsDamaged
from engine.records.writer import masked


def houses_of(floors: Mapping[str, Floor]) -> dict[str, House]:
    """Each restaurant's floor, as far as a verdict rests on it."""
    return {slug: _house(floor) for slug, floor in floors.items()}


def _house(floor: Floor) -> House:
    first = {one for one, _ in floor.adjacency}
    second = {other for _, other in floor.adjacency} - first
    names = sorted(table.number for table in floor.tables if table.id in second)
    return House(len(floor.tables), len(floor.adjacency), tuple(names))


def judged(folder: Path, result: Result, samples: Mapping[str, Sequence[int]]) -> Result:
    """The result with its verdict; as it is of an import, and where the journal cannot be read."""
    if result.plan == IMPORT:
        return result
    try:
        facts = Facts(read(folder))
    except RecordsDamaged:
        return result
    try:
        manifest = msgspec.json.decode(content(folder / MANIFEST), type=Manifest)
    except (OSError, ValueError, RecursionError):
        manifest = None
    plain = msgspec.structs.replace(result, verdict=None)
    # Masked, as the file will have it: what is judged is what anybody finds there.
    documents = {RESULT: masked(plain), MANIFEST: {} if manifest is None else masked(manifest)}
    left = Left(documents, facts, samples)
    floor = None if manifest is None else manifest.client_floor
    unlike = list(dict.fromkeys(mark for level in result.levels for mark in level.marks if "differ" in mark))
    return msgspec.structs.replace(result, verdict=verdict(plain, left, floor, unlike))


def verdict_parts(result: Result) -> Iterable[str]:
    """The sections "Verdict" and "Evidence" of the page; nothing where there is no verdict."""
    found = result.verdict
    if found is None:
        return
    yield "## Verdict\n"
    yield f"{found.summary}.\n"
    for claim in found.claims:
        yield _claim(claim)
    if found.waterfall:
        yield "What was possible, and what became of it:\n"
        yield "".join(f"- {one}\n" for one in found.waterfall)
    if found.refusals:
        yield "Why there is no stronger word:\n"
        yield "".join(f"- {one}\n" for one in found.refusals)
    yield "## Evidence\n"
    yield from _evidence(found, result)


def _claim(claim: Claim) -> str:
    lines = [f"### {claim.grade.value}: {claim.name or claim.resource}\n", f"{claim.claim}\n"]
    where = f"Step: {claim.step}; resource: {claim.resource}." if claim.step else f"Resource: {claim.resource}."
    lines.append(f"- {where}\n" + (f"- Effect: {claim.effect}.\n" if claim.effect else "") + _beyond(claim))
    return "\n".join(lines)


def _beyond(claim: Claim) -> str:
    rivals = "".join(f"- Considered and not taken: {rival}.\n" for rival in claim.rivals)
    return (
        f"- Evidence that agrees: {', '.join(claim.kinds)}; over {claim.over}.\n"
        f"- It would be refuted by {claim.would_refute}.\n{rivals}"
    )


def _evidence(found: Verdict, result: Result) -> Iterable[str]:
    yield (
        "Where each number stands in the run's folder. In a pointer `*` is every entry and `{key=value}` those that "
        "have it; several are added up. `slotfill report --audit` computes every number once more.\n"
    )
    yield markdown(("id", "shown", "file", "pointer or formula"), (_row(one) for one in found.numbers))
    yield "Of the tables above, row by row:\n"
    yield markdown(
        ("table", "column", "file", "pointer", "computed from"),
        ((one.table, one.column, RESULT, one.pointer, one.source) for one in columns_of(result)),
    )


def _row(one: Number) -> tuple[str, str, str, str]:
    if one.how == RULE:
        return one.id, one.shown, "-", f"rule: {one.pointer}"
    if one.how:
        return one.id, one.shown, "-", f"{one.how} of {', '.join(one.inputs)}"
    return one.id, one.shown, one.file, one.pointer
