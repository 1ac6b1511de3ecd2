"""One run from the outside: alerts in its events, its result and on the wire; its events in the platform's table."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.alerts.test_webhook import KEY
from tests.shell import Shell

SECRET_PATH = "/services/T0AAAAAA/B0BBBBBB/zZyYxXwWvV"
CONFIG = """
[webhook]
url_env = "ALERTS_GO_TO"
key_env = "ALERTS_ARE_SIGNED_BY"
least = "info"
last_s = 10.0

[alerts]
always = { when = "lag_p99_ms >= 0", severity = "info" }
never = { when = "attempt_errors > 1000000" }
"""
SMALL = ("fill", "--headless", "--concurrency", "2", "--start", "12:00", "--end", "12:30", "--stress-max", "2")


class Listener(BaseHTTPRequestHandler):
    """Takes what comes, but for the first time."""

    def do_POST(self) -> None:
        told = self.rfile.read(int(self.headers["content-length"]))
        server = self.server
        assert isinstance(server, Hooked)
        server.told.append((dict(self.headers), json.loads(told)))
        self.send_response(503 if len(server.told) == 1 else 200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing to say."""


class Hooked(HTTPServer):
    """A server with what it was told."""

    told: list[tuple[dict[str, str], dict[str, object]]]


@pytest.fixture
def hook() -> Iterator[Hooked]:
    server = Hooked(("127.0.0.1", 0), Listener)
    server.told = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_run_with_alerts_webhook_and_events_and_all_of_it_cleaned_away(
    shell: Shell, hook: Hooked, tmp_path: Path
) -> None:
    shell.environ["ALERTS_GO_TO"] = f"http://127.0.0.1:{hook.server_port}{SECRET_PATH}"
    shell.environ["ALERTS_ARE_SIGNED_BY"] = KEY.decode()
    config = tmp_path / "alerts.toml"
    config.write_text(CONFIG)
    done = shell.do("run", *SMALL, "--config", str(config))
    assert done.code == 0, done.err
    assert "ALERT always (info): " in done.err

    folder = shell.runs()[-1]
    result = json.loads((folder / "result.json").read_text())
    (raised,) = [one for one in result["alerts_raised"] if one["rule"] == "always"]
    (line,) = [one for one in result["alerts"] if one.startswith("alert always (info) at ")]
    assert line in (folder / "report.md").read_text()
    assert raised["resolved_ns"] is None
    assert "never" not in [one["rule"] for one in result["alerts_raised"]]

    events = [json.loads(one) for one in shell.do("events").out.splitlines()]
    (event,) = [one for one in events if one["type"] == "AlertRaised" and one["rule"] == "always"]
    assert event["at_ns"] == raised["raised_ns"]

    # Refused once and taken then, under one number, signed, and with nothing of the address anywhere.
    about = [told for _, told in hook.told if "always" in str(told["text"])]
    assert len(about) == 2
    numbers = {headers["x-slotfill-delivery"] for headers, told in hook.told if "always" in str(told["text"])}
    assert len(numbers) == 1
    assert all(headers["x-slotfill-signature"].startswith("v1=") for headers, _ in hook.told)
    kept = b"".join(one.read_bytes() for one in folder.rglob("*") if one.is_file()) + (done.out + done.err).encode()
    assert b"zZyYxXwWvV" not in kept
    assert KEY not in kept

    # A recorded run gives what it gave live; what only the very end raises comes with the last picture, a little later.
    tested = shell.do("alerts", "test", "--json", "--config", str(config)).json()
    assert [one["raised_ns"] for one in tested["alerts"] if one["rule"] == "always"] == [raised["raised_ns"]]

    counted = "SELECT count(*) FROM observability_events WHERE source = 'slotfill' AND event_type = 'slotfill.success'"
    assert shell.do("db", "psql", "-c", counted).out.strip() == str(result["outcomes"]["filled"])
    assert shell.do("clean", "--yes").code == 0
    assert shell.do("db", "psql", "-c", "SELECT count(*) FROM observability_events").out.strip() == "0"


def test_what_cannot_be_used_is_told_before_anything_is_started(shell: Shell, tmp_path: Path, hook: Hooked) -> None:
    config = tmp_path / "alerts.toml"
    for text, says in (
        ('[alerts]\nx = { when = "hold_conflict > 3" }\n', "did you mean hold_conflicts?"),
        ("[alerts]\nx = 3\n", "alerts"),
        ('[webhook]\nurl_env = "NOBODY_HAS_THIS"\n', "NOBODY_HAS_THIS: there is no such variable"),
        (f"[observability]\nmetrics_port = {hook.server_port}\n", f"{hook.server_port} cannot be listened at"),
    ):
        config.write_text(text)
        done = shell.do("run", *SMALL, "--config", str(config))
        assert (done.code, done.out) == (2, "")
        assert says in done.err
        assert len(done.err.strip().splitlines()) == 1
    assert shell.runs() == []


def test_alerts_test_of_no_run_is_one_sentence(shell: Shell) -> None:
    done = shell.do("alerts", "test", "nosuch")
    assert done.code == 2
    assert "there is no run yet" in done.err
