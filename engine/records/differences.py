"""What of a picture is other than in the one before, as one flat list of tokens; and the picture again from it: pure.

Pictures are what `msgspec.to_builtins` makes of them. A number is told by how far it moved, a list of rows by which of
the older rows stand where, and a new row by the one told before it. Texts are told whole, so that masking is only for
what is told: the reader has of the rest what an earlier picture told, and that was masked then.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any

MOST_ROWS = 200_000
"""No list has more: a damaged number must not fill the memory."""
_ALIGNED = -1
_SHIFTED = -2
"""And below: by how much a list of plain values moved on."""
_FARTHEST = 4
"""Seconds that a series is looked for to have moved on by."""
_FAR = 2**62
"""A number that moved further is told whole: msgpack has no room for how far."""
_END = -1
_NEW = -1
_NONE = -2
_ROWS = (list, tuple, dict)


class Unclear(ValueError):
    """Tokens that tell nothing of this picture."""


Masked = Callable[[str, Any], Any]
"""What may be written of a value, given its field's name; empty for what stands in a list."""


class Teller:
    """Tells pictures. `counts` says whether numbers of that name may be told by how far they moved."""

    def __init__(self, masked: Masked, counts: Callable[[str], bool] = lambda _: True) -> None:
        self._masked = masked
        self._counts = counts
        self._out: list[Any] = []

    def tell(self, new: Any, old: Any) -> list[Any]:
        """What turns the old picture into the new one."""
        self._out = []
        self._change("", new, old)
        return self._out

    def _change(self, key: str, new: Any, old: Any) -> None:
        kind = type(new)
        if kind is not type(old):
            self._whole(key, new)
        elif kind is int and self._counts(key) and -_FAR < new - old < _FAR:
            self._out.append(new - old)
        elif kind is dict and list(new) == list(old) and all(map(str.isidentifier, new)):
            self._record(tuple(new), new.values(), old.values())
        elif (kind is list or kind is tuple) and new and (old or isinstance(new[0], _ROWS)):
            self._list(key, new, old)
        else:
            self._whole(key, new)

    def _whole(self, key: str, value: Any) -> None:
        told = self._masked(key, value)
        # In a list of its own, where it could be taken for the beginning of a change.
        self._out.append([told] if isinstance(told, int | list | tuple | dict) and not isinstance(told, bool) else told)

    def _record(self, keys: tuple[str, ...], new: Any, old: Any) -> None:
        """Which of its values changed, as the bits of a number, and how."""
        out, place, changed, bit = self._out, len(self._out), 0, 1
        out.append(0)
        for key, value, older in zip(keys, new, old, strict=True):
            if value != older:
                changed |= bit
                self._change(key, value, older)
            bit <<= 1
        out[place] = changed

    def _row(self, new: Any, old: Any) -> None:
        """A row by another one; whole where they are not of one shape."""
        if type(new) is type(old) and not isinstance(new, dict) and isinstance(new, _ROWS) and len(new) == len(old):
            self._record(("",) * len(new), new, old)
        elif type(new) is type(old) is dict:
            self._change("", new, old)
        else:
            self._whole("", new)

    def _list(self, key: str, new: Sequence[Any], old: Sequence[Any]) -> None:
        if not old:
            self._moved(new, old, {}, [None] * len(new))
            return
        rows = isinstance(new[0], _ROWS)
        if rows is not isinstance(old[0], _ROWS):
            self._whole(key, new)
            return
        if not rows:
            self._values(new, old)
            return
        names, known = _names(new), _names(old)
        if names == known:
            self._out.append(_ALIGNED)
            self._rows(zip(new, old, strict=True))
        else:
            self._moved(new, old, dict(zip(known, range(len(old)), strict=True)), names)

    def _values(self, new: Sequence[Any], old: Sequence[Any]) -> None:
        """Plain values: how far they moved on, those that changed then, and those that came behind."""
        shift = max(
            range(min(_FARTHEST, len(old))),
            key=lambda by: (sum(map(_equal, new, old[by:])), -by),
        )
        self._out.append(_SHIFTED - shift)
        self._out.append(len(new))
        known = old[shift : shift + len(new)]
        for place, (value, older) in enumerate(zip(new, known, strict=False)):
            if value != older:
                self._out.append(place)
                self._change("", value, older)
        self._out.append(_END)
        for value in new[len(known) :]:
            self._whole("", value)

    def _moved(self, new: Sequence[Any], old: Sequence[Any], where: dict[Any, int], names: list[Any]) -> None:
        """Runs of older rows and of new ones, in their order; then what changed in the older, then the new ones."""
        runs: list[list[int]] = []
        kept, come = [], []
        next_place = _NONE
        for row, name in zip(new, names, strict=True):
            place = where.get(name, _NEW)
            if place == _NEW:
                come.append(row)
            else:
                kept.append((row, old[place]))
            if place == next_place:
                runs[-1][1] += 1
            else:
                runs.append([place, 1])
            next_place = _NEW if place == _NEW else place + 1
        self._out.append(len(runs))
        for run in runs:
            self._out += run
        self._rows(iter(kept))
        like: Any = None
        for row in come:
            self._row(row, like)
            like = row

    def _rows(self, pairs: "Iterator[tuple[Any, Any]]") -> None:
        """Before each changed row, how many did not change."""
        gap = 0
        for new, old in pairs:
            if new == old:
                gap += 1
                continue
            self._out.append(gap)
            self._row(new, old)
            gap = 0
        self._out.append(_END)


def skeleton(look: dict[str, Any]) -> dict[str, Any]:
    """The picture without its rows: told by it, a picture stands alone, and each row is told by the one before it."""
    return {key: _bare(value) for key, value in look.items()}


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return skeleton(value)
    return [] if isinstance(value, list | tuple) and value and isinstance(value[0], _ROWS) else value


def made(tokens: list[Any], old: Any) -> Any:
    """The picture that was told, from the one before. Raises Unclear."""
    try:
        following = iter(tokens)
        found = _changed(following, old)
    except (StopIteration, TypeError, IndexError, ValueError, AttributeError, RuntimeError) as error:
        raise Unclear("a picture's change does not belong to the one before") from error
    if next(following, _END) != _END:
        raise Unclear("a picture's change has more in it than the picture")
    return found


def _changed(tokens: Iterator[Any], old: Any) -> Any:
    token = next(tokens)
    kind = type(token)
    if kind is list:
        return token[0]
    if kind is not int:
        return token
    if type(old) is dict:
        return _fields_of(tokens, token, old)
    if type(old) is list:
        return _list_of(tokens, token, old)
    return old + token


def _row_of(tokens: Iterator[Any], old: Any) -> Any:
    token = next(tokens)
    if type(token) is not int:
        return token[0] if type(token) is list else token
    if type(old) is dict:
        return _fields_of(tokens, token, old)
    values = list(old)
    _change_values(tokens, token, values)
    return values


def _fields_of(tokens: Iterator[Any], changed: int, old: dict[str, Any]) -> dict[str, Any]:
    values = list(old.values())
    _change_values(tokens, changed, values)
    return dict(zip(old, values, strict=True))


def _change_values(tokens: Iterator[Any], changed: int, values: list[Any]) -> None:
    """Change those whose bits are set. Most of the time to unpack a picture goes by in here."""
    while changed > 0:
        place = (changed & -changed).bit_length() - 1
        changed &= changed - 1
        token, old = next(tokens), values[place]
        kind = type(token)
        if kind is not int:
            values[place] = token[0] if kind is list else token
        elif type(old) is int:
            values[place] = old + token
        elif type(old) is dict:
            values[place] = _fields_of(tokens, token, old)
        else:
            values[place] = _list_of(tokens, token, old)


def _list_of(tokens: Iterator[Any], head: int, old: list[Any]) -> list[Any]:
    if head <= _SHIFTED:
        length = next(tokens)
        values = old[_SHIFTED - head :][:length]
        while (place := next(tokens)) != _END:
            values[place] = _changed(tokens, values[place])
        if not len(values) <= length <= MOST_ROWS:
            raise Unclear("a list of an impossible length")
        values += [_changed(tokens, None) for _ in range(length - len(values))]
        return values
    if head == _ALIGNED:
        rows = list(old)
        _change_rows(tokens, rows)
        return rows
    runs = [(next(tokens), next(tokens)) for _ in range(head)]
    if sum(abs(count) for _, count in runs) > MOST_ROWS:
        raise Unclear("a list of an impossible length")
    rows = [row for place, count in runs if place != _NEW for row in old[place : place + count]]
    _change_rows(tokens, rows)
    known, found, like = iter(rows), [], None
    for place, count in runs:
        for _ in range(count):
            if place == _NEW:
                found.append(_NEW)
            else:
                found.append(next(known))
    for index, row in enumerate(found):
        if row is _NEW:
            like = found[index] = _row_of(tokens, like)
    return found


def _change_rows(tokens: Iterator[Any], rows: list[Any]) -> None:
    place = 0
    while (gap := next(tokens)) != _END:
        place += gap
        rows[place] = _row_of(tokens, rows[place])
        place += 1


def _names(rows: Sequence[Any]) -> list[Any]:
    """What tells each row from the others of its list: a number alone, or two values where the first is a word.

    It only has to be good: rows that have one name, or none, are told at greater length.
    """
    first = rows[0]
    begins = [key for key, value in islice(_items(first), 2) if not isinstance(value, _ROWS)]
    if isinstance(first, dict) and begins and not all(isinstance(first[key], str) for key in begins):
        del begins[1:]
    try:
        names = list(map(itemgetter(*begins), rows)) if begins else [None] * len(rows)
        hash(tuple(names))
    except (KeyError, IndexError, TypeError):
        return [None] * len(rows)
    return names


def _items(row: Any) -> Iterable[tuple[Any, Any]]:
    return row.items() if isinstance(row, dict) else enumerate(row)


def _equal(new: Any, old: Any) -> bool:
    return bool(new == old)
