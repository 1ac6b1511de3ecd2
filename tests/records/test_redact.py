"""What must not be written down is not, and what must survive does."""

import io
import json
from collections.abc import Iterator
from html import escape
from urllib.parse import quote
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import Settings, TargetSettings
from engine.model.outcome import Phase, Refusal
from engine.model.secrets import is_telling, names_a_secret
from engine.model.step import Step
from engine.redact import MaskedStream, forget, know, mask, mask_and_cut, mask_builtins, mask_refusal, mask_statement

words = st.text(st.characters(codec="utf-8"), max_size=20)
edges = st.sampled_from(["", " ", "(", "=", ': "', ", ", "\n", "<", "'"])
emails = st.builds(
    "{}@{}.{}".format,
    st.from_regex(r"[a-zA-Z0-9._%+-]{1,20}", fullmatch=True),
    st.from_regex(r"[a-z0-9]{1,10}", fullmatch=True),
    st.sampled_from(["com", "co.uk", "example"]),
)
digits = st.text("0123456789", min_size=9, max_size=9)
phones = st.builds(
    lambda form, d: form.format(*d),
    st.sampled_from(
        [
            *("+44{}{}{}{}{}{}{}{}{}", "+44 {}{}{}{} {}{}{}{}{}", "07{}{}{} {}{}{}{}{}{}", "07{}{}{}{}{}{}{}{}{}"),
            *("+1 ({}{}{}) {}{}{}-{}{}{}0", "(01{}{}{}) {}{}{}{}{}{}", "0044 7{}{}{} {}{}{}{}{}{}"),
        ]
    ),
    digits,
)
secrets = st.from_regex(r"[A-Za-z0-9]{4}Xq7[A-Za-z0-9]{4,12}", fullmatch=True)
forms = st.sampled_from(
    [
        "postgresql://bob:{}@db.host:5432/x",
        "postgresql://bob@tenant:a/{}@x@db.host/x",
        "password={}",
        "PASSWORD: {}",
        '"password": "{}"',
        '"api_key":"a \\" {}"',
        "service_role_key='x {}'",
        "Key (password)=({})",
        "Authorization: Bearer {}",
        "bearer {}",
        "eyJhbGciOi.{}.sig",
        "https://host/x?token={}&y=1",
    ]
)


@given(words, edges, emails, edges, words)
def test_no_address_survives(before: str, left: str, email: str, right: str, after: str) -> None:
    assert email not in mask(f"{before}{left}{email}{right}{after}")


@given(edges, phones, edges)
def test_no_phone_number_survives(left: str, phone: str, right: str) -> None:
    assert phone not in mask(f"call {left}{phone}{right} now")


@given(forms, secrets)
def test_no_secret_survives(form: str, secret: str) -> None:
    assert secret not in mask(f"could not: {form.format(secret)}, sorry")


pieces = st.one_of(
    words, emails, phones, st.builds(str.format, forms, secrets), st.text("=:@'\"\\()+0123456789. -[]*eyJ")
)


@given(st.lists(pieces, max_size=6).map("".join))
def test_masking_twice_changes_nothing_more(text: str) -> None:
    once = mask(text)
    assert mask(once) == once


@given(st.uuids(), st.integers(1, 10**12), st.integers(0, 2**63), st.datetimes())
def test_ids_keys_counts_and_times_survive(uuid: UUID, number: int, ns: int, at: object) -> None:
    for text in (str(uuid), f"({uuid})", f"sf-{uuid.hex[:8]}-{number}", str(ns), f"{ns / 1e6} ms", str(at)):
        assert mask(text) == text
    text = f'Key (table_id, during)=({uuid}, ["{at}+00","{at}+00")) conflicts with existing key'
    assert mask(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "20260304T120000Z-fill-01234567",
        "postgresql://slotfill@127.0.0.1:5432/slotfill_0123abcd",
        "127.0.0.1:5432",
        "2026-03-04T12:00:00.123456+00:00",
        "12:00 to 15:00 every 15 min, 12 → 15 workers",
        "idempotency_key=sf-0a1b2c3d-17",
        "/tmp/slotfill-1000/0a1b2c3d",
        'conflicting key value violates exclusion constraint "thw_no_overlap"',
        "0.0123456789",
    ],
)
def test_what_a_run_writes_all_day_survives(text: str) -> None:
    assert mask(text) == text


def test_no_character_steers_the_terminal() -> None:
    assert mask("\x1b[31mred\x07\x9b2J\u202e\n\tok") == "␛[31mred␇\ufffd2J\ufffd\n\tok"


def test_what_stands_under_a_key_for_a_secret_or_a_phone_is_masked() -> None:
    settings = {"dsn_password": "x", "phone": 7700900123, "seed": 1, "note": ["a@b.co", True, None]}
    assert mask_builtins(settings) == {
        "dsn_password": "***",
        "phone": "[phone]",
        "seed": 1,
        "note": ["[e-mail]", True, None],
    }


def test_a_long_text_takes_no_time_to_speak_of() -> None:
    for text in ("a" * 50_000 + "@", "token" * 10_000, "0" * 50_000, "://" * 20_000, "+1 " * 20_000):
        mask(text)


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    """What one test makes known must not be masked in the next."""
    forget()
    yield
    forget()


def target(dsn: str) -> Settings:
    return Settings(targets={"theirs": TargetSettings(kind="postgres", dsn=dsn)})


notations = st.sampled_from([
    str, repr, json.dumps, escape, lambda one: quote(one, safe=""), lambda one: json.dumps(json.dumps(one)),
    lambda one: one.replace("'", "''"), lambda one: json.dumps({"a": one}, ensure_ascii=False),
])  # fmt: skip


@given(st.text(st.characters(min_codepoint=33, max_codepoint=383), min_size=5, max_size=30), notations, words, words)
def test_a_known_secret_survives_in_no_notation(secret: str, notation: object, before: str, after: str) -> None:
    forget()
    know(None, {"SOME_TOKEN": secret})
    assert callable(notation)
    written = notation(secret)
    text = f"{before}{written}{after}"
    if is_telling(secret):
        assert secret not in mask(text)
        assert written not in mask(text)
        assert mask(mask(text)) == mask(text)


@given(notations, st.integers(8, 60), st.sampled_from(["", "…", " ...", '"', "\n"]))
def test_a_known_secret_that_was_cut_leaves_nothing_at_the_end_of_a_text(
    notation: object, length: int, after: str
) -> None:
    forget()
    secret = "pa@ss/w%rd\"Xq'7 zebra"
    know(None, {"SOME_TOKEN": secret})
    assert callable(notation)
    kept = notation(secret).lstrip("\"'{a: \\")[:length]
    masked = mask(f"the server says: it is {kept}{after}")
    assert kept[:8] not in masked
    assert "pa@" not in masked
    assert masked.startswith("the server says: it is ")
    assert mask(masked) == masked


@pytest.mark.parametrize("end", ["pa%40ss", "p", "a:b", "4711!", "123456"])
def test_an_address_that_was_cut_before_its_host_keeps_no_password(end: str) -> None:
    assert mask(f"could not reach postgresql://bob:{end}") == "could not reach postgresql://bob:***"


@pytest.mark.parametrize(
    "address", ["postgresql://db.example:5432", "postgres://db:5432/x?a=b:c", "postgresql://[::1]:1/x"]
)
def test_an_address_without_a_password_is_left_as_it_is(address: str) -> None:
    assert mask(f"could not reach {address}") == f"could not reach {address}"


def test_a_text_that_is_cut_is_masked_while_it_is_whole() -> None:
    text = "x" * 290 + " jane@guesthouse.example"
    assert mask_and_cut(text, 300) == "x" * 290 + " [e-mail]"
    assert mask_and_cut("y" * 400, 300) == "y" * 300


@given(st.text(st.characters(min_codepoint=33, max_codepoint=383).filter(str.isprintable), max_size=4), words)
def test_a_short_secret_is_masked_in_an_address_and_turns_no_text_into_stars(secret: str, word: str) -> None:
    forget()
    dsn = f"postgresql://bob:{quote(secret, safe='')}@db/x"
    know(target(dsn), {"SOME_TOKEN": secret, "A_KEY": ""})
    assert mask(dsn) == "postgresql://bob:***@db/x"
    calm = "the platform took 12 of 15 tables from 12:00 to 15:00 on 2026-03-04"
    assert mask(calm) == calm
    # An opening quote or bracket has no end here: then the whole rest is taken for the value, which is the safe way.
    if not any(sign in secret for sign in "([{<\"'`"):
        assert mask(f"password={secret or 'x'} {calm}").endswith(calm)


def test_an_address_that_is_not_escaped_has_pieces_that_are_secret_too() -> None:
    know(target("postgresql://bob:Sw0rdf1sh@Hadd0ck/Gr1mpen@db/x"))
    text = "invalid literal for int() with base 10: 'Sw0rdf1sh'; target is at Hadd0ck, not here; Gr1mpen@db"
    assert mask(text) == "invalid literal for int() with base 10: '***'; target is at ***, not here; ***@db"


def test_words_of_ours_stay_whatever_the_password_is() -> None:
    for word in (
        "postgres",
        "slotfill",
        "confirmed",
        "hold_conflict",
        "serialization",
        "fail",
        "filled",
        "123456",
        "a",
    ):
        know(target(f"postgresql://bob:{word}@db/x"), {"SOME_TOKEN": word})
        for text in (word, f"it was {word}", f"{word}s"):
            assert mask(text) == text
        assert mask(f"postgresql://bob:{word}@db/x") == "postgresql://bob:***@db/x"
        assert mask_builtins({word: {"state": word}}) == {word: {"state": word}}


def test_a_field_of_a_record_keeps_its_name_though_a_weak_secret_is_the_same_word() -> None:
    know(None, {"SOME_TOKEN": "seats"})
    assert mask_builtins({"seats": 4, "note": "seats", "text": "four seats"}) == {
        "seats": 4,
        "note": "***",
        "text": "four seats",
    }


def test_variables_are_secret_by_their_names_and_by_the_addresses_in_them() -> None:
    for name in (
        "PGPASSWORD",
        "SUPABASE_SERVICE_ROLE_KEY",
        "NEXT_PUBLIC_SUPABASE_ANON_KEY",
        "RESEND_API_KEY",
        "X_PASS",
    ):
        assert names_a_secret(name), name
    for name in ("PWD", "OLDPWD", "HOME", "SSH_AUTH_SOCK", "TOKEN_FILE", "KEYBOARD", "PATH", "SECRETS_DIR", "MONKEY"):
        assert not names_a_secret(name), name
    know(None, {"PROXY": "http://me:pr0xyw0rd@proxy", "CONN": "host=x password='two words' user=y"})
    assert mask("via pr0xyw0rd: two words") == "via ***: ***"


def test_a_key_of_several_lines_is_masked_line_by_line() -> None:
    know(None, {"PRIVATE_KEY": "-----BEGIN-----\nMIIEvgIBADANBgkqhkiG\nAgEAAoIBAQC7VJTUt9Us\n-----END-----"})
    assert mask("  AgEAAoIBAQC7VJTUt9Us") == "  ***"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Failing row contains (1, Jane Doe (VIP), x, null).", "Failing row contains (***)."),
        ("Key (restaurant_id, phone_normalized)=(1, 7700900123) already exists.",
         "Key (restaurant_id, phone_normalized)=(***) already exists."),
        ("Key (table_id, during)=(1, [a,b)) conflicts", "Key (table_id, during)=(1, [a,b)) conflicts"),
        ("customer_name = 'Jane O''Hara', party 4", "customer_name = '[name]', party 4"),
        ('{"guestName": "Jane", "zone_name": "Main"}', '{"guestName": "[name]", "zone_name": "Main"}'),
        ("ALTER ROLE bob PASSWORD 'it''s me' LOGIN", "ALTER ROLE bob PASSWORD '***' LOGIN"),
        ("jane%40example.com jane\\u0040example.com jane&#64;example.com", "[e-mail] [e-mail] [e-mail]"),
        ("phone%3D%2B44%207700%20900123", "phone%3D[phone]"),
        ("SUPABASE_SERVICE_ROLE_KEY: missing", "SUPABASE_SERVICE_ROLE_KEY: missing"),
    ],
)  # fmt: skip
def test_what_databases_and_addresses_tell_of_people_is_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_a_refused_row_is_masked_in_any_language_of_the_server() -> None:
    detail = "Fehlgeschlagene Zeile enthält (1, Jane Doe, null, 4)."
    refusal = Refusal(Step.CONFIRM, Phase.ANSWERED, "neue Zeile verletzt", sqlstate="23514", detail=detail)
    assert mask_refusal(refusal).detail == "Fehlgeschlagene Zeile enthält (***)."


@pytest.mark.parametrize(
    ("sql", "masked"),
    [
        (
            "SELECT 'Jane''s', E'it\\'s Jane', $$Jane$$, $a$Jane$a$, \"it's\" FROM x",
            "SELECT '…', '…', '…', '…', \"it's\" FROM x",
        ),
        ("SELECT 'C:\\', 'Jane'", "SELECT '…', '…'"),
        ("SELECT 1 -- don't\n, 'Jane'", "SELECT 1  \n, '…'"),
        ("SELECT 1 /* Jane's */ + $1", "SELECT 1   + $1"),
        ("SELECT 'cut off, Jane", "SELECT '…'"),
        ("WHERE phone IN (7700900461) LIMIT 500", "WHERE phone IN (…) LIMIT 500"),
    ],
)
def test_a_statement_is_shown_without_its_literals(sql: str, masked: str) -> None:
    assert mask_statement(sql) == masked


def test_a_stream_masks_by_whole_lines_and_holds_back_no_question() -> None:
    know(None, {"SOME_TOKEN": "hunter2hunter2"})
    inner = io.StringIO()
    stream = MaskedStream(inner)
    stream.write("he said hunter2")
    assert inner.getvalue() == ""
    stream.write("hunter2 to a@b.co\nGo on? ")
    assert inner.getvalue() == "he said *** to [e-mail]\n"
    stream.flush()
    assert inner.getvalue().endswith("Go on? ")
