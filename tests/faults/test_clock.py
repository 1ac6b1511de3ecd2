"""T21 on the whole program: its wall clock jumps by a minute back and forth, and no length or verdict minds."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.model.event import AttemptEnded
from engine.records.journal import read
from tests.faults.campaign import Campaign
from tests.faults.criteria import criteria, result_of
from tests.faults.test_time import in_order
from tests.shell import Shell

_STEPPING = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
/* The wall clock is a minute ahead or behind, another way each second; every other clock is as it is. */
int clock_gettime(clockid_t which, struct timespec *found) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int answer = real(which, found);
    if (!answer && which == CLOCK_REALTIME) found->tv_sec += found->tv_sec % 2 ? 60 : -60;
    return answer;
}
"""
JUMPS = """
import time
seen = []
for _ in range(6):
    seen.append(time.time())
    time.sleep(0.4)
print(max(seen) - min(seen) > 100)
"""
COMPILER = shutil.which("cc")

pytestmark = [
    pytest.mark.campaign,
    pytest.mark.skipif(
        sys.platform != "linux" or COMPILER is None, reason="a stepping clock is a library, and there is no cc here"
    ),
]


@pytest.fixture
def stepping(tmp_path: Path) -> Path:
    source, made = tmp_path / "stepping.c", tmp_path / "stepping.so"
    source.write_text(_STEPPING)
    assert COMPILER is not None
    subprocess.run([COMPILER, "-shared", "-fPIC", "-O1", "-o", str(made), str(source), "-ldl"], check=True)
    return made


def test_a_run_whose_wall_clock_steps_by_two_minutes_each_second_tells_true_lengths(
    shell: Shell, stepping: Path, campaign: Campaign
) -> None:
    plain = dict(shell.environ)
    # The server is there already, and keeps its own time: a hold must not be late by another's clock.
    shell.do("db", "init")
    shell.environ["LD_PRELOAD"] = str(stepping)
    said = subprocess.run([sys.executable, "-c", JUMPS], env=shell.environ, capture_output=True, text=True, check=True)
    assert said.stdout == "True\n", "it does jump"
    done = shell.do(
        "run", "fill", "--headless", "--json", "--rate", "40", "--days", "2", "--stress-max", "12", "--share-slots",
        timeout=100,
    )  # fmt: skip
    shell.environ.clear()
    shell.environ.update(plain)
    assert done.code == 0, done.err
    folder = shell.runs()[-1]
    criteria(result_of(folder), exit_code=0)
    events = list(read(folder))
    assert in_order(events)
    ends = [one for one in events if isinstance(one, AttemptEnded)]
    whole_ns = max(one.ended_ns for one in ends)
    assert all(0 < one.ended_ns - one.started_ns < min(whole_ns, 60_000_000_000) for one in ends)
    assert all(step.took_ns >= 0 for one in ends for step in one.steps)
    verified = shell.do("verify", "--json")
    assert verified.code == 0, verified.err
    campaign.note_seed(0, "T21", round(whole_ns / 1e9), result_of(folder)["ledger"])
