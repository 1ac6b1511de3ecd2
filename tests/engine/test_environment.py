"""The platform's environment: which source wins, what is production's however it is written, and nothing leaks."""

import base64
import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import Settings
from engine.dangers import dangers, scrubbed, secrets_of, variables_found
from engine.environment import SHELL, Environment, production_reasons, read
from engine.model.environment import Standing, VariableFound
from engine.same_place import PlaceInvalid, place, sameness
from engine.variables import VARIABLES

REF = "abcdefghijklmnopqrst"
OTHER = "zyxwvutsrqponmlkjihg"
DEAD = "http://127.0.0.1:9"
"""Nobody listens at the discard port."""


def token(ref: str, role: str) -> str:
    parts = ({"alg": "HS256"}, {"ref": ref, "role": role})
    return ".".join(base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts) + ".sig"


def of(**values: str) -> Environment:
    return Environment(values, dict.fromkeys(values, SHELL), {})


def found(environment: Environment, name: str, dsn: str = "", base_url: str = "") -> VariableFound:
    listed = dangers(environment, Settings(), dsn=dsn, base_url=base_url)
    return next(one for one in variables_found(environment, listed, {}) if one.name == name)


def test_a_later_file_outweighs_an_earlier_one_and_the_shell_outweighs_all(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text('A=1\nB=1\nC=1\nexport Q="x#y"\nD=$A\n')
    (tmp_path / ".env.development").write_text("B=2\nC=2\n")
    (tmp_path / ".env.local").write_text("C=3\n")
    told = read(tmp_path, {"A": ""})
    assert {key: told.values[key] for key in "ABCQD"} == {"A": "", "B": "2", "C": "3", "Q": "x#y", "D": "$A"}
    assert told.origins == {"A": SHELL, "B": ".env.development", "C": ".env.local", "Q": ".env", "D": ".env"}
    assert told.hidden == {"A": (".env",), "B": (".env",), "C": (".env", ".env.development")}
    assert [(one.name, one.variables) for one in told.files] == [
        (".env", 5),
        (".env.development", 2),
        (".env.local", 1),
    ]


def test_a_line_that_gives_nothing_is_told_by_its_number_and_not_quoted(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text('A=1\nhunter2hunter2\nB="never closed\nC=3\n')
    (tmp_path / ".env.local").write_bytes(b"A=\xff\n")
    told = read(tmp_path, {})
    assert [one.partition(" has")[0].partition(" cannot")[0] for one in told.files[0].trouble] == ["line 2", "line 3"]
    assert "hunter2" not in repr(told.files)
    assert told.files[2].trouble == ("could not be read: it is no UTF-8 text",)


@pytest.mark.parametrize(
    "dsn",
    [
        f"postgresql://postgres:x@db.{REF}.supabase.co:5432/postgres",
        f"postgresql://postgres.{REF}:x@aws-0-eu-west-2.pooler.supabase.com:6543/postgres",
        f"postgres://postgres.{REF}:x@aws-0-eu-west-2.pooler.supabase.com/another",
        f"postgresql://u:x@DB.{REF.upper()}.Supabase.co./postgres",
        f"postgresql:///postgres?host=db.{REF}.supabase.co",
        f"postgresql://127.0.0.1,db.{REF}.supabase.co/postgres",
    ],
)
def test_a_dsn_of_production_s_project_is_production_whatever_its_host(dsn: str) -> None:
    for marker in (f"https://{REF}.supabase.co", f"https://{REF}.supabase.co/rest/v1", REF):
        known = {"PRODUCTION_SUPABASE_URL": marker}
        assert production_reasons(known, dsn=dsn)
        assert production_reasons({**known, "SUPABASE_DB_URL": dsn})
    assert not production_reasons({"PRODUCTION_SUPABASE_URL": f"https://{OTHER}.supabase.co"}, dsn=dsn)


@pytest.mark.parametrize(
    ("marker", "used", "is_same"),
    [
        ("postgresql://a:b@db.example.com/live", "postgresql://c:d@db.example.com:6432/live", True),
        ("postgresql://a:b@db.example.com/live", "postgresql://a:b@db.example.com/staging", False),
        ("postgresql://a:b@db.example.com/live", "postgresql://a:b@db2.example.com/live", False),
        ("https://db.example.com", "postgresql://a:b@db.example.com/live", True),
        ("db.example.com", "postgresql://a:b@db.example.com:5433/live", True),
        ("postgresql://a@127.0.0.1:5432/live", "postgresql://a@localhost:5433/live", False),
        ("postgresql://a@127.0.0.1:5432/live", "postgresql://a@[::1]/live", True),
        ("https://app.example.com", "http://app.example.com:80/x", True),
        ("https://app.example.com", "https://app.example.com:8443", False),
        ("http://localhost:3000", "postgresql://a@localhost/live", False),
        ("postgresql://a@2001:db8::1/live", "postgresql://a@[2001:DB8:0:0:0:0:0:1]/live", True),
    ],
)
def test_places_are_compared_by_host_port_and_database(marker: str, used: str, is_same: bool) -> None:
    assert bool(production_reasons({"PRODUCTION_DATABASE_URL": marker}, dsn=used)) is is_same
    assert bool(sameness(place(used), place(marker))) is is_same
    assert bool(sameness(place(marker), place(used))) is is_same


def test_what_cannot_be_read_cannot_be_told_from_production() -> None:
    known = {"PRODUCTION_SUPABASE_URL": f"https://{REF}.supabase.co"}
    assert production_reasons(known, dsn="postgresql://u:p@ss@host/db")
    assert production_reasons({"PRODUCTION_SUPABASE_URL": "nonsense"}, dsn="postgresql://u@host/db")
    assert not production_reasons({}, dsn="postgresql://u:p@ss@host/db"), "with nothing to compare nothing is said"
    assert not production_reasons({**known, "RESERVE_API_BASE_URL": "/api/v1"})


@pytest.mark.parametrize("name", ["APP_ENV", "NODE_ENV", "DB_TARGET_ENV"])
def test_a_stage_that_says_production_is_production(name: str) -> None:
    assert production_reasons({name: " Production "})
    assert not production_reasons({name: "staging"})


def test_a_key_of_production_s_project_is_production_s_though_it_is_another_key() -> None:
    known = {"PRODUCTION_SUPABASE_ANON_KEY": token(REF, "anon")}
    assert production_reasons({**known, "NEXT_PUBLIC_SUPABASE_ANON_KEY": token(REF, "anon") + "2"})
    assert not production_reasons({**known, "NEXT_PUBLIC_SUPABASE_ANON_KEY": token(OTHER, "anon")})
    assert production_reasons({"PRODUCTION_SUPABASE_SERVICE_ROLE_KEY": "k", "SUPABASE_SERVICE_ROLE_KEY": "k"})


@given(st.text(max_size=80))
def test_no_text_is_too_strange_to_be_compared(text: str) -> None:
    production_reasons({"PRODUCTION_SUPABASE_URL": text, "BASE_URL": text[::-1]}, dsn=text, base_url=text)
    for scheme in ("", "postgresql://", "https://", "postgresql://u:p@"):
        try:
            there = place(scheme + text)
        except PlaceInvalid:
            continue
        assert sameness(there, there) or not there.hosts


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("NEXT_PUBLIC_SUPABASE_URL", "", "is empty"),
        ("NEXT_PUBLIC_SUPABASE_URL", "localhost", "begins with none of"),
        ("SUPABASE_DB_URL", "postgresql://u:p/w@host/db", "percent-encode"),
        ("SUPABASE_DB_URL", "postgresql://u:12/w@host/db", "percent-encode"),
        ("SUPABASE_DB_URL", "postgresql://u:12#w@host/db", "percent-encode"),
        ("SUPABASE_DB_URL", "postgresql://u:12?w@host/db", "percent-encode"),
        ("SUPABASE_DB_URL", "https://host/db", "postgresql://"),
        ("SUPABASE_SERVICE_ROLE_KEY", "your-service-role-key", "placeholder"),
        ("SUPABASE_SERVICE_ROLE_KEY", "a b", "white space"),
        ("APP_ENV", "dev", "is none of development, staging, production, test"),
        ("FEATURE_SELECTOR_SCORING", "TRUE", "neither true nor false"),
        ("FEATURE_ALLOCATOR_K_MAX", "6", "outside 1 to 5"),
        ("FEATURE_INLINE_AUTO_ASSIGN_TIMEOUT_MS", "50", "clamps it to 2,000"),
        ("FEATURE_INLINE_AUTO_ASSIGN_TIMEOUT_MS", "60000", "clamps it to 20,000"),
        ("FEATURE_SELECTOR_ENUMERATION_TIMEOUT_MS", "49", "outside 50 to 10,000"),
        ("FEATURE_AUTO_ASSIGN_RETRY_DELAYS_MS", "5000;15000", "no list"),
        ("FEATURE_AUTO_ASSIGN_MAX_RETRIES", "three", "no whole number"),
        ("NEXT_PUBLIC_PLAUSIBLE_DOMAIN", "https://x.example", "no host name"),
    ],
)
def test_what_is_malformed_is_told_with_its_cure(name: str, value: str, told: str) -> None:
    one = found(of(**{name: value}), name)
    assert one.standing is Standing.MALFORMED
    assert told in one.reasons[0]
    assert not one.is_usable


def test_what_is_in_form_is_set_and_what_is_not_there_is_missing_with_its_default() -> None:
    good = {"FEATURE_INLINE_AUTO_ASSIGN_TIMEOUT_MS": "2000", "FEATURE_AUTO_ASSIGN_RETRY_DELAYS_MS": "5, 15"}
    for name, value in good.items():
        assert found(of(**good), name).shown == value
        assert found(of(**good), name).standing is Standing.SET
    assert found(of(), "FEATURE_SELECTOR_SCARCITY_WEIGHT").default == "22"
    assert all(one.standing is Standing.MISSING for one in variables_found(of(), (), {}))
    assert len({one.name for one in VARIABLES}) == len(VARIABLES)


@pytest.mark.parametrize(
    ("values", "name", "refuses"),
    [
        ({"NODE_ENV": "production"}, "NODE_ENV", True),
        ({"ALLOW_PROD_DB_WIPE": "true"}, "ALLOW_PROD_DB_WIPE", True),
        ({"ALLOW_PROD_SOMETHING": "1"}, "ALLOW_PROD_SOMETHING", True),
        ({"NEXT_PUBLIC_KEY": token(REF, "service_role")}, "NEXT_PUBLIC_KEY", True),
        ({"NEXT_PUBLIC_X": "q", "SUPABASE_SERVICE_ROLE_KEY": "q"}, "NEXT_PUBLIC_X", True),
        ({"NEXT_PUBLIC_DB": "postgresql://u:p@h/d"}, "NEXT_PUBLIC_DB", True),
        ({"RESEND_API_KEY": "re_x"}, "RESEND_API_KEY", False),
        ({"FEATURE_HOLDS_ENABLED": "true"}, "FEATURE_HOLDS_ENABLED", False),
        ({"FEATURE_ALLOCATOR_REQUIRE_ADJACENCY": "false"}, "FEATURE_ALLOCATOR_REQUIRE_ADJACENCY", False),
        ({"FEATURE_SELECTOR_LOOKAHEAD_PENALTY_WEIGHT": "0"}, "FEATURE_SELECTOR_LOOKAHEAD_PENALTY_WEIGHT", False),
    ],
)
def test_what_is_dangerous_is_named(values: dict[str, str], name: str, refuses: bool) -> None:
    assert found(of(**values), name).standing is Standing.DANGEROUS
    told = [one for one in dangers(of(**values), Settings(), dsn="", base_url="") if name in one.names]
    assert [one.refuses for one in told] == [refuses]


def test_defaults_alone_are_no_danger_and_mail_is_one_only_until_it_is_switched_off() -> None:
    assert dangers(of(), Settings(), dsn="", base_url="") == ()
    assert found(of(), "SUPPRESS_EMAILS", base_url="http://127.0.0.1:3000").standing is Standing.DANGEROUS
    assert found(of(SUPPRESS_EMAILS="true"), "SUPPRESS_EMAILS", base_url=DEAD).standing is Standing.SET
    assert dangers(of(RESEND_API_KEY="re_x", LOAD_TEST_DISABLE_EMAILS="true"), Settings(), dsn="", base_url="") == ()


@pytest.mark.parametrize("secret", ["q", "", ".*", "(?x)[\\", "a$b{2}|^+", "correct.horse(battery)"])
def test_no_secret_is_seen_however_short_and_the_page_is_the_same_for_every_one(secret: str) -> None:
    def everything(value: str) -> bytes:
        names = [one.name for one in VARIABLES] + ["NEXT_PUBLIC_THEIRS", "FEATURE_UNKNOWN"]
        told = of(**dict.fromkeys(names, value))
        listed = dangers(told, Settings(), dsn="", base_url="")
        return msgspec.json.encode((listed, list(variables_found(told, listed, {}))))

    if len(secret) > 8:
        assert secret not in everything(secret).decode()
    if secret:
        assert everything(secret) == everything("z" * len(secret))


def test_a_text_of_somebody_else_s_is_scrubbed_of_passwords_encoded_or_not() -> None:
    secrets = secrets_of(of(SUPABASE_DB_URL="postgresql://u:p%40ss.*w@h/d", RESEND_API_KEY="re_[x]+", X_TOKEN=""))
    text = scrubbed("refused p%40ss.*w and p@ss.*w and re_[x]+ in re_xx", secrets)
    assert text == "refused *** and *** and *** in re_xx"
