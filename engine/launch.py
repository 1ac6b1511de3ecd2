"""Starting an engine process and hearing from it that it stands."""

import os
import subprocess
import sys
import tempfile
import time

import msgspec

from engine.exit_code import ExitCode
from engine.spec import NotReady, Ready, Spec


def launch(spec: Spec) -> Ready | NotReady:
    """Start an engine in a session of its own, so that no terminal's end reaches it; wait until it stands."""
    try:
        said_to_it = msgspec.json.encode(spec)
    except UnicodeEncodeError:
        return NotReady("an argument holds a byte that is no UTF-8; give it without", ExitCode.USAGE)
    reading, writing = os.pipe()
    with tempfile.TemporaryFile() as early:
        try:
            # -P: a folder named `engine` in the current directory must not be taken for ours.
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "engine", str(writing)],
                stdin=subprocess.PIPE,
                stdout=early,
                stderr=early,
                pass_fds=(writing,),
                start_new_session=True,
            )
        finally:
            os.close(writing)
        try:
            with os.fdopen(reading, "rb") as pipe:
                if process.stdin is None:
                    raise AssertionError("stdin was asked for as a pipe")
                try:
                    process.stdin.write(said_to_it)
                    process.stdin.close()
                except BrokenPipeError:
                    pass  # it died at once; what it said is read below
                body = pipe.read()
        except KeyboardInterrupt:
            # Nobody waits for it any more, and nobody was told its name: it does not go on by itself.
            process.terminate()
            process.wait()
            raise
        if body:
            said: Ready | NotReady = msgspec.json.decode(body, type=Ready | NotReady)
            if isinstance(said, NotReady):
                process.wait()
            else:
                # The engine outlives whoever started it: Popen must not mind that nobody waits for it here.
                process.returncode = 0
            return said
        process.wait()
        early.seek(0)
        lines = early.read().decode(errors="replace").strip().splitlines()
    told = lines[-1] if lines else f"exit code {process.returncode}"
    return NotReady(f"the engine died before it stood: {told}", ExitCode.CRASHED)


def wait_for_end(pid: int, within_s: float) -> bool:
    """Whether the engine process ended within that time. It may be our child, or anybody's."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        try:
            ended, _ = os.waitpid(pid, os.WNOHANG)
            if ended:
                return True
        except ChildProcessError:
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return True
        time.sleep(0.02)
    return False
