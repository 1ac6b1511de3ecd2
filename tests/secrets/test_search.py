"""The search itself: what it is to find it finds, in every disguise; a search that finds nothing proves nothing."""

from pathlib import Path

import pytest

from tests.secrets.sentinels import PHONES, WORDS, disguises, in_folder, leaks


@pytest.mark.parametrize("what", list(WORDS))
def test_every_sentinel_is_found_in_every_disguise(what: str) -> None:
    for word in WORDS[what]:
        for notation, written in disguises(word).items():
            if notation == "base64" and len(word) <= 2:
                continue
            assert what in leaks(f"could not: {written}, sorry".encode()), (word, notation)


@pytest.mark.parametrize("phone", PHONES)
def test_a_phone_number_is_found_in_every_notation(phone: str) -> None:
    for written in disguises(phone).values():
        assert "phone" in leaks(f"call {written} now".encode())


def test_an_innocent_text_holds_none(tmp_path: Path) -> None:
    text = b"20260304T120000Z-fill-01234567: 12 of 15, p99 7.700 ms, *** [e-mail] [phone] [name], 900461 bytes"
    assert leaks(text) == set()
    (tmp_path / "a").write_bytes(text)
    assert in_folder(tmp_path) == {}
