"""The console in a browser: who is let in, what the page asks for, and what is said where it cannot be served."""

import asyncio
import re
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.config import ConsoleSettings
from engine.exit_code import ExitCode
from engine.records.archive import entry_of
from tests.shell import alive
from tests.tui.recorded import run_folder
from tui.cli import main
from tui.verbs import serve_console
from tui.verbs.serve_console import console_words, open_to_others

KEY = "k" * 24
PORT = 8700
PAGE = Path(serve_console.__file__).parents[1] / "pages" / "console.html"
CONSOLE = """
import os, sys
told = str(os.getpid()).encode()
sys.stdout.buffer.write(b"__GANGLION__\\n" + b"D" + len(told).to_bytes(4, "big") + told)
"""
"""What textual-serve takes for a console: it says its word, and paints one packet: its pid."""


def test_the_page_asks_nothing_of_another_machine() -> None:
    page = PAGE.read_text()
    assert re.findall(r"(?:https?:)?//[^\s\"'<>]+", page) == []
    assert {
        one.split("/")[1]
        for one in re.findall(r"(?:src|href)=\"(/[^\"]+)\"|url\(\"(/[^\"]+)\"\)", page)
        for one in one
        if one
    } == {"static"}


@pytest.mark.parametrize(
    ("host", "refused"),
    [
        ("127.0.0.1", False), ("localhost", False), ("::1", False),
        ("0.0.0.0", True), ("10.1.2.3", True), ("", True), ("host.test", True),
    ],
)  # fmt: skip
def test_other_machines_are_let_in_only_when_agreed_to(host: str, refused: bool) -> None:
    assert bool(open_to_others(host, 8000, control=False, yes=False)) is refused
    assert open_to_others(host, 8000, control=True, yes=True) == ""


def test_the_refusal_says_what_others_could_do() -> None:
    assert "port 8000 and has the address steers the run" in open_to_others("0.0.0.0", 8000, control=True, yes=False)
    assert "port (any) and has the address watches the run" in open_to_others("0.0.0.0", 0, control=False, yes=False)


def test_a_run_that_is_over_is_replayed(tmp_path: Path) -> None:
    words = console_words(entry_of(run_folder(tmp_path / "runs", seconds=20)), ConsoleSettings(), control=True)
    assert words[4:6] == ["replay", words[5]]
    assert words[-1] == "--no-ascii"


def _command(tmp_path: Path, *options: str) -> list[str]:
    if not (tmp_path / "runs").exists():
        run_folder(tmp_path / "runs", seconds=20)
    return ["serve-console", "--runs", str(tmp_path / "runs"), *options]


def test_without_the_extra_a_sentence_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "textual_serve", None)
    assert main(_command(tmp_path)) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert (
        said == "slotfill: serve-console needs textual_serve, which is not installed: pip install 'slotfill[browser]'\n"
    )


def test_a_port_that_is_taken_or_none_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("textual_serve", reason="the browser extra is not installed")
    assert main(_command(tmp_path, "--port", "70000")) == ExitCode.USAGE
    assert capsys.readouterr().err.startswith("slotfill: --host 127.0.0.1 --port 70000: ")
    assert main(_command(tmp_path, "--host", "0.0.0.0")) == ExitCode.REFUSED


@asynccontextmanager
async def client() -> AsyncIterator[tuple[Any, Any]]:
    pytest.importorskip("textual_serve", reason="the browser extra is not installed")
    from aiohttp.test_utils import TestClient, TestServer  # noqa: PLC0415

    from tui.browser import ConsoleServer  # noqa: PLC0415

    server = ConsoleServer(lambda: [sys.executable, "-c", CONSOLE], key=KEY, port=PORT, title="slotfill <7f3a>")
    async with TestClient(TestServer(await server.application())) as made:
        yield made, server


async def let_in(made: Any) -> dict[str, str]:
    answer = await made.get("/", params={"key": KEY}, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (302, "/")
    cookie = answer.cookies[f"slotfill_{PORT}"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Strict")
    return {f"slotfill_{PORT}": cookie.value}


async def test_only_whoever_has_the_key_gets_in() -> None:
    async with client() as (made, _):
        for path in (
            "/",
            "/?key=wrong",
            "/ws",
            "/static/js/textual.js",
            "/download/x",
            f"/static/css/xterm.css?key={KEY}",
        ):
            assert (await made.get(path, allow_redirects=False)).status == 403
        await let_in(made)
        page = await made.get("/")
        text = await page.text()
        assert page.status == 200
        assert "slotfill &lt;7f3a&gt;" in text
        assert f'data-session-websocket-url="ws://{made.host}:{made.port}/ws"' in text
        assert "default-src 'self'" in page.headers["Content-Security-Policy"]
        for path in re.findall(r"\"(/static/[^\"]+)\"", text):
            assert (await made.get(path)).status == 200


async def test_a_page_of_another_origin_cannot_open_a_console() -> None:
    async with client() as (made, server):
        from aiohttp import WSServerHandshakeError  # noqa: PLC0415

        await let_in(made)
        for origin in ("http://evil.example", f"http://evil.example/{made.host}:{made.port}", None):
            with pytest.raises(WSServerHandshakeError, match="403"):
                await made.ws_connect("/ws", origin=origin)
        here = f"http://{made.host}:{made.port}"
        server._pages = 16
        with pytest.raises(WSServerHandshakeError, match="503"):
            await made.ws_connect("/ws", origin=here)
        server._pages = 0
        async with made.ws_connect("/ws?width=80&height=24", origin=here) as socket:
            async with asyncio.timeout(30):
                console = int(await socket.receive_bytes())
        await reaped(console)
        assert server._pages == 0


async def reaped(pid: int) -> None:
    """Wait until a process of the server's has ended and its loop has heard of it."""
    for _ in range(1000):
        if not alive(pid) and not any("waitpid" in thread.name for thread in threading.enumerate()):
            break
        await asyncio.sleep(0.02)
    for _ in range(5):
        await asyncio.sleep(0)
