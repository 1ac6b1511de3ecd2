"""A far side to log in to, one for the whole room; without sshd, ssh or tmux its tests are skipped, and say why."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shell import Shell
from tests.ssh.far_side import FarSide, NoFarSide


@pytest.fixture
def far(shell: Shell, tmp_path: Path) -> Iterator[FarSide]:
    """A machine to log in to, with the shell's home on it."""
    folder = tmp_path / "far"
    folder.mkdir(mode=0o700)
    utf8 = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    try:
        found = FarSide.open(folder, shell.environ | utf8)
    except NoFarSide as reason:
        pytest.skip(str(reason))
    yield found
    found.close()
