"""The verdict over one run or sweep: pathologies by their signatures, the limit, and what forbids more. Pure."""

from collections.abc import Sequence

from engine.judge import doubts
from engine.judge.evidence import Book, Left, Ref, derived, result
from engine.judge.falls import told
from engine.judge.limits import Limit, look
from engine.judge.pathologies import PATHOLOGIES, Pathology
from engine.judge.signs import ATTEMPTS, Case, Seen
from engine.model.client_floor import ClientFloor
from engine.model.report import Result
from engine.model.verdict import Claim, Sureness, Verdict

NO_VERDICT = "no verdict"
_ORDER = {grade: number for number, grade in enumerate(Sureness)}


def verdict(found: Result, left: Left, floor: ClientFloor | None = None, unlike: Sequence[str] = ()) -> Verdict:
    """What the evidence comes to. `left.documents` holds the result itself under its file's name.

    `unlike` says in which fingerprints the legs of a sweep differ.
    """
    book = Book(left)
    case = Case(found, book, _larger(found), _smallest(found))
    late = doubts.generator(case, floor, left.samples)
    looked = look(case, timing=not late)
    limits = () if looked.limit is None else (looked.limit, *looked.beside)
    claims, spent = _named(case, limits)
    if looked.limit is not None and looked.limit.step not in spent:
        claims.append(_limited(case, looked.limit))
    claims.sort(key=lambda claim: _ORDER[claim.grade])
    refusals = [*doubts.size(case, tuple(unlike)), *doubts.ledger(case), *looked.refusals]
    if late:
        refusals.insert(0, f"the generator may be the limit: {'; '.join(late)}")
    falls = tuple(told(case))
    return Verdict(_summary(claims, refusals), tuple(claims), tuple(refusals), tuple(book.numbers), falls)


def _larger(found: Result) -> tuple[int, ...]:
    """The legs of the larger half of a sweep's levels: there a limit shows. None of a run that is no sweep."""
    if found.sweep is None:
        return ()
    most = max((level.concurrency for level in found.levels), default=0)
    return tuple(sorted(leg for level in found.levels if 2 * level.concurrency > most for leg in level.legs))


def _smallest(found: Result) -> tuple[int, ...]:
    """The legs of a sweep's smallest level: there steps take what they take by themselves."""
    if found.sweep is None:
        return ()
    least = min((level.concurrency for level in found.levels), default=0)
    return tuple(sorted(leg for level in found.levels if level.concurrency == least for leg in level.legs))


def _summary(claims: list[Claim], refusals: list[str]) -> str:
    if claims:
        more = f", and beside it {', '.join(one.name or one.resource for one in claims[1:])}" if claims[1:] else ""
        first = claims[0]
        where = f" at {first.step}" if first.step else ""
        return f"{first.grade.value}: {first.name or first.resource}{where}{more}"
    if refusals:
        return f"{NO_VERDICT}: nothing stands out, and {refusals[0]}"
    return f"{NO_VERDICT}: nothing stands out"


def _named(case: Case, limits: Sequence[Limit]) -> tuple[list[Claim], set[str]]:
    """The pathologies that are there, and the steps whose limit is one of them."""
    claims: list[Claim] = []
    spent: set[str] = set()
    for one in PATHOLOGIES.values():
        signs = [sign(case) for sign in one.signs]
        if not all(signs):
            continue
        mine = next((it for it in limits if one.waits == it.wait.name and one.step in ("", it.step)), None)
        if (mine is None or mine.step in spent) and not any(seen.kind for seen in signs if seen is not None):
            # Only the limit shows it, and that is something else.
            continue
        if mine is not None:
            spent.add(mine.step)
        there = [seen for seen in (*signs, *(sign(case) for sign in one.beside)) if seen is not None and seen.kind]
        claims.append(_claim(case, one, there, mine))
    return claims, spent


def _claim(case: Case, one: Pathology, there: list[Seen], limit: Limit | None) -> Claim:
    before = len(case.book.numbers)
    seen = [*there, *(limit.seen if limit is not None else ())]
    step = one.step or (limit.step if limit is not None else "")
    headline = f"{one.headline}, in {step}" if limit is not None and not one.step else one.headline
    effect, interval = _effect(case, there, limit)
    return Claim(
        claim=f"{headline}: {'; '.join(clause.tell(case.book) for clause in seen)}.",
        grade=grade({clause.kind for clause in seen}),
        step=step,
        resource=one.resource,
        name=one.name,
        effect=effect,
        interval=interval,
        runs=int(case.total(_repeats(case))) or 1,
        over=_over(case),
        evidence=_since(case, before, seen),
        kinds=tuple(dict.fromkeys(clause.kind for clause in seen)),
        would_refute=one.refute,
        rivals=one.rivals,
    )


def _limited(case: Case, limit: Limit) -> Claim:
    """A limit that is no pathology."""
    before = len(case.book.numbers)
    effect, interval = _effect(case, [], limit)
    said = "; ".join(clause.tell(case.book) for clause in limit.seen)
    return Claim(
        claim=f"{limit.step} is held up by {limit.wait.resource}: {said}.",
        grade=grade({clause.kind for clause in limit.seen}),
        step=limit.step,
        resource=limit.wait.resource,
        effect=effect,
        interval=interval,
        runs=int(case.total(_repeats(case))) or 1,
        over=_over(case),
        evidence=_since(case, before, list(limit.seen)),
        kinds=tuple(clause.kind for clause in limit.seen),
        would_refute=f"throughput that stays as it is with {limit.wait.resource} out of the way",
        rivals=("our own client: sessions that wait for it are counted apart, and are fewer",),
    )


def grade(kinds: set[str]) -> Sureness:
    """Proven needs an experiment that the waits and the fit agree with; two kinds support, one suggests."""
    if {"experiment", "waits", "fit"} <= kinds:
        return Sureness.PROVEN
    return Sureness.SUPPORTED if len(kinds) > 1 else Sureness.SUGGESTIVE


def _repeats(case: Case) -> Ref:
    """Repeats of the plan; of a sweep those of a level."""
    return derived("distinct", result(f"/{'passes' if case.result.sweep is None else 'levels'}/*/repeat"))


def _over(case: Case) -> str:
    repeats = _repeats(case)
    return f"{case.book(repeats)} {'repeat' if case.total(repeats) == 1 else 'repeats'}"


def _effect(case: Case, there: list[Seen], limit: Limit | None) -> tuple[str, tuple[float, float] | None]:
    """How large it is: the part of the attempts that a sign counts, else of the workers' time."""
    hit = next((seen for seen in there if seen.ref is not None), None)
    if hit is None or hit.ref is None:
        return ("", None) if limit is None else (_time(case, limit), None)
    ref = hit.ref
    low, high = (case.book.left.value(derived(f"wilson {end}", ref, ATTEMPTS)) for end in ("low", "high"))
    part = case.book.left.value(derived("ratio", ref, ATTEMPTS))
    if part is None or part > 1 or low is None or high is None:
        return "", None
    if hit.at_most:
        share = case.book(derived("ratio", ref, ATTEMPTS), "%")
        return f"at most {share} of attempts, as a full house refuses so, too", None
    text = (
        f"{case.book(derived('ratio', ref, ATTEMPTS), '%')} of attempts, "
        f"{case.book(derived('wilson low', ref, ATTEMPTS), '%')} to "
        f"{case.book(derived('wilson high', ref, ATTEMPTS), '%')} by Wilson's interval"
    )
    return text, (low, high)


def _time(case: Case, limit: Limit) -> str:
    """Sightings of one run hang together: an interval as of single ones would be too narrow."""
    return f"{case.book(limit.effect, '%')} of the workers' time in a step at the server, by sightings (no interval)"


def _since(case: Case, before: int, seen: list[Seen]) -> tuple[str, ...]:
    """Ids of the numbers that these clauses name, newly written down or known from before."""
    said = " ".join(clause.tell(case.book) for clause in seen)
    named = [one.id for one in case.book.numbers if f"[{one.id}]" in said]
    return tuple(dict.fromkeys((*named, *(one.id for one in case.book.numbers[before:]))))
