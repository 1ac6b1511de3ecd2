"""The house's laws that no linter knows."""

import ast
import re
import subprocess
import sys
from pathlib import Path

from engine.config import Settings
from engine.settings_shown import flat
from engine.settings_sources import load

ROOT = Path(__file__).parent.parent
SOURCES = sorted([*ROOT.glob("engine/**/*.py"), *ROOT.glob("tui/**/*.py")])
SQL_WORDS = re.compile(
    r"\b(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\S+\s+SET|DELETE\s+FROM|CREATE\s+(TABLE|FUNCTION|DATABASE)|DROP\s+\w+)\b",
    re.IGNORECASE | re.DOTALL,
)


def _strings(path: Path) -> list[tuple[int, str]]:
    """Every string of a file that is no docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
    ]


def _imported(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint('\\n'.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_no_sql_stands_in_python() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text[:60]}"
        for path in SOURCES
        for line, text in _strings(path)
        if SQL_WORDS.search(text)
    ]
    assert not found


def test_every_statement_is_asked_for_by_name_and_every_name_has_a_statement() -> None:
    files = {
        str(path.relative_to(ROOT / "queries").with_suffix(""))
        for path in ROOT.glob("queries/*/**/*.sql")
        if path.parent.name not in ("platform", "seed", "faults")
        and "-- grade:" not in path.read_text(encoding="utf-8")
    }
    said = " ".join(text for path in SOURCES for _, text in _strings(path))
    # The sampler names its looks by their file alone. Checks are found by their grade, faults' scripts by the fault:
    # their own tests see that none is left over.
    unused = {name for name in files if name not in said and not re.search(rf"\b{Path(name).name}\b", said)}
    assert not unused
    rooms = {name.partition("/")[0] for name in files}
    asked = {
        text
        for path in SOURCES
        for _, text in _strings(path)
        if re.fullmatch(rf"({'|'.join(rooms)})/[a-z_/]*[a-z_]", text)
    }
    known = {str(path.relative_to(ROOT / "queries").with_suffix("")) for path in ROOT.glob("queries/*/**/*.sql")}
    assert not asked - known


def test_the_engine_loads_nothing_that_draws() -> None:
    loaded = _imported("import engine.__main__")
    assert not loaded & {"textual", "rich", "sparklines"}


def test_help_and_verbs_load_neither_textual_nor_the_driver() -> None:
    loaded = _imported("import tui.cli; tui.cli.parser()")
    assert not loaded & {"textual", "rich", "asyncpg", "httpx", "msgspec"}


def test_a_run_without_a_screen_loads_no_screen() -> None:
    loaded = _imported("import tui.verbs.run, tui.headless, tui.verbs.runs, tui.verbs.steer, tui.verbs.db")
    assert not loaded & {"textual", "rich"}


def test_an_engine_loads_http_only_for_a_run_that_goes_through_it() -> None:
    loaded = _imported("import engine.__main__")
    assert not loaded & {"httpx", "h11", "http", "scipy", "numpy", "uvicorn", "starlette"}
    # The doors are there for those that do.
    assert _imported("import engine.at_api, engine.webhook, engine.client_floor") >= {"httpx", "h11"}


def test_a_client_loads_no_driver_no_http_and_no_screen_for_a_run_or_what_steers_one() -> None:
    none_of = {"asyncpg", "httpx", "h11", "http", "textual", "rich", "scipy", "numpy"}
    loaded = _imported("import tui.cli, tui.verbs.run, tui.headless, tui.verbs.steer, tui.verbs.attach")
    assert not loaded & none_of


def test_a_list_of_runs_loads_no_driver_and_no_http() -> None:
    loaded = _imported("import tui.cli, tui.verbs.runs")
    assert not loaded & {"asyncpg", "httpx", "h11", "http", "textual", "rich"}


def test_every_setting_is_documented_in_the_shipped_config() -> None:
    text = (ROOT / "config.toml").read_text(encoding="utf-8")
    missing = [
        key for key in flat(Settings()) if not re.search(rf"^(# )?{key.partition('.')[2]} = ", text, re.MULTILINE)
    ]
    assert not missing


def test_the_shipped_config_says_the_defaults() -> None:
    own = load(config=str(ROOT / "config.toml"), preset=None, options=(), cwd=Path("/"), environ={})
    none = load(config=None, preset=None, options=(), cwd=Path("/"), environ={})
    assert flat(own.settings) == flat(none.settings)


WRITERS = {
    # What a run leaves, masked before it is written.
    "engine/records/writer.py",
    "engine/records/journal.py",
    "engine/records/recording.py",
    "engine/records/samples.py",
    "engine/records/segments.py",
    # The embedded server's own files; they hold nothing of a run.
    "engine/platform/cluster.py",
    "engine/platform/locks.py",
    "engine/platform/owner.py",
    "engine/platform/places.py",
    "engine/platform/server.py",
    # What leads nowhere, in the place of a stream that was closed.
    "tui/streams.py",
    # engine.log, opened once for what Python itself says when all else has failed.
    "engine/__main__.py",
}


def _writes(path: Path) -> bool:
    """Whether a file opens anything for writing."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr in ("write_text", "write_bytes", "O_WRONLY", "O_RDWR"):
            return True
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in (
            "open",
            "fdopen",
        ):
            modes = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            if any(set(mode) <= set("rwabx+") and set(mode) & set("wax+") for mode in modes):
                return True
    return False


def test_files_are_written_only_where_what_is_written_is_masked() -> None:
    found = {str(path.relative_to(ROOT)) for path in SOURCES if _writes(path)}
    assert found <= WRITERS
