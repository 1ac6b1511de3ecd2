"""Framing: what is read by hand is read as h11 reads it, and what could go on for ever has an end."""

from collections.abc import Sequence

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.framing import Answering, NoAnswer, NotHttp, NotSendable, Reply, asked

LINES = st.sampled_from(
    [
        b"Content-Length: 5",
        b"content-length:5",
        b"Content-Length: 2",
        b"Content-Length: 0005",
        b"Content-Length: 5, 5",
        b"Content-Length: -5",
        b"Content-Length: +5",
        b"Content-Length: 99999999999999999999999",
        b"Content-Length: 9000000",
        b"Content-Length: \xb2",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: gzip",
        b"Connection: close",
        b"Connection: keep-alive",
        b"Connection: Keep-Alive, close",
        b"Upgrade: h2c",
        b"X-Told:   spaced \t ",
        b"X-Told: \x1b[2J",
        b"X-Told: \xc3\xa9",
        b"X-Empty:",
        b" folded",
        b"No colon",
        b"Bad name: x",
        b"X-Nul: \x00",
    ]
)
FIRST = st.sampled_from(
    [
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 201 Created",
        b"HTTP/1.1 204 No Content",
        b"HTTP/1.1 304 Not Modified",
        b"HTTP/1.1 101 Switching",
        b"HTTP/1.1 103 Hints",
        b"HTTP/1.0 200 OK",
        b"HTTP/2 200",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 ",
        b"HTTP/1.1 600 Odd",
        b"HTTP/1.1 99 Odd",
        b"HTTP/1.1 200 O\x0bK",
        b"<html>",
    ]
)
BODIES = st.sampled_from(
    [b"", b"{}", b"12345", b"1234567", b"3\r\nabc\r\n0\r\n\r\n", b"5\r\n12345\r\n0\r\n\r\nHTTP/1.1 200 OK"]
)
ENDS = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r"])

Said = Reply | type[Exception] | None


class ByH11(Answering):
    """Nothing is plain to it."""

    def _plain(self, data: bytes) -> int:
        return 0


class Careless(Answering):
    """What a check of one plain form must find: it takes any head that has a length for plain."""

    def _plain(self, data: bytes) -> int:
        return super()._plain(data.replace(b"Transfer-Encoding: chunked\r\n", b"X: xxxxxxxxxxxxxxxxxxxxxxx\r\n"))


@st.composite
def streams(draw: st.DrawFn) -> list[bytes]:
    """Heads that are nearly right, a body, and cuts anywhere."""
    end = draw(ENDS)
    lines = draw(st.lists(LINES, max_size=4))
    whole = end.join([draw(FIRST), *lines]) + end + end + draw(BODIES)
    cuts = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=3)))
    return [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True) if b > a]


def heard(answering: Answering, pieces: Sequence[bytes]) -> tuple[Said, bool]:
    """What comes of the pieces and of the end after them, and whether the connection can be used again."""
    try:
        for number, piece in enumerate(pieces):
            reply = answering.feed(piece)
            if reply is not None:
                return reply, answering.keeps and number == len(pieces) - 1
        return answering.finish(), False
    except (NoAnswer, NotHttp) as error:
        return type(error) if str(error).isprintable() else ValueError, False


def fed(answering: Answering, pieces: Sequence[bytes]) -> None:
    for piece in pieces:
        assert answering.feed(piece) is None


def alike(one: tuple[Said, bool], other: tuple[Said, bool]) -> bool:
    """An answer cut short is so for both, whether its parser says it or the connection's end does."""
    cut = (None, NoAnswer)
    return one == other or (one[0] in cut and other[0] in cut)


@settings(max_examples=80)
@given(streams(), st.sampled_from([b"GET", b"POST", b"HEAD"]))
def test_what_is_read_by_hand_is_what_h11_reads(pieces: list[bytes], method: bytes) -> None:
    assert alike(heard(Answering(method), pieces), heard(ByH11(method), pieces))


@settings(max_examples=50)
@given(
    st.lists(st.binary(max_size=80), max_size=4), st.sampled_from([b"", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"])
)
def test_any_bytes_are_an_answer_or_an_error_that_is_ours(pieces: list[bytes], begin: bytes) -> None:
    pieces = [piece for piece in [begin, *pieces] if piece]
    assert alike(heard(Answering(b"GET"), pieces), heard(ByH11(b"GET"), pieces))


def test_the_comparison_finds_a_reader_that_is_careless() -> None:
    smuggled = [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", b"2\r\nab\r\n0\r\n\r\n"]
    right, wrong = heard(ByH11(b"GET"), smuggled), heard(Careless(b"GET"), smuggled)
    assert isinstance(right[0], Reply)
    assert right[0].body == b"ab"
    assert not alike(wrong, right)


def test_the_plainest_answer_needs_no_parser() -> None:
    answering = Answering(b"POST")
    assert answering.feed(b"HTTP/1.1 201 Created\r\nServer: x\r\nContent-Length: 4\r\n\r\n{}") is None
    assert answering.has_begun
    assert answering.feed(b"{}") == Reply(201, [(b"server", b"x"), (b"content-length", b"4")], b"{}{}")
    assert answering.keeps
    assert answering._http is None


def test_heads_before_the_answer_have_an_end() -> None:
    with pytest.raises(NotHttp, match="more than 16 heads of status 1xx"):
        Answering(b"GET").feed(b"HTTP/1.1 103 Hints\r\n\r\n" * 1000)


def test_chunks_of_one_byte_have_an_end() -> None:
    with pytest.raises(NotHttp, match="more than 4096 chunks"):
        Answering(b"GET").feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 5000)


def test_a_body_has_an_end_whatever_it_says_of_its_length() -> None:
    for said in (b"Content-Length: 100000000", b"X: y"):
        answering = Answering(b"GET")
        answering.feed(b"HTTP/1.1 200 OK\r\n" + said + b"\r\n\r\n")
        with pytest.raises(NotHttp, match="more than 8388608 bytes"):
            fed(answering, [bytes(65536)] * 130)


def test_a_head_has_an_end() -> None:
    with pytest.raises(NotHttp):
        fed(Answering(b"GET"), [b"HTTP/1.1 200 OK\r\n", b"X: ", *[b"y" * 4096] * 100])


@settings(max_examples=50)
@given(
    st.sampled_from([b"GET", b"POST", b"P T", b""]),
    st.text(st.characters(max_codepoint=255), max_size=20).map(lambda text: text.encode("latin-1")),
    st.text(st.characters(max_codepoint=255), max_size=20).map(lambda text: text.encode("latin-1")),
)
def test_a_request_is_one_that_a_server_reads_the_same_or_is_none(method: bytes, path: bytes, value: bytes) -> None:
    headers = [(b"Host", b"x"), (b"X-Told", value), (b"Content-Length", b"2")]
    try:
        sent = asked(method, b"/" + path, headers, b"{}").sent
    except NotSendable:
        return
    server = h11.Connection(h11.SERVER)
    server.receive_data(sent)
    head, data = server.next_event(), server.next_event()
    assert isinstance(head, h11.Request)
    assert isinstance(data, h11.Data)
    assert (head.method, head.target, bytes(data.data)) == (method, b"/" + path, b"{}")
    assert dict(head.headers)[b"x-told"] == value.strip(b" \t")
    assert isinstance(server.next_event(), h11.EndOfMessage)


@pytest.mark.parametrize("bad", [b"a\r\nX-Evil: 1", b"a\nb", b"a\0b", b"\x1b[2J"])
def test_nothing_can_be_slipped_into_a_request(bad: bytes) -> None:
    for method, path, headers in (
        (b"GET", b"/", [(b"Host", bad)]),
        (b"GET", b"/" + bad, [(b"Host", b"x")]),
        (bad, b"/", [(b"Host", b"x")]),
        (b"GET", b"/", [(bad, b"x")]),
    ):
        with pytest.raises(NotSendable):
            asked(method, path, headers, b"")
