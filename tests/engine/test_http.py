"""The client's own transport does what httpx's does, only cheaper: every row runs on both."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from engine import event_loop
from engine.client_floor import client_floor, echo_server
from engine.http import HTTP_ERRORS, BaseUrlInvalid, HttpClient, KeepAlive, refusal_of
from engine.model.outcome import Phase
from engine.model.step import Step
from tests.raw_server import Cut, Request, answer, serving

CHUNKED = b'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\n{"a\r\n5\r\n":1}\n\r\n0\r\n\r\n'

Make = Callable[..., HttpClient]


def _httpx(connections: int) -> httpx.AsyncBaseTransport:
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    return httpx.AsyncHTTPTransport(trust_env=False, limits=limits)


@pytest.fixture(params=[KeepAlive, _httpx], ids=["ours", "httpx"])
async def make(request: pytest.FixtureRequest) -> AsyncIterator[Make]:
    made: list[HttpClient] = []

    def client(base_url: str, *, timeout_s: float = 5.0, connections: int = 4) -> HttpClient:
        made.append(
            HttpClient(base_url, timeout_s=timeout_s, connections=connections, transport=request.param(connections))
        )
        return made[-1]

    yield client
    for one in made:
        await one.close()


async def _fine(request: Request) -> bytes:
    return answer(200, b'{"fine":true}')


async def test_an_answer_is_read_whole_with_status_headers_and_body(make: Make) -> None:
    async def rule(request: Request) -> bytes:
        assert (request.method, request.target, request.body) == ("POST", "/api/bookings?x=1", b'{"a":1}')
        assert request.headers["idempotency-key"] == "k"
        assert request.headers["content-type"] == "application/json"
        return answer(201, b'{"b":2}', "X-Told: yes\r\n")

    async with serving(rule) as server:
        told = await make(server.base_url).post("/api/bookings?x=1", b'{"a":1}', {"Idempotency-Key": "k"})
    assert (told.status, told.body, told.headers["x-told"]) == (201, b'{"b":2}', "yes")


async def test_a_base_url_may_have_a_path(make: Make) -> None:
    async with serving(_fine) as server:
        await make(f"{server.base_url}/booking/").get("/api/health")
    assert server.requests[0].target == "/booking/api/health"


async def test_a_body_in_chunks_and_words_before_the_answer_are_understood(make: Make) -> None:
    async def rule(request: Request) -> bytes:
        return b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" + CHUNKED

    async with serving(rule) as server:
        client = make(server.base_url)
        assert (await client.get("/")).body == b'{"a":1}\n'
        assert (await client.get("/")).status == 200
    assert server.connections == 1


async def test_a_body_without_a_length_ends_with_the_connection(make: Make) -> None:
    async def rule(request: Request) -> bytes:
        raise Cut(b"HTTP/1.1 200 OK\r\n\r\n{}")

    async with serving(rule) as server:
        assert (await make(server.base_url).get("/")).body == b"{}"


async def test_one_connection_is_kept_for_all_that_follow_one_another(make: Make) -> None:
    async with serving(_fine) as server:
        client = make(server.base_url)
        for _ in range(20):
            await client.get("/")
    assert server.connections == 1


async def test_there_are_never_more_connections_than_allowed(make: Make) -> None:
    async def rule(request: Request) -> bytes:
        await asyncio.sleep(0)
        return answer(200)

    async with serving(rule) as server:
        client = make(server.base_url, connections=3)
        told = await asyncio.gather(*(client.get(f"/{n}") for n in range(40)))
    assert {one.status for one in told} == {200}
    assert len(server.requests) == 40
    assert server.most_open == 3


async def test_no_redirect_is_followed_and_no_cookie_is_kept(make: Make) -> None:
    async def rule(request: Request) -> bytes:
        assert "cookie" not in request.headers
        return answer(302, b"", "location: /elsewhere\r\nset-cookie: sr_confirm=secret; Path=/\r\n")

    async with serving(rule) as server:
        client = make(server.base_url)
        assert (await client.get("/here")).status == 302
        assert (await client.get("/here")).status == 302
    assert [one.target for one in server.requests] == ["/here", "/here"]


async def test_no_proxy_of_the_environment_is_used(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with serving(_fine) as server:
        assert (await make(server.base_url).get("/")).status == 200


async def test_a_refused_connection_proves_that_nothing_was_sent(make: Make) -> None:
    async with serving(_fine) as server:
        base_url = server.base_url
    with pytest.raises(HTTP_ERRORS) as caught:
        await make(base_url).post("/api/bookings", b"{}")
    refusal = refusal_of(caught.value, Step.SUBMIT)
    assert (refusal.phase, refusal.exception) == (Phase.BEFORE_SEND, "ConnectError")
    assert refusal.message.startswith("POST /api/bookings: ")


@pytest.mark.parametrize(
    "cut",
    [
        Cut(),
        Cut(reset=True),
        Cut(b"HTTP/1.1 20"),
        Cut(b"HTTP/1.1 201 Created\r\ncontent-length: 10\r\n\r\n{}"),
        Cut(b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"),
        Cut(b"nonsense\r\n\r\n"),
        Cut(b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n{"),
    ],
    ids=["closed", "reset", "half a head", "half a body", "half a chunk", "no http", "no chunk"],
)
async def test_an_answer_that_does_not_come_whole_leaves_the_request_in_doubt(make: Make, cut: Cut) -> None:
    async def rule(request: Request) -> bytes:
        raise cut

    async with serving(rule) as server:
        with pytest.raises(HTTP_ERRORS) as caught:
            await make(server.base_url).post("/api/bookings", b"{}")
    refusal = refusal_of(caught.value, Step.SUBMIT)
    assert refusal.phase is Phase.IN_DOUBT
    assert refusal.exception in ("RemoteProtocolError", "ReadError")
    assert len(server.requests) == 1, "what is in doubt is never sent again"


async def test_an_answer_that_takes_too_long_is_in_doubt_and_its_connection_is_dropped(make: Make) -> None:
    async def rule(request: Request) -> bytes:
        return b"" if request.target == "/slow" else answer(200)

    async with serving(rule) as server:
        client = make(server.base_url, timeout_s=0.05, connections=1)
        with pytest.raises(HTTP_ERRORS) as caught:
            await client.get("/slow")
        await asyncio.wait_for(server.hung_up.wait(), 5)
        assert (await client.get("/")).status == 200
    refusal = refusal_of(caught.value, Step.SUBMIT)
    assert (refusal.phase, refusal.exception, refusal.timer) == (Phase.IN_DOUBT, "ReadTimeout", "api.timeout_s")
    assert server.connections == 2


@pytest.mark.parametrize("kind", [KeepAlive, _httpx], ids=["ours", "httpx"])
async def test_waiting_for_a_free_connection_is_bounded_and_sends_nothing(
    kind: Callable[[int], httpx.AsyncBaseTransport],
) -> None:
    arrived, go = asyncio.Event(), asyncio.Event()

    async def rule(request: Request) -> bytes:
        arrived.set()
        await go.wait()
        return answer(200)

    async with serving(rule) as server:
        shared = kind(1)
        patient = HttpClient(server.base_url, timeout_s=5, connections=1, transport=shared)
        hasty = HttpClient(server.base_url, timeout_s=0.05, connections=1, transport=shared)
        holding = asyncio.create_task(patient.get("/first"))
        await arrived.wait()
        with pytest.raises(httpx.PoolTimeout) as caught:
            await hasty.get("/second")
        go.set()
        assert (await holding).status == 200
        assert (await hasty.get("/third")).status == 200
        await shared.aclose()
    assert refusal_of(caught.value, Step.SUBMIT).phase is Phase.BEFORE_SEND
    assert [one.target for one in server.requests] == ["/first", "/third"]


async def test_a_cancelled_request_takes_its_connection_along(make: Make) -> None:
    arrived = asyncio.Event()

    async def rule(request: Request) -> bytes:
        if request.target == "/slow":
            arrived.set()
            await asyncio.Event().wait()
        return answer(200, request.target.encode())

    async with serving(rule) as server:
        client = make(server.base_url, connections=1)
        task = asyncio.create_task(client.get("/slow"))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await client.get("/next")).body == b"/next"


async def test_a_connection_that_the_server_closed_is_not_used_again(make: Make) -> None:
    async def rule(request: Request) -> bytes:
        raise Cut(answer(200))

    async with serving(rule) as server:
        client = make(server.base_url)
        for _ in range(5):
            assert (await client.post("/", b"{}")).status == 200
    assert server.connections == 5


async def test_bytes_that_nobody_asked_for_are_in_no_later_answer_of_ours() -> None:
    # httpx takes such a stray answer for that of the next request.
    async def rule(request: Request) -> bytes:
        return answer(200, request.target.encode()) + answer(200, b"stray")

    async with serving(rule) as server:
        client = HttpClient(server.base_url, timeout_s=5, connections=1)
        for n in range(3):
            assert (await client.get(f"/{n}")).body == f"/{n}".encode()
        await client.close()


async def test_bytes_that_come_while_a_connection_rests_end_it() -> None:
    async def rule(request: Request) -> bytes:
        asyncio.get_running_loop().call_later(0.02, server.writers[-1].write, answer(200, b"stray"))
        return answer(200, request.target.encode())

    async with serving(rule) as server:
        client = HttpClient(server.base_url, timeout_s=5, connections=1)
        for n in range(3):
            server.hung_up.clear()
            assert (await client.get(f"/{n}")).body == f"/{n}".encode()
            await asyncio.wait_for(server.hung_up.wait(), 5)
        await client.close()
    assert server.connections == 3


async def test_an_answer_that_drips_is_bounded_as_a_whole_by_ours() -> None:
    gone = asyncio.Event()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x")
            await asyncio.sleep(0.01)
        writer.close()
        gone.set()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    client = HttpClient(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", timeout_s=0.1, connections=1)
    with pytest.raises(httpx.ReadTimeout):
        await client.get("/")
    await gone.wait()
    await client.close()
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("url", ["", "no url", "ftp://host/x", "http://", "http://name:secret@host/", "http://[::"])
def test_a_base_url_that_cannot_be_used_is_refused_without_its_secrets(url: str) -> None:
    with pytest.raises(BaseUrlInvalid) as caught:
        HttpClient(url, timeout_s=1, connections=1)
    assert "secret" not in str(caught.value)
    assert str(caught.value).count(".") <= 4


@pytest.mark.parametrize("host", ["booking..example", f"{'b' * 64}.example"])
async def test_a_host_that_is_none_is_a_connection_that_was_not_to_be_had(host: str) -> None:
    client = HttpClient(f"http://{host}:3000", timeout_s=1, connections=1)
    with pytest.raises(HTTP_ERRORS) as caught:
        await client.get("/")
    assert refusal_of(caught.value, Step.SUBMIT).phase is Phase.BEFORE_SEND
    await client.close()


async def test_the_client_s_floor_is_measured_against_a_process_of_its_own() -> None:
    floor = await client_floor(4, requests=40)
    assert (floor.requests, floor.concurrency) == (40, 4)
    assert 0 < floor.p50_ns <= floor.p99_ns
    assert floor.cpu_ns > 0
    assert not floor.sees(floor.p50_ns)
    assert floor.sees(3 * floor.p50_ns)


async def test_the_server_of_the_floor_is_gone_when_it_was_measured() -> None:
    async with echo_server(100) as base_url:
        client = HttpClient(base_url, timeout_s=5, connections=1)
        assert len((await client.post("/", b"{}")).body) == 100
        await client.close()
    client = HttpClient(base_url, timeout_s=5, connections=1)
    with pytest.raises(httpx.ConnectError):
        await client.get("/")


def test_connections_are_the_same_on_the_engine_s_own_loop() -> None:
    async def rule(request: Request) -> bytes:
        if request.target == "/cut":
            raise Cut(answer(200, b"cut"))
        if request.target == "/open":
            raise Cut(b"HTTP/1.1 200 OK\r\n\r\n{}")
        return b"" if request.target == "/slow" else answer(200, request.target.encode() + request.body)

    async def exchange() -> None:
        async with serving(rule) as server:
            client = HttpClient(server.base_url, timeout_s=5, connections=2)
            for _ in range(3):
                assert (await client.post("/kept", b"{}")).body == b"/kept{}"
            assert server.connections == 1
            for _ in range(3):
                assert (await client.get("/cut")).body == b"cut"
            assert (await client.get("/open")).body == b"{}"
            told = await asyncio.gather(*(client.get(f"/{n}") for n in range(20)))
            assert [one.body for one in told] == [b"/%d" % n for n in range(20)]
            assert server.most_open <= 3, "one that hung up may not be gone yet"
            await client.close()
            hasty = HttpClient(server.base_url, timeout_s=0.05, connections=1)
            with pytest.raises(httpx.ReadTimeout):
                await hasty.get("/slow")
            await hasty.close()

    event_loop.run(exchange())
