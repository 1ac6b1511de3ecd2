"""Every command of `slotfill`: its words and options. What a command does is imported when it is asked for."""

import argparse
from collections.abc import Callable

from tui.arguments import Parser, Top, filled, rows
from tui.examples import EXAMPLES, FIRST
from tui.run_options import add_common, add_face, add_run

GROUPS = {
    "start a run": ("run", "sweep", "continue"),
    "while it goes on": ("attach", "pause", "resume", "set", "next-pass", "stop", "snapshot", "serve-console"),
    "what came of it": (
        "ls",
        "report",
        "verify",
        "check",
        "compare",
        "optimum",
        "alerts",
        "replay",
        "events",
        "import",
    ),
    "put right and take away": ("repair", "clean", "prune"),
    "the platform and its database": ("watch", "db", "serve", "faults"),
    "this machine": ("env", "config", "completion"),
}
"""Commands by what they are for, as --help lists them."""
_CODES = """exit codes
  0 passed            1 a threshold failed, or a regression
  2 usage, settings   3 target unreachable or unfit
  4 refused           5 data lost or torn
  6 inconclusive      7 records not written
  70 crashed          130 stopped by the operator"""


def parser() -> Top:
    """The whole command line."""
    top = Top(
        prog="slotfill",
        description="Run and watch slot-fill stress runs against a restaurant booking platform on Postgres.",
        epilog=f"""examples
{rows(FIRST)}

{filled("RUN is a run's id, an unambiguous beginning of it, or `last`, the default.")}
{filled("A command's options: slotfill COMMAND --help. Every setting: slotfill config show.")}

{_CODES}""",
    )
    top.groups = GROUPS
    top.add_argument("--version", "-V", action="store_true", help="print the version and exit")
    verbs = top.add_subparsers(dest="verb", metavar="COMMAND", parser_class=Parser)

    def verb(name: str, module: str, text: str) -> argparse.ArgumentParser:
        told = EXAMPLES.get(name)
        made: argparse.ArgumentParser = verbs.add_parser(
            name, help=text, description=text, epilog=f"examples\n{rows(told)}" if told else None
        )
        made.set_defaults(module=module)
        return made

    add_run(verb("run", "run", "start a run; in a terminal with the console, otherwise with progress lines"))
    made = verb("sweep", "run", "run a plan at several concurrencies, each from the same state, and say how it scales")
    made.add_argument("--levels", metavar="N,N,…", help="workers of each level; default: 1,2,3,4,6,8,12,15")
    made.add_argument(
        "--experiment",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="slow one step after the other down; default: where the levels allow an estimate",
    )
    add_run(made)
    made = verb("continue", "run", "go on with a run that stopped or crashed: nothing is done twice")
    made.add_argument("run", nargs="?", default="last", metavar="RUN", help="default: last")
    add_run(made, plan=False)
    _live(verb)
    _looks(verb)
    _watch(verb)
    _mends(verb)
    _house(verb)
    return top


_Verb = Callable[[str, str, str], argparse.ArgumentParser]


def _live(verb: _Verb) -> None:
    """What acts on a run that goes on."""
    for name, text in (
        ("attach", "open the console on a run that goes on"),
        ("pause", "begin no new attempt"),
        ("resume", "begin attempts again"),
        ("next-pass", "end the pass in hand: bookings that nobody has taken wait for the next one"),
        ("stop", "drain and end; given again by you within 3 s, cancel what is in flight"),
    ):
        made = verb(name, "attach" if name == "attach" else "steer", text)
        _which_run(made)
        add_common(made)
        if name == "attach":
            made.add_argument("--behind", metavar="RUN", help="lay that run's recording behind this one")
            made.add_argument("--watch", action="store_true", help="look only: no key acts on the run")
            add_face(made)
    made = verb("set", "steer", "change settings of a run that goes on: concurrency=12 rate=20 stress_max=8 …")
    made.add_argument(
        "words",
        nargs="+",
        metavar="[RUN] KEY=VALUE",
        help="concurrency=+N and =-N change it by N; fault.NAME=on, off or a value",
    )
    add_common(made)


def _looks(verb: _Verb) -> None:
    """What looks at runs and their databases."""
    made = verb("faults", "faults", "list the known pathologies: symptom, cause, and where each shows")
    add_common(made)
    made = verb("check", "check", "run the integrity checks: every offending row is named")
    _which_run(made)
    made.add_argument("--target", metavar="NAME", help="default: embedded, the database of RUN")
    add_common(made)
    made = verb("verify", "verify", "hold everything a run claims against its database once more, by other code")
    _which_run(made)
    add_common(made)
    made = verb("alerts", "alerts", "test RUN: when each alert rule of this configuration would have been raised")
    made.add_argument("what", choices=("test",), metavar="test", help="hold the rules against a recorded run")
    _which_run(made)
    add_common(made)
    _compare(verb("compare", "compare", "hold runs against each other: paired by booking where seeds agree"))
    made = verb(
        "optimum", "optimum", "how many bookings the house could have seated at most, proven, and who was missed"
    )
    _which_run(made)
    add_common(made)
    _report(verb("report", "report", "print a run's report; with --audit, compute every number in it once more"))
    made = verb("import", "import_", "make a run's folder of the platform's old reports: one call, one run")
    made.add_argument(
        "files", nargs="+", metavar="FILE", help="reports; a restaurant that comes again is the next pass"
    )
    made.add_argument("--name", metavar="TEXT", help="a name for the run")
    add_common(made)
    made = verb("ls", "runs", "list runs, what became of them, and the disk they take")
    add_common(made)
    made = verb("replay", "replay", "play a run's recording, or a snapshot's folder, on the screens of the console")
    _which_run(made)
    made.add_argument("--speed", default="1", metavar="X", help="seconds of the run in one of yours; default 1")
    made.add_argument("--behind", metavar="RUN", help="lay that run's recording behind this one, as a reference")
    add_face(made)
    add_common(made)
    made = verb("snapshot", "snapshot", "export a run as it is now: JSON, Markdown, CSV and a picture of the screen")
    _which_run(made)
    made.add_argument("--out", metavar="DIR", help="where to; default: the run's own folder")
    made.add_argument("--size", default="160x50", metavar="COLSxROWS", help="of the picture")
    add_common(made)
    made = verb("events", "runs", "print a run's journal as JSON lines")
    _which_run(made)
    add_common(made, says="JSON lines it is already: one event on each")
    made = verb("prune", "prune", "remove old runs, or those that are named, and their databases")
    made.add_argument("runs_given", nargs="*", metavar="RUN", help="these; default: all but the newest")
    made.add_argument("--keep", type=int, metavar="N", help="how many to leave; default: [records] keep")
    made.add_argument("--yes", action="store_true", help="do not ask")
    add_common(made)


def _watch(verb: _Verb) -> None:
    """What looks at a database in which no run of ours works."""
    made = verb("watch", "watch", "the console on a database without a run: it only looks, and writes nothing")
    _which_run(made)
    made.add_argument("--target", metavar="NAME", help="default: embedded, the database of RUN")
    made.add_argument("--database", metavar="NAME", help="one of the embedded cluster's, instead of that of RUN")
    made.add_argument("--dsn", metavar="URL", help="any Postgres; leave its password to PGPASSWORD or ~/.pgpass")
    made.add_argument("--headless", action="store_true", help="a sentence for each change instead of the console")
    made.add_argument(
        "--yes", nargs="?", const="", metavar="=DATABASE", help="backends of a remote one may be cancelled"
    )
    add_face(made)
    add_common(made)


def _compare(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "runs_given", nargs="+", metavar="RUN", help="two or more; the first is what the others are held to"
    )
    made.add_argument("--against", nargs="+", metavar="RUN", help="hold all RUNs, as one arm, to these, as another")
    made.add_argument("--by", metavar="KEY", help="make arms of the runs that agree in a setting: run.concurrency")
    made.add_argument("--md", action="store_true", help="print the page as Markdown, with the tables of all runs")
    made.add_argument("--out", metavar="DIR", help="write compare.md and compare.json there too")
    add_common(made)


def _report(made: argparse.ArgumentParser) -> None:
    _which_run(made)
    made.add_argument("--audit", action="store_true", help="recompute every number from the records it points to")
    made.add_argument(
        "--format",
        action="append",
        choices=("md", "html", "csv", "junit", "prom", "all"),
        help="write this form, repeatable; default: md is printed, and report.html written beside result.json",
    )
    made.add_argument("--out", metavar="DIR", help="where to; default: the run's own folder")
    add_common(made)


def _mends(verb: _Verb) -> None:
    """What puts right and takes away, always after a list and a yes."""
    made = verb("repair", "repair", "put right what earlier runs left: list it, ask, do it in one transaction, report")
    _what(made, "holds", "zone-locks", "allocations", "torn")
    _which_run(made)
    made.add_argument("--target", metavar="NAME", help="default: embedded, the database of RUN")
    _mend(made)
    made = verb("clean", "clean", "remove the rows a run made and restore those it changed, and only those")
    _which_run(made)
    _mend(made)


def _mend(made: argparse.ArgumentParser) -> None:
    made.add_argument("--dry-run", action="store_true", help="list what would be done, and do nothing")
    made.add_argument("--yes", nargs="?", const="", metavar="=DATABASE", help="do not ask; remote: the database's name")
    add_common(made)


def _house(verb: _Verb) -> None:
    """What is there beside runs: the API, the environment, the database, the settings."""
    made = verb("serve", "serve", "the platform's booking API on the embedded database, until you stop it")
    made.add_argument("--port", type=int, default=0, metavar="N", help="of 127.0.0.1; default: any that is free")
    made.add_argument("--database", metavar="NAME", help="one of the embedded cluster's; default: a new one")
    made.add_argument("--data", metavar="NAME", help="what a new one is seeded with: white-horse, stress or today")
    add_common(made)
    made = verb("serve-console", "serve_console", "the console of a run in a browser, until you stop it")
    _which_run(made)
    made.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="default: 127.0.0.1; others want --yes")
    made.add_argument("--port", type=int, default=0, metavar="N", help="default: any that is free")
    made.add_argument("--control", action="store_true", help="its keys steer the run; else it only watches")
    made.add_argument("--yes", action="store_true", help="serve it to other machines, too")
    add_face(made)
    add_common(made)
    made = verb("env", "env", "check the environment, the API and the database of a target; nothing is written")
    _what(made, "check")
    made.add_argument("--target", metavar="NAME", help="default: embedded")
    made.add_argument("--fallback-local", action="store_true", help="use the local address when the real one is away")
    add_common(made)
    _db(verb("db", "db", "the embedded database: init, reset, seed, status, stop, url, psql"))
    made = verb("config", "config", "settings: show them with where each came from, or their JSON Schema")
    _what(made, "show", "schema")
    made.add_argument("--result", action="store_true", help="schema: that of result.json")
    add_common(made)
    made = verb("completion", "completion", "print what a shell needs to complete commands, options and runs")
    _what(made, "bash", "zsh", "fish")
    add_common(made)


def _what(made: argparse.ArgumentParser, *words: str) -> None:
    """One of these words comes first."""
    made.add_argument("what", choices=words, metavar="|".join(words))


def _which_run(made: argparse.ArgumentParser) -> None:
    made.add_argument("run", nargs="?", default="last", metavar="RUN", help="default: last")


def _db(made: argparse.ArgumentParser) -> None:
    _what(made, "init", "reset", "seed", "status", "stop", "url", "psql")
    made.add_argument("run", nargs="?", default="last", metavar="RUN", help="reset, url and psql: whose database")
    made.add_argument("--yes", nargs="?", const="", metavar="=DATABASE", help="do not ask")
    made.add_argument("--data", metavar="NAME", help="init and seed: white-horse, stress or today")
    made.add_argument("--command", "-c", metavar="SQL", help="psql: run this and exit")
    made.add_argument("--target", metavar="NAME", help="default: embedded")
    add_common(made)
