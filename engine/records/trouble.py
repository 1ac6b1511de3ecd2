"""What can go wrong with a run's records; every message is one sentence."""


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


def one_line(error: Exception) -> str:
    """A reader's words for what it could not read, for a sentence: they may quote the file, line ends and all."""
    words = " ".join(str(error).split())
    # The end says where in the line it was.
    return words if len(words) <= _MOST_QUOTED else f"{words[:200]} ... {words[-80:]}"
