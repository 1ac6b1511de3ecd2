"""A queue whose middle is on disk gives back what was put in, in order, whatever comes between."""

import os
from collections import deque
from pathlib import Path
from uuid import UUID, uuid4

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.records.spool import Spool
from engine.records.trouble import RecordsFailed

ROOM = 4_096


class Thing(msgspec.Struct, frozen=True):
    number: int
    text: str = ""


@settings(max_examples=40)
@given(st.lists(st.integers(-5, 9), max_size=60), st.integers(0, 5), st.integers(1, 4))
def test_it_is_a_queue_whatever_is_put_in_taken_out_and_looked_at(asked: list[int], kept: int, block: int) -> None:
    spool, plain, number = Spool(Thing, Path("/tmp"), kept=kept, block=block), deque[Thing](), 0
    for one in asked:
        if one >= 0:
            for _ in range(one):
                number += 1
                spool.append(Thing(number, "x" * (number % 7 * 900)))
                plain.append(Thing(number, "x" * (number % 7 * 900)))
        elif one == -5:
            assert spool.first(4) == list(plain)[:4]
        else:
            for _ in range(min(-one, len(plain))):
                assert spool.popleft() == plain.popleft()
        assert len(spool) == len(plain)
    assert spool.all() == list(plain)
    assert len(spool) == 0
    spool.close()


def test_without_a_folder_nothing_is_written_and_with_one_little_is_in_memory(tmp_path: Path) -> None:
    there, nowhere = Spool(UUID, tmp_path, kept=10, block=10), Spool(UUID, kept=10, block=10)
    ids = [uuid4() for _ in range(1_000)]
    for one in ids:
        there.append(one)
        nowhere.append(one)
    assert there._file is not None
    assert len(there._head) + len(there._tail) < 20
    assert nowhere._file is None
    assert there.all() == nowhere.all() == ids
    assert not list(tmp_path.iterdir()), "its file has no name"
    there.close()


def test_what_goes_round_and_round_takes_no_more_room_than_at_first(tmp_path: Path) -> None:
    spool = Spool(Thing, tmp_path, kept=10, block=10)
    for number in range(200):
        spool.append(Thing(number))
    for _ in range(3_000):
        spool.append(spool.popleft())
    assert spool._file is not None
    assert os.fstat(spool._file).st_size <= 25 * ROOM
    assert [one.number for one in spool.all()] == list(range(200))
    spool.close()


def test_a_disk_that_takes_no_more_is_said_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "pwrite", lambda *_: 7)
    spool = Spool(Thing, tmp_path, kept=0, block=2)
    spool.append(Thing(1))
    with pytest.raises(RecordsFailed, match=r"could not be put aside.*No space left.*free some space"):
        spool.append(Thing(2))
    spool.close()
