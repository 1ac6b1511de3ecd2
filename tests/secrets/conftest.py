"""A user in whose way a module stands that can put bugs into a process."""

import os
from pathlib import Path

import pytest

from tests.shell import Shell

BUGS = Path(__file__).parent / "bugs"


@pytest.fixture
def planted(shell: Shell) -> Shell:
    """The shell, with a module in the way that puts a bug into a process when it is asked to."""
    shell.environ["PYTHONPATH"] = f"{BUGS}{os.pathsep}{shell.environ['PYTHONPATH']}"
    # Masking may be asked for nowhere but in the code under test.
    shell.environ.pop("SENTINEL_UNMASKED", None)
    return shell
