"""What can go wrong with a run's records; every message is one sentence."""


class RecordsFailed(Exception):
    """The records could not be written: the run must not send anything more."""


class RecordsFull(RecordsFailed):
    """There is no room for the records."""


class RecordsDamaged(Exception):
    """What was recorded cannot be read; the message names the file and the place."""


class RunNotFound(Exception):
    """No run, or more than one, is meant."""
