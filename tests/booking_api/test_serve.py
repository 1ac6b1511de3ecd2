"""`slotfill serve` as its user types it."""

import json
import signal

import httpx

from tests.booking_api.counter import body
from tests.shell import Shell, alive


def test_serve_says_where_it_listens_and_ends_with_an_interrupt(shell: Shell) -> None:
    process = shell.begin("serve", "--json", "--set", "flags.auto_assign_on_booking=false")
    assert process.stdout is not None
    text = ""
    while not text.endswith("}\n"):
        line = process.stdout.readline()
        assert line, process.communicate()
        text += line
    told = json.loads(text)
    try:
        answer = httpx.post(f"{told['base_url']}/api/bookings", json=body(), trust_env=False)
        assert answer.status_code == 201
        # The settings' flags are those of the server.
        assert answer.json()["booking"]["status"] == "pending"
    finally:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 0, said
    assert not alive(told["pid"])
    assert told["database"].startswith("sf_serve_")


def test_serve_refuses_a_database_that_is_not_there(shell: Shell) -> None:
    done = shell.do("serve", "--database", "sf_none")
    assert (done.code, done.out) == (2, "")
    assert done.err == "slotfill: the embedded cluster has no database sf_none of a run\n"
    assert shell.do("serve", "--data", "nothing").code == 2


def test_serve_refuses_a_port_that_is_none_before_anything_is_made(shell: Shell) -> None:
    done = shell.do("serve", "--port", "70000")
    assert (done.code, done.out) == (2, "")
    assert done.err == "slotfill: --port 70000 is none; give 1 to 65535, or 0 for any that is free\n"
