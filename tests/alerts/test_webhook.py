"""The webhook against a server on the loopback that fails, hangs, wants to be waited for, and takes it in the end."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from engine.config import SettingsInvalid, WebhookSettings
from engine.hook import Hook, Message, hook_of
from engine.model.alert import Severity
from engine.redact import forget, mask
from engine.webhook import LONGEST_WAIT_S, Webhook, body_of
from tests.clocks import SkippingClock
from tests.raw_server import Cut, RawServer, Request, Rule, answer, serving

KEY = b"a-key-of-twenty-signs"
WALL = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)


def rule_of(answers: Iterable[bytes | Exception | None]) -> Rule:
    """These answers one after the other, None for none at all; then 200."""
    left = list(answers)

    async def rule(request: Request) -> bytes:
        said = left.pop(0) if left else answer(200)
        if said is None:
            await asyncio.Event().wait()
        if isinstance(said, Exception):
            raise said
        assert isinstance(said, bytes)
        return said

    return rule


def webhook(server: RawServer, clock: SkippingClock, **terms: object) -> Webhook:
    settings = WebhookSettings(**{"url_env": "HOOK", "timeout_s": 5.0, **terms})  # type: ignore[arg-type]
    return Webhook(Hook(server.base_url, "/services/T0/B0/x?to=ops", KEY, settings), clock, "7f3a91c2")


def message(number: int = 1, severity: Severity = Severity.WARNING) -> Message:
    return Message(f"7f3a91c2-{number}", severity, "hold-conflicts: 11 where hold_conflicts > 10", "run 7f3a91c2")


async def sent(hook: Webhook) -> None:
    """Until nothing waits: not a while, but as many turns of the loop as it takes."""
    task = asyncio.create_task(hook.run())
    for _ in range(200_000):
        if not hook.face.queued:
            break
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await hook.finish()


async def test_a_message_is_signed_and_sent_again_until_it_is_taken() -> None:
    clock = SkippingClock()
    again: list[bytes | Exception | None] = [
        answer(500),
        answer(429, headers="retry-after: 7\r\n"),
        Cut(),
        answer(200, b"ok", ""),
    ]
    async with serving(rule_of(again)) as server:
        hook = webhook(server, clock)
        hook.offer(message())
        await sent(hook)
    assert (hook.face.sent, hook.face.tried_again, hook.face.dropped, hook.face.trouble) == (1, 3, 0, "")
    assert len(server.requests) == 4
    for request in server.requests:
        assert (request.method, request.target) == ("POST", "/services/T0/B0/x?to=ops")
        assert request.headers["content-type"] == "application/json"
        assert request.headers["x-slotfill-delivery"] == "7f3a91c2-1"
        stamp = request.headers["x-slotfill-timestamp"]
        assert stamp == str(int(WALL.timestamp()))
        made = hmac.new(KEY, f"v1:{stamp}:".encode() + request.body, hashlib.sha256).hexdigest()
        assert request.headers["x-slotfill-signature"] == f"v1={made}"
    # Half to all of the backoff, but never before the server wants it.
    assert 0.25 <= clock.waits_s[0] <= 0.5
    assert clock.waits_s[1] == 7.0
    assert 1.0 <= clock.waits_s[2] <= 2.0


async def test_a_message_is_what_slack_takes_and_nothing_in_it_is_a_link_or_a_secret() -> None:
    head = "hold-conflicts: 11 where hold_conflicts > 10 & <!channel> of ann@example.com, +44 7700 900123"
    told = json.loads(body_of(Message("1", Severity.CRITICAL, head, "password=hunter2hunter2")))
    assert set(told) == {"text", "blocks"}
    assert [block["type"] for block in told["blocks"]] == ["section", "context"]
    assert told["blocks"][0]["text"]["type"] == "mrkdwn"
    assert told["text"].startswith("CRITICAL - hold-conflicts: 11 where hold_conflicts &gt; 10 &amp; &lt;!channel&gt;")
    text = json.dumps(told)
    assert not [one for one in ("ann@", "7700", "hunter2", "<!channel>") if one in text]
    resolved = json.loads(body_of(Message("1", Severity.CRITICAL, "x", "y", resolved=True)))
    assert resolved["text"] == "resolved - x"


async def test_a_refusal_that_is_meant_is_not_tried_again_and_the_next_message_is_sent() -> None:
    clock = SkippingClock()
    moved = answer(302, headers="location: http://127.0.0.1:1/elsewhere\r\n")
    async with serving(rule_of([answer(404), moved])) as server:
        hook = webhook(server, clock)
        for number in (1, 2, 3):
            hook.offer(message(number))
        await sent(hook)
    assert [request.headers["x-slotfill-delivery"][-1] for request in server.requests] == ["1", "2", "3"]
    assert (hook.face.sent, hook.face.dropped, clock.waits_s) == (1, 2, [])


async def test_a_server_that_hangs_or_hangs_up_costs_its_time_and_no_more() -> None:
    clock = SkippingClock()
    async with serving(rule_of([None, Cut(reset=True), b"this is no HTTP\r\n\r\n"])) as server:
        hook = webhook(server, clock, timeout_s=0.05, tries=3)
        hook.offer(message())
        await sent(hook)
    assert (hook.face.sent, hook.face.dropped, len(clock.waits_s)) == (0, 1, 2)
    assert hook.face.trouble


async def test_waits_grow_and_have_an_end_whatever_a_server_asks_for() -> None:
    clock = SkippingClock()
    later = [
        answer(503, headers=f"retry-after: {text}\r\n") for text in ("99999", "Mon, 01 Mar 2027 12:00:20 GMT", "x")
    ]
    later.append(answer(503, headers="retry-after: 1 Jan 99999999999999999999 00:00:00\r\n"))
    async with serving(rule_of([*later, answer(503)])) as server:
        hook = webhook(server, clock, tries=5)
        hook.offer(message())
        await sent(hook)
    assert clock.waits_s[:2] == [LONGEST_WAIT_S, 20.0]
    assert 1.0 <= clock.waits_s[2] <= 2.0
    assert 2.0 <= clock.waits_s[3] <= 4.0
    assert (len(clock.waits_s), hook.face.dropped) == (4, 1)


async def test_what_does_not_fit_or_is_too_mild_is_not_taken() -> None:
    async with serving(rule_of([])) as server:
        hook = webhook(server, SkippingClock(), queue=2, least="error")
        hook.offer(message(1, Severity.WARNING))
        assert hook.face.queued == 0
        for number in range(4):
            hook.offer(message(number, Severity.CRITICAL))
        assert (hook.face.queued, hook.face.dropped) == (2, 2)
        assert "more than 2 messages wait" in hook.face.trouble
        await sent(hook)
    assert hook.face.sent == 2


async def test_the_end_of_a_run_waits_for_a_bounded_time_and_says_what_was_left() -> None:
    async with serving(rule_of([None])) as server:
        hook = webhook(server, SkippingClock(), last_s=0.05)
        hook.offer(message(1))
        hook.offer(message(2))
        await hook.finish()
    assert (hook.face.sent, hook.face.dropped, hook.face.queued) == (0, 2, 0)
    assert "the run ended before they were taken" in hook.face.trouble


async def test_a_message_in_hand_when_the_run_ends_is_sent_once_more_under_its_number() -> None:
    async with serving(rule_of([None])) as server:
        hook = webhook(server, SkippingClock())
        hook.offer(message())
        task = asyncio.create_task(hook.run())
        for _ in range(200_000):
            if server.requests:
                break
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await hook.finish()
    assert [request.headers["x-slotfill-delivery"] for request in server.requests] == ["7f3a91c2-1"] * 2
    assert (hook.face.sent, hook.face.dropped) == (1, 0)


SECRET = "https://hooks.example.invalid/services/T0AAAAAA/B0BBBBBB/zZyYxXwWvV"


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({}, "there is no such variable"),
        ({"HOOK": SECRET}, "webhook.key_env = KEY: there is no such variable"),
        ({"HOOK": SECRET.replace("https", "http"), "KEY": "k"}, "unencrypted to hooks.example.invalid"),
        ({"HOOK": "https://user:pa55word@hooks.example.invalid/x", "KEY": "k"}, "without a name in it"),
        ({"HOOK": "ftp://127.0.0.1/x", "KEY": "k"}, "no address it can be sent to"),
        ({"HOOK": "https://[::1/zZyYxXwWvV", "KEY": "k"}, "is no URL"),
        ({"HOOK": "https://host:99999999/zZyYxXwWvV", "KEY": "k"}, "is no URL"),
        ({"HOOK": "https://hooks..example.invalid/zZyYxXwWvV", "KEY": "k"}, "is no URL"),
        ({"HOOK": f"https://{'h' * 64}.invalid/zZyYxXwWvV", "KEY": "k"}, "is no URL"),
        ({"HOOK": "https://hooks.example.invalid/zZyYxXwWvV\x07", "KEY": "k"}, "signs in it that no URL has"),
    ],
)
def test_an_address_that_cannot_be_used_is_told_without_it(variables: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsInvalid, match=says.replace("[", r"\[")) as told:
        hook_of(WebhookSettings(url_env="HOOK", key_env="KEY"), variables)
    assert not [one for one in ("zZyYxXwWvV", "pa55word") if one in str(told.value)]


def test_the_address_and_the_key_are_secrets_from_then_on() -> None:
    try:
        made = hook_of(WebhookSettings(url_env="HOOK", key_env="KEY"), {"HOOK": SECRET, "KEY": KEY.decode()})
        assert made is not None
        assert (made.base_url, made.path) == ("https://hooks.example.invalid", SECRET.partition("invalid")[2])
        told = mask(f"POST {SECRET} failed; path {made.path}; signed with {KEY.decode()}")
        assert not [one for one in ("T0AAAAAA", "zZyYxXwWvV", KEY.decode()) if one in told]
    finally:
        forget()
    assert hook_of(WebhookSettings(), {}) is None


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/x", "http://localhost/x", "http://[::1]:9/x", "https://a.example/x"]
)
def test_https_anywhere_and_http_on_this_machine_are_fine(url: str) -> None:
    try:
        assert hook_of(WebhookSettings(url_env="HOOK"), {"HOOK": url}) is not None
    finally:
        forget()
