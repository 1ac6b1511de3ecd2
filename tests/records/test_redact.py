"""What must not be written down is not, and what must survive does."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.redact import mask, mask_builtins

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
