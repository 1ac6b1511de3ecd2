"""Bad input: one sentence, its exit code, and nothing was started."""

import pytest

from tests.shell import Shell

CASES = {
    "an impossible window": (("--start", "20:00", "--end", "17:00"), 2, "ends before it starts"),
    "a time that is none": (("--start", "25:00"), 2, "fill.start"),
    "a party range upside down": (("--min-party", "8", "--max-party", "2"), 2, "above max-party"),
    "an unknown restaurant": (("--restaurant", "the-mill"), 2, "there is no restaurant the-mill"),
    "nobody to work": (("--concurrency", "0"), 2, "concurrency = 0 starts nobody"),
    "a number that is none": (("--concurrency", "many"), 2, "concurrency"),
    "a closed day": (("--date", "2027-03-06"), 2, "closed"),
    "a date that is none": (("--date", "2027-02-30"), 2, "run.date"),
    "an unknown setting": (("--set", "run.speed=9"), 2, "there is no setting run.speed"),
    "an unknown target": (("--target", "elsewhere"), 4, "no target named elsewhere"),
    "a pace below nothing": (("--rate", "-3"), 2, "rate = -3"),
    "an unknown preset": (("--preset", "huge"), 2, "no such preset"),
    "a configuration that is not there": (("--config", "nowhere.toml"), 2, "no such file"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_options_get_one_sentence_and_start_nothing(shell: Shell, case: str) -> None:
    options, code, words = CASES[case]
    done = shell.do("run", "fill", "--headless", *options)
    assert done.code == code
    assert words in done.err
    assert done.err.startswith("slotfill")
    assert len(done.err.strip().splitlines()) == 1, done.err
    assert done.out == ""
    assert shell.runs() == []


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("[run]\nconcurrency = \n", 2, "line 2"),
        ("[run]\nworkers = 4\n", 2, "workers"),
        ("concurrency = 4\n", 2, "outside a table"),
        (
            '[run]\ntarget = "live"\n[targets.live]\nkind = "postgres"\ndsn = "postgresql://u:pw@db.example.com/x"\n',
            4,
            "live",
        ),
        ('[targets.embedded]\ndsn = "postgresql://u:pw@127.0.0.1:5432/x"\n', 4, "is embedded and names an address"),
    ],
    ids=["unreadable line", "unknown key", "no table", "another database", "a DSN that is not the embedded cluster"],
)
def test_a_bad_configuration_gets_one_sentence_and_starts_nothing(
    shell: Shell, text: str, code: int, words: str
) -> None:
    (shell.home / "config.toml").write_text(text)
    done = shell.do("run", "fill", "--headless")
    assert done.code == code
    assert words in done.err
    assert "pw@" not in done.err
    assert len(done.err.strip().splitlines()) == 1, done.err
    assert shell.runs() == []


def test_a_run_that_is_not_there_is_named(shell: Shell) -> None:
    for verb in ("attach", "pause", "snapshot", "events"):
        done = shell.do(verb, "abcdef")
        assert done.code == 2
        assert "abcdef" in done.err or "no run" in done.err


def test_an_unknown_word_points_to_help(shell: Shell) -> None:
    done = shell.do("rum")
    assert done.code == 2
    assert "--help" in done.err
    assert "Traceback" not in done.err


def test_binaries_that_are_none_are_told_in_one_sentence(shell: Shell) -> None:
    done = shell.do(
        "run", "--headless", "--set", f"embedded.bin={shell.home}", "--set", f"embedded.data={shell.home}/pg"
    )
    assert done.code == 3
    assert len(done.err.strip().splitlines()) == 1
    assert shell.runs() == []
