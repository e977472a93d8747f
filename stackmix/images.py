"""Pictures in and out of files as bytes, so that any path works on any system (cv2's own calls fail on Windows)."""

import io
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as Pictures
from PIL import ImageOps

from stackmix import headers
from stackmix.types import DataError, Image

MOST_PIXELS = 200_000_000  # of a picture that is decoded; a page at 600 dpi has 35 million
STRIP = 512  # rows that are laid on white at once


class TooLarge(DataError):
    """A picture of more than MOST_PIXELS pixels, which would fill the memory."""


def decode(data: bytes, upright: bool = True) -> Image:
    """Decode an encoded picture to (H, W) uint8 where it is grey, (H, W, 3) RGB otherwise.

    It is turned upright as its Exif data says, unless `upright` is off; 16 bits are scaled to 8, CMYK becomes RGB, and
    what is transparent white. Raises DataError for bytes that are no picture or break off, and for more than
    MOST_PIXELS pixels.
    """
    header = headers.look(data)
    if header.width * header.height > MOST_PIXELS:
        size = f"{header.width:,} x {header.height:,}"
        raise TooLarge(f"a picture of {size} pixels is over the limit of {MOST_PIXELS:,}: scale it down")
    if not header.whole:
        raise DataError(f"{len(data)} bytes are a picture that breaks off: copy or download it again")
    return _on_white(data, upright) if header.alpha else _opaque(data, upright)


def suffix_of(data: bytes) -> str:
    """.png or .jpg for a picture that every program decodes to the same grey or RGB pixels, "" for any other."""
    header = headers.look(data)
    return header.suffix if header.plain and headers.upright(data) else ""


def _opaque(data: bytes, upright: bool) -> Image:
    flags = cv2.IMREAD_ANYCOLOR | (0 if upright else cv2.IMREAD_IGNORE_ORIENTATION)
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    except cv2.error:
        image = None
    if image is None or image.size == 0:
        raise DataError(f"{len(data)} bytes are no picture")
    if data[8:12] == b"WEBP" and image.ndim == 3 and (image == image[..., :1]).all():  # WebP has no grey mode
        return np.ascontiguousarray(image[..., 0])
    return np.ascontiguousarray(image[..., ::-1]) if image.ndim == 3 else image


def _on_white(data: bytes, upright: bool) -> Image:
    """Decode a picture with transparency, laid on white paper; cv2 would leave its transparent pixels black."""
    try:
        picture: Pictures.Image = Pictures.open(io.BytesIO(data))
        if upright:
            ImageOps.exif_transpose(picture, in_place=True)
        mode = "L" if picture.mode in ("1", "L", "LA") else "RGB"
        found = np.empty((picture.height, picture.width, len(mode)), np.uint8)
        for top in range(0, picture.height, STRIP):  # of a large one there is no room for copies
            part = picture.crop((0, top, picture.width, min(top + STRIP, picture.height))).convert("RGBA")
            paper = Pictures.new(mode, part.size, "white")
            paper.paste(part, mask=part)
            found[top : top + STRIP] = np.asarray(paper).reshape(*part.size[::-1], len(mode))
    except MemoryError:  # the picture may be sound
        raise
    except Exception:  # Pillow raises nearly anything on broken pictures
        raise DataError(f"{len(data)} bytes are no picture") from None
    return found if mode == "RGB" else found[..., 0]


def encode(image: Image, suffix: str = ".png", quality: int = 95) -> bytes:
    """Encode (H, W) or (H, W, 3) RGB uint8 as .png, .jpg or .webp (lossless above quality 100)."""
    flags = {".jpg": [cv2.IMWRITE_JPEG_QUALITY, quality], ".webp": [cv2.IMWRITE_WEBP_QUALITY, quality]}
    bgr = image[..., ::-1] if image.ndim == 3 else image
    try:
        done, data = cv2.imencode(suffix, np.ascontiguousarray(bgr), flags.get(suffix, []))
    except cv2.error:  # an unknown suffix; too large a picture only comes back as not done
        done = False
    if not done:
        raise DataError(f"a picture of shape {image.shape} does not encode as {suffix!r}: take .png, .jpg or .webp")
    return data.tobytes()


def read(path: Path) -> Image:
    """Read one picture file; DataError names the file when it is broken."""
    try:
        return decode(path.read_bytes())
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def write(path: Path, image: Image, quality: int = 95) -> None:
    """Write one picture; the suffix chooses the format."""
    path.write_bytes(encode(image, path.suffix.lower(), quality))


def grey(image: Image) -> Image:
    """(H, W) grey values of an image of either shape."""
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if image.ndim == 3 else image
