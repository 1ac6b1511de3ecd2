"""The campaign of hostile input: how many cases of each kind, and how many of them ended in a trace.

Run by hand: `python -m tests.hostile [seeds]`. The same cases are tests; here they are counted, on any number of seeds.
"""

import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from engine.config import SettingsInvalid
from engine.settings_files import shipped_config
from engine.settings_sources import load
from tests.benchmarks.figures import Figure, as_json
from tests.hostile import typed
from tests.hostile.damage import bent, damaged
from tests.scratch import FOLDER


def main() -> list[Figure]:
    """Count cases and traces of each kind."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    folder = Path(tempfile.mkdtemp(prefix="sfh-"))
    os.environ.setdefault(FOLDER, str(folder))
    try:
        figures = [
            *_counted("settings", _settings(folder, seeds)),
            *_counted("records", _records(folder, seeds)),
            *_counted("words", _words(folder)),
        ]
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for figure in figures:
        print(figure.line())
    print(as_json(figures))
    return figures


def _counted(what: str, cases: Iterator[Callable[[], object]]) -> Iterator[Figure]:
    count = traces = 0
    for case in cases:
        count += 1
        try:
            case()
        except Exception:
            traces += 1
            traceback.print_exc(limit=-3)
    yield Figure(f"hostile_{what}_cases", count, "", count)
    yield Figure(f"hostile_{what}_tracebacks", traces, "", count)


def _settings(folder: Path, seeds: int) -> Iterator[Callable[[], object]]:
    path, whole = folder / "config.toml", shipped_config().read_bytes()

    def read() -> None:
        try:
            load(config=str(path), preset=None, options=(), cwd=folder, environ={})
        except SettingsInvalid as error:
            if "\n" in str(error):
                raise AssertionError(f"not a line: {error}") from error

    for seed in range(seeds):
        path.write_bytes(damaged(whole, Random(seed)))
        yield read


def _records(folder: Path, seeds: int) -> Iterator[Callable[[], object]]:
    from tests.hostile.test_records import a_run, looks  # noqa: PLC0415 - the folder it works in is named by then

    made = a_run(folder)
    files = sorted(path for path in made.iterdir() if path.is_file() and path.stat().st_size)
    for seed in range(seeds):
        draws = Random(seed)
        path = draws.choice(files)
        whole = path.read_bytes()
        bends = path.suffix in (".json", ".jsonl") and draws.random() < 0.7
        path.write_bytes((bent if bends else damaged)(whole, draws))
        yield lambda: looks(made)
        path.write_bytes(whole)


def _words(folder: Path) -> Iterator[Callable[[], object]]:
    def said(words: tuple[str, ...]) -> None:
        if why := typed.wrong(typed.say(*words)):
            raise AssertionError(f"{[word[:50] for word in words]}: {why}")

    with typed.at_home(folder):
        for given in (*typed.WORDS, *typed.OPTIONS):
            for odd in typed.ODD:
                words = (*given[:-1], f"{given[-1]}={odd}") if given in typed.OPTIONS else (*given, odd)
                yield lambda words=words: said(words)  # type: ignore[misc]


if __name__ == "__main__":
    main()
