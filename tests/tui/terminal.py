"""What a terminal shows after it was sent these bytes: as much of one as Textual's output needs."""

import re

_PART = re.compile(
    rb"\x1b\[([0-9;?<>=]*)([ -/]*)([@-~])|\x1b[\]P_].*?(?:\x07|\x1b\\)|\x1b[()].|\x1b.|[\r\n]|[^\x1b\r\n]+", re.S
)


def screen(sent: bytes, width: int = 80, height: int = 24) -> list[str]:
    """Its lines. Colours are left out; what would scroll does not."""
    cells = [[" "] * width for _ in range(height)]
    x = y = 0
    for part in _PART.finditer(sent):
        final, numbers = part[3], [int(one or 0) for one in (part[1] or b"").split(b";") if one.isdigit() or not one]
        if final in (b"H", b"f"):
            y, x = [*(max(0, one - 1) for one in numbers), 0, 0][:2]
        elif final == b"J" and numbers[:1] == [2]:
            cells = [[" "] * width for _ in range(height)]
        elif final == b"G":
            x = max(0, numbers[0] - 1) if numbers else 0
        elif part[0] == b"\r":
            x = 0
        elif part[0] == b"\n":
            y += 1
        elif part[0][:1] != b"\x1b":
            text = part[0].decode(errors="replace")
            for column, sign in enumerate(text, start=x):
                if 0 <= y < height and 0 <= column < width:
                    cells[y][column] = sign
            x += len(text)
    return ["".join(row) for row in cells]
