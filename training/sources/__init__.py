"""Label sets behind one small interface: rows with labels, and how to get their Hounsfield units."""

from training.sources.labeled_slice import UNKNOWN_SPACING_MM, LabeledSlice
from training.sources.picture_sets import PICTURE_WINDOWS, check_windows, read_hu, read_sources

__all__ = [
    "PICTURE_WINDOWS",
    "UNKNOWN_SPACING_MM",
    "LabeledSlice",
    "check_windows",
    "read_hu",
    "read_sources",
]
