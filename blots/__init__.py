"""Blots, strike-outs and pen marks as albumentations transforms."""
