"""A frame told by the one before it, piece by piece: as recordings once were, which are still read.

Each field was compressed against the same field of that frame, a long one in parts, each against what lay around it;
a field that did not change was only pointed at.
"""

import struct
import zlib

MOST_BYTES = 64 * 1024 * 1024
"""No frame is longer, packed or not: a longer one is damage."""
CHECK = struct.Struct(">I")
PIECE = struct.Struct(">III")
"""Where in the older frame the piece's dictionary begins and ends, and the length of what follows; 0 of a mere copy."""


def unpack(content: bytes, before: bytes) -> bytes:
    """The frame that was told, from the one before it. Raises zlib.error for what it cannot have told."""
    made: list[bytes] = []
    place, size = CHECK.size, 0
    if len(content) < place:
        raise zlib.error("a frame without its checksum")
    while place < len(content):
        if len(content) - place < PIECE.size:
            raise zlib.error("a piece is cut short")
        first, last, length = PIECE.unpack_from(content, place)
        place += PIECE.size
        if not first <= last <= len(before) or place + length > len(content):
            raise zlib.error("a piece of another frame")
        near = before[first:last]
        if length:
            unpacker = zlib.decompressobj(-zlib.MAX_WBITS, zdict=near)
            made.append(unpacker.decompress(content[place : place + length], MOST_BYTES) + unpacker.flush())
            if unpacker.unconsumed_tail:
                raise zlib.error(f"a piece of over {MOST_BYTES // (1024 * 1024)} MB")
        else:
            made.append(near)
        place += length
        size += len(made[-1])
        if size > MOST_BYTES:
            # A piece of twelve bytes may point at all of the frame before.
            raise zlib.error(f"a frame of over {MOST_BYTES // (1024 * 1024)} MB")
    whole = b"".join(made)
    if CHECK.unpack_from(content) != (zlib.crc32(whole),):
        raise zlib.error("the frame is not what its checksum says")
    return whole
