"""The counters: text as the format wants it, and an endpoint for this machine only."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.metrics.alerts import Alerts
from engine.metrics.histogram import Histogram
from engine.metrics_port import MetricsPort, PortTaken
from engine.model.alert import AlertsFace, SendingFace
from engine.model.snapshot import RunSnapshot
from engine.model.step import Step
from engine.openmetrics import BOUNDS_S, page
from tests.alerts.openmetrics import NotOpenMetrics, parse
from tests.alerts.pictures import picture, rule
from tests.tui import stills


def run() -> RunSnapshot:
    """A run with everything in it, and a name that wants escaping."""
    alerts = Alerts(rule("lost_bookings > 0"))
    alerts.take(picture(1, lost=1))
    face = AlertsFace(alerts.rules(), alerts.alerts(), 1, SendingFace(3, 1, 2), SendingFace(900, 4, 0))
    still = stills.full()
    return replace(still, run=replace(still.run, name='a "b"\\c\nd'), alerts=face, retries_exhausted=2)


def histograms() -> dict[Step, Histogram]:
    made = {Step.HOLD: Histogram(), Step.CONFIRM: Histogram()}
    for ns in (400_000, 900_000, 2_600_000, 70_000_000, 45_000_000_000):
        made[Step.HOLD].record(ns)
    return made


def value(text: str, family: str, **labels: str) -> float:
    """The one sample with these labels."""
    (found,) = [value for _, given, value in parse(text)[family].samples if given == labels]
    return found


def test_every_still_and_a_run_with_everything_are_openmetrics() -> None:
    for build in stills.STILLS.values():
        parse(page(build(), {}))
    families = parse(page(run(), histograms()))
    assert all(name.startswith("slotfill_") and family.says for name, family in families.items())
    assert {family.kind for family in families.values()} == {"info", "stateset", "gauge", "counter", "histogram"}


def test_the_counters_are_those_of_the_picture() -> None:
    still = run()
    text = page(still, histograms())
    for one in still.outcomes:
        assert value(text, "slotfill_attempts", outcome=one.outcome, kind=one.kind.value) == one.count
    assert value(text, "slotfill_hold_conflicts") == still.conflicts.total
    assert value(text, "slotfill_alert", rule="it", severity="warning") == 1
    assert value(text, "slotfill_webhook_messages", result="dropped") == 2
    assert value(text, "slotfill_platform_events_waiting") == 4
    assert value(text, "slotfill_retries_exhausted") == 2
    assert value(text, "slotfill_state", slotfill_state="running") == 1
    assert r'name="a \"b\"\\c\nd"' in text


def test_what_a_look_could_not_see_has_no_value_and_is_not_nought() -> None:
    still = run()
    assert still.sample is not None
    blind = replace(still.sample, stale_holds=(), connections=0, missing=("stale holds: x", "connections: y"))
    families = parse(page(replace(still, sample=blind), {}))
    assert not {"slotfill_server_stale_holds", "slotfill_server_connections"} & set(families)
    assert {"slotfill_server_deadlocks", "slotfill_server_connections_most"} <= set(families)


def test_a_histogram_counts_what_is_no_longer_than_its_bound() -> None:
    samples = parse(page(run(), histograms()))["slotfill_step_seconds"].samples
    held = {given["le"]: value for name, given, value in samples if given == {"step": "hold", "le": given.get("le")}}
    assert [held[str(bound)] for bound in (0.001, 0.0025, 0.005, 0.1, 30.0)] == [2, 2, 3, 4, 4]
    assert held["+Inf"] == 5
    (total,) = [value for name, given, value in samples if name.endswith("_sum") and given["step"] == "hold"]
    assert total == pytest.approx(45.0739, rel=1e-3)


@given(st.lists(st.integers(0, 60_000_000_000), max_size=60))
def test_buckets_agree_with_counting_but_for_a_bucket_s_width(lengths: list[int]) -> None:
    made = Histogram()
    for ns in lengths:
        made.record(ns)
    for bound, count in zip(BOUNDS_S, made.at_most([round(bound * 1e9) for bound in BOUNDS_S]), strict=True):
        assert (
            sum(ns <= bound * 1e9 * 0.999 for ns in lengths)
            <= count
            <= sum(ns <= bound * 1e9 * 1.001 for ns in lengths)
        )
    assert made.total_ns() == pytest.approx(sum(lengths), rel=1e-3)


@pytest.mark.parametrize(
    "text",
    [
        "# TYPE a counter\na_total 1\n",
        "# TYPE a counter\na 1\n# EOF\n",
        "# TYPE a counter\na_total 1\na_total 2\n# EOF\n",
        "# TYPE a_s gauge\n# UNIT a_s seconds\na_s 1\n# EOF\n",
        "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\n# EOF\n",
        '# TYPE a gauge\na{b="c",} 1\n# EOF\n',
        '# TYPE a gauge\na{b="c"d"} 1\n# EOF\n',
        "# TYPE a stateset\na 2\n# EOF\n",
        '# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_count 1\na_sum 1\n# EOF\n',
    ],
)
def test_the_parser_itself_refuses_what_is_not(text: str) -> None:
    with pytest.raises(NotOpenMetrics):
        parse(text)


async def ask(port: int, request: str) -> tuple[str, dict[str, str], str]:
    """Status line, headers and body of a request, as it stands."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request.encode())
    head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    status, *lines = head.split("\r\n")
    return status, {name.lower(): text for name, _, text in (line.partition(": ") for line in lines)}, body


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[MetricsPort, int]]:
    """A port that is free; another one where somebody was quicker."""
    for _ in range(20):
        with socket.socket() as tried:
            tried.bind(("127.0.0.1", 0))
            port = tried.getsockname()[1]
        async with AsyncExitStack() as stack:
            try:
                door = await stack.enter_async_context(MetricsPort().listening(port))
            except PortTaken:
                continue
            yield door, port
            return
    raise AssertionError("no port is free")


async def test_the_endpoint_answers_this_machine_with_the_page_and_nobody_else() -> None:
    async with listening() as (door, port):
        get = f"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"
        assert "503" in (await ask(port, get))[0]

        async def told() -> str:
            return page(run(), histograms())

        door.tells = told
        status, headers, body = await ask(port, get)
        assert status == "HTTP/1.1 200 OK"
        assert headers["content-type"] == "application/openmetrics-text; version=1.0.0; charset=utf-8"
        assert int(headers["content-length"]) == len(body.encode())
        assert parse(body)
        assert (await ask(port, get.replace("GET", "HEAD")))[2] == ""
        assert "404" in (await ask(port, get.replace("/metrics", "/")))[0]
        assert "405" in (await ask(port, get.replace("GET", "POST")))[0]
        # A page of the web whose name was made to lead here, and a request that names nobody.
        assert "403" in (await ask(port, get.replace("127.0.0.1", "evil.example")))[0]
        assert "403" in (await ask(port, "GET /metrics HTTP/1.1\r\n\r\n"))[0]
        assert await ask(port, "GET /metrics HTTP/1.1\r\nX: " + "y" * 20_000) == ("", {}, "")
        with pytest.raises(PortTaken, match=f"metrics-port = {port} cannot be listened at: it is taken"):
            async with MetricsPort().listening(port):
                raise AssertionError("two listen at one port")


async def test_no_port_is_no_endpoint() -> None:
    async with MetricsPort().listening(0) as door:
        assert door.tells is None
