"""Ink apart from paper: what is written, 0 on paper to 255 at the darkest, whatever the paper's brightness."""

import cv2
import numpy as np

from stackmix import images
from stackmix.types import Image

FLOOR = 0.15  # of the darkest ink: paler marks are taken for paper


def ink_of(image: Image) -> Image:
    """(H, W) uint8 ink of an image: its paper, the bright envelope of the grey values, is divided out.

    The envelope is a closing wider than a stroke, then a blur.
    """
    shade = images.grey(image)
    reach = max(15, shade.shape[0] // 2) | 1  # a lone full stop, too, must lie within its paper
    if _all_white(shade, reach):
        share = shade.astype(np.float32) / 255
    else:
        square = np.ones((reach, reach), np.uint8)
        paper = cv2.blur(cv2.morphologyEx(shade, cv2.MORPH_CLOSE, square), (reach, reach))
        share = shade.astype(np.float32) / np.maximum(paper, 1)
    top = max(1.0 - float(np.percentile(share, 0.5)), 0.1)
    return np.clip((1.0 - share - FLOOR * top) * (255.0 / ((1 - FLOOR) * top)), 0, 255).astype(np.uint8)


def _all_white(shade: Image, tile: int) -> bool:
    """Whether every tile of an image has a pure white pixel: then its paper is white, with nothing to divide out."""
    rows = np.maximum.reduceat(shade, np.arange(0, shade.shape[0], tile), axis=0)
    return bool((np.maximum.reduceat(rows, np.arange(0, shade.shape[1], tile), axis=1) == 255).all())
