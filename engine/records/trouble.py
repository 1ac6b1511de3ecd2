"""What can go wrong with a run's records; every message is one sentence."""

from engine.redact import mask


class RecordsFailed(Exception):
    """The records could not be written: the run must not send anything more."""


class RecordsFull(RecordsFailed):
    """There is no room for the records."""


class NoFileLeft(RecordsFailed):
    """This process has too many files open to open one more: a while later it may be written."""


class RecordsDamaged(Exception):
    """What was recorded cannot be read; the message names the file and the place."""


class RunNotFound(Exception):
    """No run, or more than one, is meant."""


_MOST_QUOTED = 300
_HEAD = 200
_TAIL = 80
"""The end says where in the line it was."""
_FURTHER = 10
"""Nobody masks a megabyte of which three hundred characters are kept."""


def one_line(error: Exception) -> str:
    """A reader's words for what it could not read, for a sentence: they may quote the file, line ends and all.

    Masked before they are cut: half a password is not found by its value any more.
    """
    words = " ".join(str(error).split())
    if len(words) <= _MOST_QUOTED:
        return words
    if len(words) <= _HEAD * _FURTHER:
        words = mask(words)
        return words if len(words) <= _MOST_QUOTED else f"{words[:_HEAD]} ... {words[-_TAIL:]}"
    return f"{mask(words[: _HEAD * _FURTHER])[:_HEAD]} ... {mask(words[-_TAIL * _FURTHER :])[-_TAIL:]}"
