"""Settings: later sources win, each value knows where it came from, and nothing unreadable gets a traceback."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import Settings, SettingsInvalid
from engine.settings_check import check
from engine.settings_shown import flat
from engine.settings_sources import full_key, load, with_value


def loaded(cwd: Path, environ: dict[str, str] | None = None, *options: str, preset: str | None = None) -> Settings:
    return load(config=None, preset=preset, options=options, cwd=cwd, environ=environ or {}).settings


def test_later_sources_win_and_say_so(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[run]\nseed = 1\nconcurrency = 2\n[fill]\nstress_max = 3\nmin_party = 2\n")
    (tmp_path / ".env").write_text("SLOTFILL_RUN_CONCURRENCY=3\nSLOTFILL_FILL_MIN_PARTY=3\n")
    (tmp_path / ".env.local").write_text("SLOTFILL_RUN_CONCURRENCY=4\n")
    sourced = load(
        config=None,
        preset=None,
        options=["fill.stress_max=9"],
        cwd=tmp_path,
        environ={"SLOTFILL_FILL_MIN_PARTY": "5", "SLOTFILL_RUNS": "/somewhere", "HOME": "/nowhere"},
    )
    assert sourced.settings.run.seed == 1
    assert sourced.settings.run.concurrency == 4
    assert sourced.settings.fill.min_party == 5
    assert sourced.settings.fill.stress_max == 9
    assert sourced.settings.records.runs == "/somewhere"
    assert sourced.origins["run.seed"] == "config.toml"
    assert sourced.origins["run.concurrency"] == ".env.local"
    assert sourced.origins["fill.min_party"] == "environment"
    assert sourced.origins["fill.stress_max"].startswith("option")


def test_a_preset_stands_over_the_file_and_under_options(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[run]\nseed = 3\n[presets.mine.run]\nseed = 4\nconcurrency = 9\n")
    settings = loaded(tmp_path, None, "concurrency=5", preset="mine")
    assert (settings.run.seed, settings.run.concurrency) == (4, 5)
    assert loaded(tmp_path, None, preset="first-run").run.share_slots, "the ones that come along stay known"


def test_a_short_key_is_that_of_the_run_or_the_fill() -> None:
    assert full_key("concurrency") == "run.concurrency"
    assert full_key("stress_max") == "fill.stress_max"
    assert full_key("observe.interval_s") == "observe.interval_s"


@given(text=st.text(max_size=120))
def test_any_text_as_config_is_read_or_refused_in_one_sentence(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("config") / "config.toml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    told = None
    try:
        load(config=str(path), preset=None, options=(), cwd=path.parent, environ={})
    except SettingsInvalid as error:
        told = str(error)
    assert told != ""


@given(
    section=st.sampled_from(["run", "fill", "records", "observe", "console", "embedded", "targets", "else"]),
    key=st.sampled_from(["concurrency", "rate", "start", "date", "restaurants", "keep", "interval_s", "kind", "odd"]),
    value=st.one_of(st.integers(), st.floats(allow_nan=False), st.booleans(), st.text(max_size=12), st.just([1])),
)
def test_any_value_is_taken_or_refused_in_one_line(
    section: str, key: str, value: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("config") / "config.toml"
    text = f"[{section}]\n{key} = {_toml(value)}\n"
    tomllib.loads(text)
    path.write_text(text, encoding="utf-8")
    told = "taken"
    try:
        settings = load(config=str(path), preset=None, options=(), cwd=path.parent, environ={}).settings
        check(settings)
    except SettingsInvalid as error:
        told = str(error)
    assert told
    assert "\n" not in told.strip()


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(f"\\u{ord(one):04x}" if ord(one) < 0x10000 else "?" for one in value) + '"'
    return str(value)


@given(value=st.text(max_size=20))
def test_a_setting_changed_while_it_runs_is_changed_or_refused(value: str) -> None:
    settings = Settings()
    for key in ("run.concurrency", "run.rate", "fill.stress_max"):
        try:
            changed = with_value(settings, key, value)
        except SettingsInvalid:
            continue
        assert set(flat(changed)) == set(flat(settings))


def test_an_empty_rate_is_no_pace() -> None:
    assert with_value(with_value(Settings(), "run.rate", "5"), "run.rate", "").run.rate is None
