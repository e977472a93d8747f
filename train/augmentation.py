"""Two pipelines for word images: that of the contest system which this project rebuilds, and a stronger one.

The first makes images 384 x 384; three in ten get blots with the parameters of StackMix (Shonenkov et al. 2021, arXiv
2108.11667), half are turned by up to 7 degrees, and three in ten lose their colour or gain contrast. The second keeps
the aspect but for a few per cent, and changes what differs between one notebook and another: hand, paper, ink,
corrections, light and camera.
"""

import cv2

from stackmix.blots.transforms import A, HandWrittenBlot, InkSmear, PenTrail, StrikeThrough, TeacherMark
from stackmix.train.papering import AnotherPaper
from stackmix.train.warping import Warp

SIZE = 384  # pixels of both sides, as TrOCR reads them
SMALL = (6, 24)  # pixels of a blot beside which a word is still read
BLOT = {"h": (50, 100), "w": (20, 100), "incline": (10, 50), "intensivity": 0.75, "count": (1, 10)}


def seed_pipeline(size: int = SIZE, seed: int | None = None) -> A.Compose:
    """The pipeline for word images (H, W, 3) uint8: `seed_pipeline(seed=1)(image=image)["image"]` is (size, size, 3).

    seed: the same one gives the same bytes, call by call.
    """
    return A.Compose(
        [
            A.Resize(size, size),
            HandWrittenBlot(**BLOT, p=0.3),  # type: ignore[arg-type]
            A.Rotate(limit=(-7, 7), border_mode=cv2.BORDER_REFLECT_101),  # albumentations 1 mirrored the border
            A.OneOf([A.ToGray(), A.CLAHE(clip_limit=15)], p=0.3),
        ],
        seed=seed,
    )


def strong_pipeline(seed: int | None = None) -> A.Compose:
    """The pipeline for word or line images of any size, (H, W) or (H, W, 3) uint8, which nearly keep their aspect.

    seed: the same one gives the same bytes, call by call.
    """
    return A.Compose(
        [
            Warp(),
            AnotherPaper(p=0.5),
            A.OneOf([A.Morphological((2, 2), operation) for operation in ("erosion", "dilation")], p=0.15),
            *_marks(),
            A.OneOf([A.RandomBrightnessContrast((-0.25, 0.15), (-0.3, 0.2)), A.RandomGamma((70, 150))], p=0.4),
            A.OneOf([A.GaussianBlur(0, (0.4, 1.5)), A.MotionBlur((3, 5)), A.Downscale((0.4, 0.8))], p=0.35),
            A.GaussNoise((0.01, 0.06), p=0.2),
            A.ImageCompression(quality_range=(25, 90), p=0.4),
        ],
        seed=seed,
    )


def _marks() -> list[A.ImageOnlyTransform]:
    """What pens leave on a word besides it."""
    return [
        HandWrittenBlot(h=SMALL, w=SMALL, color="ink", count=(1, 2), p=0.12),
        StrikeThrough(("single", "double", "wave"), p=0.08),
        InkSmear(p=0.06),
        PenTrail(p=0.08),
        TeacherMark(p=0.04),
    ]
