"""A longest time for each of many calls that come one after the other, with one timer for all of them."""

import asyncio

import msgspec


class Begun(msgspec.Struct, frozen=True):
    """A call in flight."""

    task: "asyncio.Task[object]"
    due_s: float
    cancels: int
    """Cancels of its task that nobody had taken when it began."""
    before: "Begun | None"
    """The call that it began within; None for none."""


class Deadline:
    """Ends a call that takes longer than `timeout_s` by cancelling its task.

    `asyncio.timeout` makes a timer for each call and takes it back, which was a fifth of what a statement cost this
    process. Here a timer that rings looks at what is in flight: it ends what is late, and moves on to the end of
    what is not.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._call: Begun | None = None
        self._rang: Begun | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def begins(self) -> Begun:
        """The running task begins a call, in the loop of the first. `ended` must follow, whatever becomes of it."""
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None:
            raise AssertionError("only a task can be told that it took too long")
        call = Begun(task, loop.time() + self._timeout_s, task.cancelling(), self._call)
        self._call = call
        if self._timer is None:
            self._timer = loop.call_at(call.due_s, self._ring, loop)
        return call

    def ended(self, call: Begun) -> None:
        """The call is over."""
        self._call = call.before
        if self._rang is call:
            # Our cancel came out as something else, as asyncpg's InternalClientError: it is taken back all the same.
            self._rang = None
            call.task.uncancel()

    def was_late(self, call: Begun) -> bool:
        """Of a call that was cancelled: whether that was our doing alone, which is then taken back."""
        if self._rang is not call:
            return False
        self._rang = None
        return call.task.uncancel() <= call.cancels

    def close(self) -> None:
        """No call will come any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        call = self._call
        if call is None:
            return  # the next call sets a timer of its own
        if loop.time() < call.due_s:
            self._timer = loop.call_at(call.due_s, self._ring, loop)
        else:
            self._rang = call
            call.task.cancel()
