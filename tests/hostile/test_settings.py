"""Settings from anywhere: taken, or refused in one short line; and no password in any of those lines."""

import math
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bounds import BOUNDS
from engine.config import Settings, SettingsInvalid, TargetSettings
from engine.destination import Unclear, destination
from engine.environment import read
from engine.redact import forget, know, mask
from engine.settings_check import check, check_sweep
from engine.settings_shown import flat
from engine.settings_sources import load, with_value
from engine.whereabouts import GuardRefused, standing
from tests.hostile.signs import WORDS, raw

FEW = 25 if not os.environ.get("SLOTFILL_SEARCH") else 1000
"""Examples of what reads files each time."""
SECRET = "Tr0ub4dor-quagga-58"


def one_line(said: str) -> str:
    """What is said, which is a line that can be read."""
    assert said
    assert "\n" not in said
    assert len(said) < 1000
    return said


def told(content: bytes, folder: Path, environ: dict[str, str] | None = None, *options: str) -> str:
    """What is said about a configuration; empty where it is taken."""
    path = folder / "config.toml"
    path.write_bytes(content)
    try:
        found = load(config=str(path), preset=None, options=options, cwd=folder, environ=environ or {}).settings
        check(found)
        check_sweep(found)
    except SettingsInvalid as error:
        return one_line(str(error))
    for section in msgspec.structs.asdict(found).values():
        for value in msgspec.structs.asdict(section).values() if isinstance(section, msgspec.Struct) else ():
            assert not isinstance(value, float) or math.isfinite(value)
    msgspec.json.encode(found)
    msgspec.msgpack.encode(found)
    flat(found)
    return ""


ODD: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", ""),
    "a mark before it": (b"\xef\xbb\xbf[run]\nseed = 4\n", ""),
    "ends of lines from elsewhere": (b"[run]\r\nseed = 4\r\n", ""),
    "half ends of lines": (b"[run]\rseed = 4\r", "line 1"),
    "a NUL": (b"[run]\nseed = 4\0", "line 2"),
    "no UTF-8": ("[run]\nseed = 4".encode("utf-16"), "no UTF-8 text at byte 0"),
    "ten megabytes": (b"#" + b"x" * 10_000_000, "over 256 KB"),
    "lists without end": (b"[run]\nseed = " + b"[" * 100_000, "nested too deep"),
    "lists that end": (b"[run]\nseed = " + b"[" * 900 + b"]" * 900, "nested too deep"),
    "tables without end": (b"[run]\nseed = " + b"{a=" * 50_000, "nested too deep"),
    # Reading this took 40 GB.
    "a key of a hundred thousand parts": (b"[run]\n" + b"a." * 100_000 + b"a = 1", "line 2 has more than 64 dots"),
    "a table of three thousand parts": (b"[" + b"a." * 3000 + b"a]\nb = 1", "line 1 has more than 64 dots"),
    "a number of five thousand digits": (b"[run]\nseed = " + b"9" * 5000, "too long to be read"),
    "the same in another notation": (b"[run]\nseed = 0x" + b"f" * 5000, "a number of 20000 bits is out of bounds"),
    "more than the wire takes": (b"[run]\nseed = 9223372036854775808", "run.seed = 9223372036854775808 is out of"),
    "no number": (b"[run]\nstep_timeout_s = nan", "nan is no number"),
    "no end": (b"[targets.x]\nminutes = inf", "targets.x.minutes = inf is out of bounds"),
    "a budget of nothing known": (b"[targets.x]\nminutes = nan", "targets.x.minutes = nan is no number"),
    "a day without a next one": (b"[run]\ndate = 9999-12-31", "out of bounds"),
    "a time of elsewhere": (b'[fill]\nstart = "12:00:00+01:00"', "has a time zone"),
    "presets that are none": (b"presets = 4", "presets is no table"),
    "presets in a list": (b"[[presets]]\na = 1", "presets is no table"),
    "a section that is a list": (b"[[run]]\nseed = 1", "outside a table"),
    "names of two lines": (b'"a\\nb" = "c\\nd"', "outside a table"),
    "an unknown key of two lines": (b'[run]\n"a\\nb\\u001b[2J" = 1', "there is no setting"),
    "a target of two lines": (b'[targets."a\\nb"]\nkind = "api"', "is no name"),
    "a rule of two lines": (b'[alerts."x\\ny"]\nwhen = "unknown > 0"', "is no name"),
    "a threshold of two lines": (b'[thresholds]\n"a\\nb" = "<=1"', "is no name"),
    "a name that steers": (b'[run]\nname = "\\u001b]0;x\\u0007"', "run.name holds a control character"),
    "a name without an end": (b'[run]\nname = "' + b"x" * 5000 + b'"', "has 5000 characters"),
    "restaurants without an end": (b"[run]\nrestaurants = [" + b'"a",' * 1001 + b"]", "has 1001 parts"),
    "more bookings than memory": (b"[burst]\nrequests = 1000000000", "out of bounds"),
}


@pytest.mark.parametrize("case", ODD)
def test_an_odd_file_is_taken_or_refused_with_what_is_wrong(tmp_path: Path, case: str) -> None:
    content, words = ODD[case]
    said = told(content, tmp_path)
    assert words in said
    assert bool(said) == bool(words)


_VALUES = (
    *("", " ", "-1", "0", "1e309", "-1e309", "nan", "inf", "9" * 30, "9" * 5000, "0x10", "1_000", "½", "٣", "true"),
    *("None", "2026-02-30", "9999-12-31", "25:00", "12:00+01:00", ",", "a,,b", "\0", "\udcff", "../..", *WORDS),
)
_KEYS = sorted(flat(Settings()))


@settings(max_examples=FEW)
@given(st.sampled_from(_KEYS), st.sampled_from(_VALUES) | st.text(max_size=30))
def test_any_value_of_any_setting_is_taken_or_refused_as_option_variable_and_while_it_runs(
    key: str, value: str
) -> None:
    section, _, name = key.partition(".")
    environ = {} if "\0" in value else {f"SLOTFILL_{section.upper()}_{name.upper()}": value}
    for given_environ, options in (({}, [f"{key}={value}"]), (environ, [])):
        try:
            sourced = load(config=None, preset=None, options=options, cwd=Path("/nonexistent"), environ=given_environ)
            check(sourced.settings)
            check_sweep(sourced.settings)
            msgspec.json.encode(sourced.settings)
        except SettingsInvalid as error:
            assert not raw(mask(one_line(str(error))))  # noqa: PT017 - being taken is as good
    try:
        with_value(Settings(), key, value)
    except SettingsInvalid as error:
        one_line(str(error))


@settings(max_examples=FEW)
@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_as_environment_file_are_read_or_told(content: bytes) -> None:
    folder = Path(os.environ["SLOTFILL_TEST_CLUSTER"]) / f"env-{os.getpid()}"
    folder.mkdir(exist_ok=True)
    (folder / ".env").write_bytes(b"SLOTFILL_RUN_SEED=5\n" + content)
    found = read(folder, {})
    assert all(isinstance(value, str) for value in found.values.values())
    know(None, found.values)
    forget()
    try:
        load(config=None, preset=None, options=(), cwd=folder, environ={})
    except SettingsInvalid as error:
        one_line(str(error))


def test_an_environment_file_without_an_end_is_not_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=" + b"x" * 2_000_000)
    (found, *_) = read(tmp_path, {}).files
    assert found.trouble == ("could not be read: it has over 1024 KB",)
    with pytest.raises(SettingsInvalid, match="over 1024 KB"):
        load(config=None, preset=None, options=(), cwd=tmp_path, environ={})


def test_every_setting_that_is_a_number_has_bounds() -> None:
    """A number nobody thought about is a wait, or a memory, without an end."""
    sections: dict[str, type[msgspec.Struct]] = {
        field.name: type(getattr(Settings(), field.name))
        for field in msgspec.structs.fields(Settings)
        if isinstance(getattr(Settings(), field.name), msgspec.Struct)
    }
    for name, kind in (sections | {"targets": TargetSettings}).items():
        for field in msgspec.structs.fields(kind):
            known = {type(one) for one in _kinds(field.type)}
            if "int" in str(field.type) or "float" in str(field.type):
                assert field.name in BOUNDS.get(name, {}), f"{name}.{field.name}, of {known}"


def _kinds(kind: Any) -> tuple[Any, ...]:
    return getattr(kind, "__args__", (kind,))


@pytest.mark.parametrize("section", sorted(set(BOUNDS) - {"targets", "alerts"}))
def test_the_defaults_and_the_shipped_file_are_within_them(section: str) -> None:
    for key, (low, high) in BOUNDS[section].items():
        value = getattr(getattr(Settings(), section), key)
        for one in value if isinstance(value, tuple) else (value,):
            assert one is None or low <= one <= high


DSNS = (
    f"postgresql://u:{SECRET}@127.0.0.1:5432/x",
    f"postgres://u:{SECRET}@[::1]:5432/x",
    f"postgresql://u:{SECRET}@/x?host=/tmp",
    f"postgresql://u:{SECRET}@%2Ftmp/x",
    f"postgresql://u:{SECRET}@a,b,c:5432/x",
    f"postgresql://u:{SECRET}@h:99999999/x",
    f"postgresql://u:{SECRET}@h:port/x",
    f"postgresql://u:{SECRET}@h/x?service=s",
    f"postgresql://u:{SECRET}@h/x?passfile=/etc/shadow",
    f"postgresql://u:{SECRET}@h/x?options=-csearch_path%3Dx",
    f"postgresql://u:{SECRET}@h/x#y",
    f"postgresql://u:{SECRET}@[::1/x",
    f"host=127.0.0.1 password={SECRET}",
    f"host=127.0.0.1 password='{SECRET}' dbname=x",
    f"postgresql://u@h/x?password={SECRET}",
    f"postgresql://u:{SECRET}@h@i/x",
    f"postgresql://u:{SECRET}/x@h",
    f"postgresql://u:{SECRET}%zz@h/x",
    f"//u:{SECRET}@h",
    f"postgresql://u:{SECRET}@h/x?sslmode=\x1b[2J",
    f"postgresql://u:{SECRET}@h\n/x",
    f"postgresql://u:{SECRET}@hö.example/x",
    f"postgresql://u:{SECRET}@\u202eh/x",
    f"postgresql://{'u' * 5000}:{SECRET}@h/x",
    f"mysql://u:{SECRET}@h/x",
    SECRET,
    f"postgresql://u:{quote(SECRET[:4])}{SECRET[4:]}@h/x",
    f"postgresql://u:{SECRET}@h:5432,[::1]:1,/tmp:3/x?target_session_attrs=any",
)


@pytest.mark.parametrize("dsn", DSNS, ids=range(len(DSNS)))
def test_no_way_of_writing_a_dsn_gets_its_password_said(tmp_path: Path, dsn: str) -> None:
    target = TargetSettings(kind="postgres", dsn=dsn)
    try:
        standing("theirs", target, {})
    except GuardRefused as error:
        assert SECRET not in one_line(mask(str(error)))  # noqa: PT017 - being let through is as good
    with_dsn = '[targets.theirs]\nkind = "postgres"\ndsn = ' + "".join(("'''", dsn, "'''"))
    said = told(with_dsn.encode("utf-8", "surrogatepass"), tmp_path)
    assert SECRET not in said
    assert SECRET not in told(b"", tmp_path, None, f"run.concurrency={dsn}") or dsn in (SECRET, f"//u:{SECRET}@h")


@given(st.text(max_size=60), st.sampled_from(("", "postgresql://", "postgresql://u:", "host=")))
def test_any_text_is_a_destination_or_is_unclear(text: str, before: str) -> None:
    try:
        found = destination(before + text, {})
    except Unclear as error:
        assert text[:20] not in str(error) or len(text) < 12  # noqa: PT017 - being read is as good
    else:
        assert all(isinstance(host, str) for host in found.hosts)
        found.elsewhere  # noqa: B018 - that it can be told is what is asked
        found.places  # noqa: B018
