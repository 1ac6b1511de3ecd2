"""What is said instead of a run: by whoever looks at settings, at the ground, or at what stands on it."""

from engine.exit_code import ExitCode


class CannotBegin(Exception):
    """The run was not begun. The message is one sentence; `exit_code` goes with it."""

    def __init__(self, text: str, exit_code: ExitCode) -> None:
        super().__init__(text)
        self.exit_code = exit_code
