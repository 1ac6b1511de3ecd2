"""A network of ours between a client and its Postgres, which acts exactly at a message and counts what it did."""

import asyncio
import os
import random
import re
import signal
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qs, urlsplit

from tests.faults.framing import Message, bare
from tests.faults.pair import Done, Pair, drop
from tests.faults.rules import FAIR, Act, Rule


class Proxy:
    """Listens on a port of the loopback, and leads to the server behind a dsn. Made by `proxied`."""

    def __init__(self, dsn: str, rules: Sequence[Rule], seed: int) -> None:
        self.rules = list(rules)
        self.weather = FAIR
        self.refuses = False
        """New connections are cut before their first word."""
        self.done: list[Done] = []
        """Everything that was done by a rule, in order."""
        self.errors: Counter[str] = Counter()
        """Errors of the server that reached the client, by SQLSTATE: what a client is to have classified."""
        self.connections = 0
        self.refused = 0
        self.cancels = 0
        """Connections that asked for a cancel; they are led through."""
        self.opaque = 0
        """Connections that went over to encryption: led through, and not understood."""
        self.seed = seed
        self.dsn = ""
        self._behind = dsn
        self._numbers: Counter[tuple[Rule, str]] = Counter()
        self._flows = asyncio.Event()
        self._flows.set()
        self._random = random.Random(seed)
        self._open: dict[asyncio.Task[None], Pair] = {}
        self._stopped: set[int] = set()

    def count(self, act: Act | None = None) -> int:
        """How often something was done by a rule."""
        return sum(act in (None, one.act) for one in self.done)

    @asynccontextmanager
    async def partition(self) -> AsyncIterator[None]:
        """While the block lasts nothing travels, nor does a connection get further than to be accepted.

        What was sent meanwhile arrives afterwards, as after a short outage of a real network.
        """
        self._flows.clear()
        try:
            yield
        finally:
            self._flows.set()

    def cut_all(self, *, reset: bool = False) -> int:
        """Cut every connection there is; how many."""
        pairs = list(self._open.values())
        for pair in pairs:
            pair.cut(reset=reset)
        return len(pairs)

    def chosen(self, name: str, message: Message, before: str) -> tuple[Rule, int] | None:
        """The rule that means this message, and its number; every rule that it fits counts it."""
        found = None
        sql = bare(message.sql).upper()
        for rule in self.rules:
            if not (sql and sql.startswith(rule.begins.upper()) and name.endswith(rule.name)):
                continue
            if rule.after and not re.search(rule.after, before):
                continue
            self._numbers[rule, name] += 1
            number = self._numbers[rule, name]
            spent = rule.most is not None and sum(one.act is rule.act for one in self.done) >= rule.most
            if found is None and not spent and rule.chooses(self.seed, name, number):
                found = rule, number
        return found

    async def travel(self, chunk: bytes, to: asyncio.StreamWriter) -> None:
        """Bring bytes to the other side, as the weather is."""
        weather = self.weather
        await self._flows.wait()
        late_s = weather.delay_s + self._random.uniform(0, weather.jitter_s)
        late_s += len(chunk) / weather.bytes_per_s if weather.bytes_per_s else 0.0
        if late_s:
            await asyncio.sleep(late_s)
        size = weather.slice_bytes or len(chunk) or 1
        for at in range(0, len(chunk), size):
            to.write(chunk[at : at + size])
            await to.drain()
            if size < len(chunk):
                # A round of the loop, so that each piece is a send of its own.
                await asyncio.sleep(0)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        self.connections += 1
        if self.refuses:
            self.refused += 1
            drop(writer, reset=True)
            return
        task = asyncio.current_task()
        assert task is not None
        pair = Pair(self, self.connections, reader, writer)
        self._open[task] = pair
        try:
            with suppress(asyncio.IncompleteReadError, OSError, asyncio.CancelledError):
                await self._flows.wait()
                await pair.run(await _reach(self._behind))
        finally:
            pair.cut()
            self._open.pop(task, None)

    def stop_process(self, pid: int, for_s: float) -> None:
        """Stop a server's process, and let it go on later."""
        os.kill(pid, signal.SIGSTOP)
        self._stopped.add(pid)
        asyncio.get_running_loop().call_later(for_s, self._go_on, pid)

    def _go_on(self, pid: int) -> None:
        if pid in self._stopped:
            self._stopped.discard(pid)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    async def close(self) -> None:
        """End every connection; no process stays stopped."""
        for pid in tuple(self._stopped):
            self._go_on(pid)
        tasks = list(self._open)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # An aborted transport closes its socket in the loop's next round.
        await asyncio.sleep(0)


@asynccontextmanager
async def proxied(dsn: str, *rules: Rule, seed: int = 1) -> AsyncIterator[Proxy]:
    """A proxy to the server behind `dsn` while the block lasts; every connection through it ends with it."""
    proxy = Proxy(dsn, rules, seed)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    address = urlsplit(dsn)
    proxy.dsn = f"postgresql://{address.netloc.partition('@')[0]}@127.0.0.1:{port}{address.path}"
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()


async def _reach(dsn: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection to the server: over its socket where the dsn names one, else to its port on the loopback."""
    address = urlsplit(dsn)
    query = parse_qs(address.query)
    if "host" in query:
        return await asyncio.open_unix_connection(f"{query['host'][0]}/.s.PGSQL.{query.get('port', ['5432'])[0]}")
    return await asyncio.open_connection("127.0.0.1", address.port or 5432)
