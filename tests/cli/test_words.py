"""The words of the command line: its help tells the truth, its mistakes name what was meant, and shells complete it."""

import re
import shlex
import shutil
import subprocess

import pytest

from engine.config import Settings
from engine.settings_shown import flat
from tests.shell import Shell
from tui.cli import main
from tui.command_line import GROUPS, parser
from tui.examples import EXAMPLES, FIRST
from tui.run_options import PARTS, RUN_OPTIONS


def test_every_command_stands_once_in_the_help() -> None:
    listed = [verb for verbs in GROUPS.values() for verb in verbs]
    assert sorted(listed) == sorted(parser().below)
    text = parser().format_help()
    for verb in listed:
        assert re.search(rf"^  {verb} ", text, re.MULTILINE), verb


def test_every_option_of_a_part_of_the_help_is_one_of_a_run() -> None:
    placed = [option for options in PARTS.values() for option in options]
    assert len(placed) == len(set(placed))
    assert set(placed) <= {option for option, *_ in RUN_OPTIONS}


def test_a_default_that_the_help_names_is_the_default() -> None:
    defaults = flat(Settings())
    told = {
        option: (defaults[key], found[1])
        for option, key, _, text in RUN_OPTIONS
        if (found := re.search(r"default: (\d[\d:]*)$", text))
    }
    assert {option for option, (is_so, said) in told.items() if is_so != said} == set()
    assert {"--concurrency", "--start", "--stress-max", "--count", "--repeat"} - told.keys() <= {"--repeat"}


@pytest.mark.parametrize("line", [line for line, _ in (*FIRST, *(one for told in EXAMPLES.values() for one in told))])
def test_an_example_of_the_help_can_be_copied(line: str) -> None:
    words = shlex.split(re.sub(r'^psql "\$\((.*)\)"$|^source <\((.*)\)$', r"\1\2", line).partition(" |")[0])
    words = [word for word in words if not word.startswith(">")]
    assert words[0] == "slotfill"
    args = parser().parse_args(words[1:])
    assert args.module


@pytest.mark.parametrize("width", [40, 80, 200])
def test_help_keeps_to_the_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    for made in parser().below.values():
        text = made.format_help().partition("\nexamples\n")[0].partition("\n\n")[2]
        # One word alone, such as an option with its value, is not broken.
        assert [line for line in text.splitlines() if len(line) > width and " " in line.strip()[:width]] == []


@pytest.mark.parametrize("width", [60, 80])
def test_the_list_of_commands_and_every_example_keep_to_the_terminal_but_for_a_line_to_be_copied(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    top = parser()
    copied = [f"  {line}" for line, _ in (*FIRST, *(one for told in EXAMPLES.values() for one in told))]
    for made in (top, *top.below.values()):
        wide = [line for line in made.format_help().splitlines() if len(line) > width]
        assert set(wide) <= set(copied)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("rnu", "slotfill: there is no command rnu; did you mean run?; see slotfill --help"),
        ("frobnicate", "slotfill: there is no command frobnicate; see slotfill --help"),
        ("run --thresold x", "slotfill run: unrecognized arguments: --thresold; did you mean --threshold?"),
        ("ls zz", "slotfill ls: unrecognized arguments: zz; see slotfill ls --help"),
        ("repair zz", "slotfill repair: zz is none of holds, zone-locks, allocations, torn; see"),
        ("report --format xx", "slotfill report: --format xx is none of md, html, csv, junit, prom, all; see"),
        ("repair", "the following arguments are required: holds|zone-locks|allocations|torn; see slotfill repair"),
        ("run --ascii --no-ascii", "argument --no-ascii: not allowed with argument --ascii"),
    ],
)
def test_a_mistake_is_one_line_with_what_was_meant(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(words.split())
    assert left.value.code == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_help_is_a_command_too(capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for words in (["help", "run"], ["run", "--help"]):
        with pytest.raises(SystemExit) as left:
            main(words)
        assert left.value.code == 0
        told.append(capsys.readouterr().out)
    assert told[0] == told[1]
    assert "slotfill run --rate 40" in told[0]


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_a_shell_completes_commands_options_and_words(shell: Shell) -> None:
    script = shell.do("completion", "bash").out

    def completed(*words: str) -> list[str]:
        line = " ".join(map(shlex.quote, ("slotfill", *words)))
        ask = f'COMP_WORDS=({line}); COMP_CWORD={len(words)}; _slotfill; echo "${{COMPREPLY[@]}}"'
        done = subprocess.run(
            ["bash", "-c", f"{script}\n{ask}"], env=shell.environ, capture_output=True, text=True, check=True
        )
        return done.stdout.split()

    assert completed("re") == ["resume", "report", "replay", "repair"]
    assert completed("run", "--conc") == ["--concurrency"]
    assert completed("repair", "zo") == ["zone-locks"]
    assert completed("run", "as") == ["assign"]
    assert "last" in completed("report", "la")
    assert completed("report", "--out", str(shell.home)) == [str(shell.home)]
    of_files = [line for line in script.splitlines() if "compgen -f" in line]
    assert of_files
    assert all("compopt -o filenames" in line for line in of_files), "a folder would end the word"
    zsh, fish = (shell.do("completion", other).out for other in ("zsh", "fish"))
    assert "zone-locks" in zsh
    assert "zone-locks" in fish
    first, second, *_ = zsh.splitlines()
    assert "compdef" in first, "without it bashcompinit completes nothing"
    assert "bashcompinit" in second
    yes = next(line for line in fish.splitlines() if "from clean'" in line and " -l yes" in line)
    assert " -x" not in yes, "the word behind a bare yes is a run"
