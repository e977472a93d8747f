"""The augmentation of the contest system that this project rebuilds, written for today's albumentations.

Images become 384 x 384, three in ten get blots with the parameters of StackMix (Shonenkov et al. 2021, arXiv
2108.11667), half are turned by up to 7 degrees, and three in ten lose their colour or gain contrast.
"""

import cv2

from stackmix.blots.transforms import A, HandWrittenBlot

SIZE = 384  # pixels of both sides, as TrOCR reads them
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
