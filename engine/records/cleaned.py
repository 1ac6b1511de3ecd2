"""`cleaned.json`: that a run's rows were removed from its database, when, by whom and how many."""

from pathlib import Path

import msgspec

from engine.model.clean import Cleaning
from engine.records.reading import UNREADABLE, content
from engine.records.trouble import RecordsDamaged
from engine.records.writer import write_json

CLEANED = "cleaned.json"


def read_cleaned(folder: Path) -> tuple[Cleaning, ...]:
    """Every cleaning of the run, oldest first; none for a run that nobody cleaned. Raises RecordsDamaged."""
    path = folder / CLEANED
    try:
        return msgspec.json.decode(content(path), type=tuple[Cleaning, ...])
    except FileNotFoundError:
        return ()
    except (OSError, *UNREADABLE) as error:
        raise RecordsDamaged(f"{path}: could not be read: {error}") from error


def add_cleaned(folder: Path, cleaning: Cleaning) -> None:
    """Write it down after those there are, whole or not at all. Raises RecordsFailed, RecordsDamaged."""
    write_json(folder / CLEANED, (*read_cleaned(folder), cleaning))
