"""Numbered segments of a record: `journal.000001.jsonl`, compressed to `….gz` once closed."""

import gzip
import os
import re
import shutil
from pathlib import Path

from engine.records.trouble import RecordsDamaged
from engine.records.writer import FILE_MODE


def segment_path(folder: Path, name: str, number: int, ending: str) -> Path:
    """Where a segment is while it is written."""
    return folder / f"{name}.{number:06d}.{ending}"


def segments(folder: Path, name: str, ending: str) -> list[tuple[int, Path]]:
    """All segments in order. Raises RecordsDamaged when one is missing.

    Of a segment that is there both ways, the uncompressed one counts: its compression was cut short after the rename.
    """
    pattern = re.compile(rf"{re.escape(name)}\.(\d{{6}})\.{re.escape(ending)}(\.gz)?")
    found: dict[int, Path] = {}
    for path in sorted(folder.glob(f"{name}.*"), key=lambda path: len(path.name)):
        match = pattern.fullmatch(path.name)
        if match is not None:
            found.setdefault(int(match[1]), path)
    ordered = sorted(found.items())
    for expected, (number, _path) in enumerate(ordered, start=1):
        if number != expected:
            raise RecordsDamaged(f"{segment_path(folder, name, expected, ending)}: this segment is missing")
    return ordered


def compress(path: Path) -> None:
    """Make it `….gz`; raises OSError and leaves it as it was when that cannot be done."""
    target = path.with_name(f"{path.name}.gz")
    partial = path.with_name(f".{target.name}.partial")
    try:
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE)
        with os.fdopen(handle, "wb") as raw:
            with (
                path.open("rb") as source,
                gzip.GzipFile(fileobj=raw, mode="wb", filename="", mtime=0, compresslevel=6) as packed,
            ):
                shutil.copyfileobj(source, packed, 1 << 20)
            raw.flush()
            # The other goes next, which was synced: without power this one would be a name with nothing behind it.
            os.fsync(raw.fileno())
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    path.unlink()
