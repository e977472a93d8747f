"""Blots, strike-outs and pen marks: `stackmix.blots.HandWrittenBlot` and its like, transforms for albumentations 2.

They are imported when they are first asked for, so that the kernels in `stackmix.blots.functional` and the drawings
behind the transforms work without albumentations.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stackmix.blots.transforms import HandWrittenBlot, InkSmear, PenTrail, StrikeThrough, TeacherMark

__all__ = ["HandWrittenBlot", "InkSmear", "PenTrail", "StrikeThrough", "TeacherMark"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from stackmix.blots import transforms

    return getattr(transforms, name)
