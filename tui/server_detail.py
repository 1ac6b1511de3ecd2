"""The server behind the run, as lines: who is connected, what it is set to, how large it is, what takes its time."""

from collections import Counter

from engine.model.detail import ConnectionGroup, Detail, ServerTold
from engine.model.sample import Sample
from tui.format import age, size_of, tally, took
from tui.lines import Ink, Line, beside, line
from tui.spark import bar
from tui.worker_detail import fact, section

_WIDE = 130


def server_lines(detail: Detail, sample: Sample | None, width: int) -> list[Line]:
    """All of it; two columns where there is room."""
    told = detail.server
    if told is None:
        said = detail.database_trouble or "it was not asked"
        lines = [section("server"), line(("  not shown: ", Ink.MUTED), (said, Ink.UNKNOWN))]
        return [*lines, line(""), *_waits(sample, width)] if sample is not None else lines
    missing = [line("  ", (text, Ink.UNKNOWN)) for text in told.missing]
    missing += [line("")] if missing else []
    if width < _WIDE:
        blocks = [
            _server(told, width), _connections(told, width), _waits(sample, width), _settings(told, width),
            _databases(told, width), _tables(told, width), _statements(told, width),
        ]  # fmt: skip
        return [*missing, *(one for block in blocks for one in (*block, line("")))][:-1]
    left = width // 2 - 1
    right = width - left - 2
    first = beside(
        [*_server(told, left), line(""), *_connections(told, left), line(""), *_waits(sample, left)],
        [*_settings(told, right)],
        width,
        left + 2,
    )
    second = beside(_databases(told, left), _tables(told, right), width, left + 2)
    return [*missing, *first, line(""), *second, line(""), *_statements(told, width)]


def _server(told: ServerTold, width: int) -> list[Line]:
    lines = [section("server")]
    rights = told.rights
    if rights is not None:
        role = "replica, read only" if rights.is_replica else "primary"
        lines.append(fact("Postgres", f"{rights.server_version}  {role}  up {took(rights.up_ns)}"))
        lines.append(fact("asked as", rights.role))
    lines.append(fact("pooler", told.pool))
    if rights is not None and told.used is not None:
        room = max(6, min(30, width - 46))
        used = told.used / max(1, rights.max_connections)
        filled = bar(used, room)
        ink = Ink.FAULT if used >= 0.95 else Ink.CONTENTION if used >= 0.8 else Ink.FILLED
        lines.append(
            line(
                (f"  {'used':<13}", Ink.MUTED),
                (f"{told.used}/{rights.max_connections} ", Ink.STRONG),
                ("[", Ink.RULE),
                (filled, ink),
                ("." * (room - len(filled)), Ink.RULE),
                ("]", Ink.RULE),
                (f"  {rights.reserved} reserved", Ink.MUTED),
                ("  NEARLY FULL !" if ink is Ink.FAULT else "", Ink.FAULT),
            )
        )
    for one in told.prepared:
        words = f"{one.name} of {one.owner} in {one.database}, {took(one.age_ns)} old: keeps its locks !"
        lines.append(fact("prepared", words, Ink.FAULT))
    return lines


def _connections(told: ServerTold, width: int) -> list[Line]:
    """By application, those of the run's database first; a run's workers are one line."""
    lines = [section("connections by application")]
    groups: dict[tuple[bool, str, str], Counter[str]] = {}
    for one in told.connections:
        groups.setdefault((not one.is_here, one.database, _family(one)), Counter())[one.state] += one.count
    for (elsewhere, database, application), states in sorted(
        groups.items(), key=lambda pair: (pair[0][0], -pair[1].total(), pair[0])
    ):
        words = "  ".join(f"{_short(state)} {count}" for state, count in states.most_common())
        where = f" in {database}" if elsewhere and database else ""
        lines.append(
            line(
                (f"  {states.total():>4}  ", Ink.STRONG),
                (f"{application}{where}", Ink.MUTED if elsewhere else Ink.TEXT),
                (f"   {words}", Ink.MUTED),
            )
        )
    return lines if groups else [*lines, line(("  none besides this look", Ink.MUTED))]


def _family(one: ConnectionGroup) -> str:
    """`slotfill 7f3a91c2 w03` and its sisters as one; what has no name by its role."""
    name = one.application or f"(no name) of {one.role}"
    words = name.split()
    if words[0] == "slotfill" and len(words) == 3 and words[2][:1] == "w" and words[2][1:].isdecimal():
        return f"slotfill {words[1]} workers"
    return name


def _short(state: str) -> str:
    return {"idle in transaction": "idle-tx", "idle in transaction (aborted)": "aborted-tx"}.get(state, state)


def _waits(sample: Sample | None, width: int) -> list[Line]:
    lines = [section("waits in the run's database")]
    if sample is None:
        return [*lines, line(("  the server has not been looked at yet", Ink.MUTED))]
    listed = sorted((one for one in sample.waits if one.wait), key=lambda one: -(one.ours + one.others))
    for one in listed[:8]:
        ink = Ink.CONTENTION if one.wait.startswith("Lock") else Ink.TEXT
        lines.append(
            line(
                (f"  {one.ours + one.others:>4}  ", Ink.STRONG),
                (f"{one.wait:<24}", ink),
                (f" {_short(one.state)}, ours {one.ours}", Ink.MUTED),
            )
        )
    return lines if listed else [*lines, line(("  nobody waits, or this role may not see it", Ink.MUTED))]


def _settings(told: ServerTold, width: int) -> list[Line]:
    lines = [section("settings that matter, and where each comes from")]
    for one in told.settings:
        loud = one.name in ("fsync", "full_page_writes", "synchronous_commit") and one.value == "off"
        where = f"{one.source}{f'  {one.place}' if one.place else ''}{'  WAITS FOR A RESTART !' if one.pending else ''}"
        lines.append(
            line(
                (f"  {one.name:<36}", Ink.TEXT),
                (f"{(one.value or '-') + (' !' if loud else ''):<15} ", Ink.FAULT if loud else Ink.STRONG),
                (f" {where}", Ink.MUTED),
            )
        )
    return lines if told.settings else [*lines, line(("  not told", Ink.MUTED))]


def _databases(told: ServerTold, width: int) -> list[Line]:
    lines = [section(f"databases of the server   (sizes {age(told.sizes_age_ns)} old)")]
    lines.append(line((f"  {'SIZE':>8} {'CONN':>5} {'COMMITS':>8} {'ROLLB':>6} {'DEADL':>5}  NAME", Ink.MUTED)))
    for one in told.databases[:30]:
        size = "-" if one.size is None else size_of(one.size)
        lines.append(
            line(
                (f"  {size:>8}", Ink.STRONG),
                f" {one.connections:>5} {tally(one.commits):>8} {tally(one.rollbacks):>6} ",
                (f"{one.deadlocks:>5}", Ink.FAULT if one.deadlocks else Ink.TEXT),
                (f"  {'> ' if one.is_here else ''}{one.name}", Ink.ACCENT if one.is_here else Ink.TEXT),
            )
        )
    if len(told.databases) > 30:
        lines.append(line((f"  and {len(told.databases) - 30} more", Ink.MUTED)))
    return lines


def _tables(told: ServerTold, width: int) -> list[Line]:
    lines = [section("largest tables of the run's database")]
    lines.append(line((f"  {'SIZE':>8} {'INDEXES':>8} {'ROWS':>7} {'DEAD':>7}  TABLE", Ink.MUTED)))
    for one in told.tables[:14]:
        lines.append(
            line(
                (f"  {size_of(one.size):>8}", Ink.STRONG),
                f" {size_of(one.indexes):>8} {tally(one.rows):>7} {tally(one.dead):>7}  {one.table}",
            )
        )
    return lines if told.tables else [*lines[:1], line(("  none, or not to be seen by this role", Ink.MUTED))]


def _statements(told: ServerTold, width: int) -> list[Line]:
    lines = [section("top statements since the statistics were reset")]
    lines.append(line((f"  {'CALLS':>7} {'MEAN':>7} {'TOTAL':>7}  STATEMENT", Ink.MUTED)))
    for one in told.statements:
        query = " ".join(one.query.split()) or "(not to be seen by this role)"
        lines.append(
            line(
                f"  {tally(one.calls):>7} {took(one.mean_ns):>7} {took(one.total_ns):>7}  ",
                (query[: max(10, width - 28)], Ink.MUTED),
            )
        )
    return lines if told.statements else [*lines[:1], line(("  none told", Ink.MUTED))]
