"""Alerts on their way out: Slack-compatible JSON, signed, tried again, and never in a run's way.

Headers of a message, for whoever checks it:
  X-Slotfill-Delivery   the same for every try of one message, so that a second one can be told from a new one
  X-Slotfill-Timestamp  seconds since 1970, UTC, when this try was sent
  X-Slotfill-Signature  `v1=` and the hex HMAC-SHA256, under the shared key, of `v1:<timestamp>:<body>`
"""

import asyncio
import email.utils
import hashlib
import hmac
from collections import deque
from random import Random

import msgspec

from engine.clock import Clock
from engine.config import SettingsInvalid
from engine.hook import Hook, Message
from engine.http import HTTP_ERRORS, BaseUrlInvalid, HttpClient, describe
from engine.model.alert import SendingFace, Severity
from engine.redact import mask

NS = 1_000_000_000
FIRST_WAIT_S = 0.5
"""Before the second try; twice as long before each later one, and anything between half of it and all of it."""
LONGEST_WAIT_S = 60.0
"""Neither our own waits nor a Retry-After hold a message back longer."""
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses after which the same request may be taken; any other refusal is meant."""
_SIGNS = {
    Severity.INFO: "information", Severity.WARNING: "WARNING", Severity.ERROR: "ERROR", Severity.CRITICAL: "CRITICAL",
}  # fmt: skip


def body_of(message: Message) -> bytes:
    """The message as Slack takes it: a line for notices, and blocks."""
    sign = "resolved" if message.resolved else _SIGNS[message.severity]
    text = f"{sign} - {mask(message.head)}"
    section = {"type": "section", "text": {"type": "mrkdwn", "text": f"*{sign}* {_escaped(mask(message.head))}"}}
    context = {"type": "context", "elements": [{"type": "mrkdwn", "text": _escaped(mask(message.about))}]}
    return msgspec.json.encode({"text": _escaped(text), "blocks": [section, context]})


def signature(key: bytes, timestamp: str, body: bytes) -> str:
    """What X-Slotfill-Signature says."""
    return "v1=" + hmac.new(key, b"v1:%s:%s" % (timestamp.encode(), body), hashlib.sha256).hexdigest()


def _escaped(text: str) -> str:
    """Slack's own three: nothing of ours becomes a link or a mention."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class Webhook:
    """Takes messages at once and sends them one after the other. What does not fit, or is given up, is counted."""

    def __init__(self, hook: Hook, clock: Clock, seed: str) -> None:
        """Raises SettingsInvalid."""
        self._hook = hook
        self._clock = clock
        self._random = Random(seed)  # noqa: S311 - spreads retries, and guards nothing
        self._waiting: deque[Message] = deque()
        """The first one is in hand, until it is sent or given up."""
        self._wake = asyncio.Event()
        self._sent = self._dropped = self._tried_again = 0
        self._trouble = ""
        try:
            self._client = HttpClient(hook.base_url, timeout_s=hook.terms.timeout_s, connections=1)
        except BaseUrlInvalid as error:
            raise SettingsInvalid(f"the webhook in {hook.terms.url_env} is no URL; give https://HOST/PATH") from error

    @property
    def face(self) -> SendingFace:
        """How it stands."""
        return SendingFace(self._sent, len(self._waiting), self._dropped, self._tried_again, self._trouble)

    def offer(self, message: Message) -> None:
        """Take a message, if it is bad enough to be sent and there is room; never waits."""
        if message.severity.rank < Severity(self._hook.terms.least).rank:
            return
        if len(self._waiting) >= self._hook.terms.queue:
            self._dropped += 1
            self._trouble = f"more than {self._hook.terms.queue} messages wait"
            return
        self._waiting.append(message)
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled; a message in hand then stays the first."""
        while True:
            while self._waiting:
                await self._deliver(self._waiting[0])
                self._waiting.popleft()
            self._wake.clear()
            await self._wake.wait()

    async def finish(self) -> None:
        """Send what waits, for as long as the settings give it; what is left then is dropped, counted and said."""
        try:
            async with asyncio.timeout(self._hook.terms.last_s):
                while self._waiting:
                    await self._deliver(self._waiting[0])
                    self._waiting.popleft()
        except TimeoutError:
            self._dropped += len(self._waiting)
            self._trouble = f"the run ended before they were taken; the last try: {self._trouble or 'no answer'}"
            self._waiting.clear()
        finally:
            await self._client.close()

    async def _deliver(self, message: Message) -> None:
        for number in range(1, self._hook.terms.tries + 1):
            self._tried_again += number > 1
            wait_s = await self._try(message, self._backoff_s(number))
            if wait_s is None:
                return
            if number < self._hook.terms.tries and wait_s >= 0:
                await self._clock.sleep_until(self._clock.now_ns() + round(wait_s * NS))
            elif wait_s < 0:
                break
        self._dropped += 1

    async def _try(self, message: Message, backoff_s: float) -> float | None:
        """Send it once. None when it was taken; else seconds to wait before another try, below 0 for never."""
        body = body_of(message)
        stamp = str(int(self._clock.wall().timestamp()))
        headers = {"x-slotfill-delivery": message.delivery, "x-slotfill-timestamp": stamp}
        if self._hook.key:
            headers["x-slotfill-signature"] = signature(self._hook.key, stamp, body)
        try:
            answer = await self._client.post(self._hook.path, body, headers)
        except HTTP_ERRORS as error:
            self._trouble = mask(describe(error))
            return backoff_s
        if 200 <= answer.status < 300:
            self._sent += 1
            self._trouble = ""
            return None
        self._trouble = f"it answered {answer.status}"
        if answer.status not in _AGAIN:
            return -1.0
        return max(backoff_s, self._retry_after_s(answer.headers.get("retry-after", "")))

    def _backoff_s(self, number: int) -> float:
        longest: float = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (number - 1))
        return longest * self._random.uniform(0.5, 1.0)

    def _retry_after_s(self, text: str) -> float:
        """What the server asks for: seconds, or a moment."""
        if text.strip().isdecimal():
            return min(LONGEST_WAIT_S, float(text))
        try:
            at = email.utils.parsedate_to_datetime(text)
        except (ValueError, OverflowError, IndexError):
            return 0.0
        return min(LONGEST_WAIT_S, max(0.0, at.timestamp() - self._clock.wall().timestamp()))
