"""A picture as the recording keeps it: no finer than screens show it, and as moments what would be other each time.

Since when a worker is in its step stays the same; for how long it has been is other in each picture.
"""

from typing import Any

EVENT_NS = 1_000_000
"""Screens show an event's moment to the tenth of a second; the journal has it exactly."""
SINCE_NS = 100_000
"""And how long a worker has been in its step to the tenth of a millisecond."""


def kept(look: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a picture; it is changed in place."""
    elapsed_ns = look["run"]["elapsed_ns"]
    for worker in look["workers"]:
        worker["since_ns"] = (elapsed_ns - worker["since_ns"]) // SINCE_NS
    for event in look["events"]:
        event["at_ns"] //= EVENT_NS
        event["attempt"] = attempt = event.get("attempt", 0)
        if attempt and event["text"].startswith(number := f"#{attempt} "):
            # Below 0, the line begins with it: a number that is told once.
            event["attempt"], event["text"] = -attempt, event["text"][len(number) :]
    waits = look.get("waits")
    if waits and waits["samples"]:
        for cell in waits["cells"]:
            if cell["sessions"] == cell["samples"] / waits["samples"]:
                cell["sessions"] = None
    return look


def shown(look: dict[str, Any]) -> dict[str, Any]:
    """The picture again; what is kept of it stays as it is."""
    elapsed_ns = look["run"]["elapsed_ns"]
    waits = look["waits"]
    if waits and waits["samples"]:
        waits = waits | {
            "cells": [
                cell | {"sessions": cell["samples"] / waits["samples"]} if cell["sessions"] is None else cell
                for cell in waits["cells"]
            ]
        }
    return look | {
        "workers": [one | {"since_ns": max(0, elapsed_ns - one["since_ns"] * SINCE_NS)} for one in look["workers"]],
        "events": [_whole(event) for event in look["events"]],
        "waits": waits,
    }


def _whole(event: dict[str, Any]) -> dict[str, Any]:
    attempt, text = abs(event["attempt"]), event["text"]
    if event["attempt"] < 0:
        text = f"#{attempt} {text}"
    return event | {"at_ns": event["at_ns"] * EVENT_NS, "text": text, "attempt": attempt}
