"""Pictures in and out of files as bytes, so that any path works on any system (cv2's own calls fail on Windows)."""

from pathlib import Path

import cv2
import numpy as np

from stackmix.types import DataError, Image


def decode(data: bytes) -> Image:
    """Decode an encoded picture to (H, W) uint8 where it is grey, (H, W, 3) RGB otherwise.

    Raises DataError for bytes that are no picture.
    """
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_ANYCOLOR) if data else None
    if image is None or image.size == 0:
        raise DataError(f"{len(data)} bytes are no picture")
    if data[8:12] == b"WEBP" and image.ndim == 3 and (image == image[..., :1]).all():  # WebP has no grey mode
        return np.ascontiguousarray(image[..., 0])
    return np.ascontiguousarray(image[..., ::-1]) if image.ndim == 3 else image


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
