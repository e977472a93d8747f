"""What the first bytes of an encoded picture say, before anything is decoded: its size, and what a reader has to do.

A picture of 30,000 x 30,000 pixels packs into 4 MB, a download that broke off decodes to half a page of grey, and a
transparent background to black ink on black: all of it can be seen in a few bytes of the header and the end mark.
"""

import io
import struct
from typing import NamedTuple

from PIL import Image as Pictures

ORIENTATION = 0x0112  # the Exif tag for how the camera was held; 1 is upright
_PNG, _END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # the JPEG segments that hold the size; the others are tables


class Header(NamedTuple):
    """A picture's size, 0 where it is unknown. suffix: ".png", ".jpg", ".webp" or "".

    plain: 8-bit grey or RGB in PNG or JPEG: every program reads the same pixels, if it lies upright. alpha: it has
    transparency. whole: its end is there.
    """

    suffix: str = ""
    width: int = 0
    height: int = 0
    plain: bool = False
    alpha: bool = False
    whole: bool = True


def look(data: bytes) -> Header:
    """The header of an encoded picture; bytes that are none have no size."""
    try:
        if data.startswith(_PNG):
            return _png(data)
        if data.startswith(b"\xff\xd8"):
            return _jpeg(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
    except (IndexError, struct.error):  # it ends inside its header: no decoder will take it
        return Header()
    return _other(data)


def _png(data: bytes) -> Header:
    width, height, depth, colour = struct.unpack_from(">IIBB", data, 16)
    pixels = data.find(b"IDAT")
    alpha = colour in (4, 6) or data.find(b"tRNS", 33, pixels) >= 0
    plain = depth == 8 and colour in (0, 2) and not alpha
    return Header(".png", width, height, plain, alpha, data.endswith(_END) or _END in data)


def _jpeg(data: bytes) -> Header:
    """Walk the segments up to the pixels; behind them an end mark can be nothing else, in a thumbnail before it can."""
    at, width, height, parts = 2, 0, 0, 0
    while (marker := data[at + 1]) != 0xDA:
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        (size,) = struct.unpack_from(">H", data, at + 2)
        if marker in _FRAMES:
            height, width, parts = struct.unpack_from(">HHB", data, at + 5)
        at += 2 + size
    return Header(
        ".jpg", width, height, parts in (1, 3), False, data.endswith(b"\xff\xd9") or data.rfind(b"\xff\xd9") > at
    )


def upright(data: bytes) -> bool:
    """Whether a PNG or JPEG lies as it is to be seen; broken Exif data counts as turned."""
    if b"Exif" not in data and b"eXIf" not in data:
        return True
    try:
        return Pictures.open(io.BytesIO(data)).getexif().get(ORIENTATION, 1) == 1
    except Exception:  # Pillow raises nearly anything on broken tags
        return False


def _webp(data: bytes) -> Header:
    """Of the three kinds of WebP (RFC 9649) each keeps its size in a place of its own."""
    whole = len(data) >= 8 + int.from_bytes(data[4:8], "little")
    if data[12:16] == b"VP8X":
        width, height = (1 + int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
        return Header(".webp", width, height, alpha=bool(data[20] & 0x10), whole=whole)
    if data[12:16] == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return Header(".webp", 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF), alpha=bool(bits >> 28 & 1), whole=whole)
    width, height = struct.unpack_from("<HH", data, 26)
    return Header(".webp", width & 0x3FFF, height & 0x3FFF, whole=whole)


def _other(data: bytes) -> Header:
    """TIFF, BMP, GIF and the like, by Pillow, which reads no pixels yet."""
    try:
        with Pictures.open(io.BytesIO(data)) as picture:
            alpha = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
            return Header("", picture.width, picture.height, alpha=alpha)
    except Pictures.DecompressionBombError:
        return Header("", 2**31, 2**31)
    except Exception:  # it is no picture, or one that Pillow does not know
        return Header()
