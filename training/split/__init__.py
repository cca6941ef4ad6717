"""Who stays together, in which fold, frozen in a file that is checked whenever it is read."""

from training.split.folds import folds_of, slice_random_folds
from training.split.frozen import SplitKind, check_split, read_split, split_sha256, write_split
from training.split.groups import groups_from_thumbnails, groups_of
from training.split.near_duplicates import near_duplicate_pairs, thumbnails

__all__ = [
    "SplitKind",
    "check_split",
    "folds_of",
    "groups_from_thumbnails",
    "groups_of",
    "near_duplicate_pairs",
    "read_split",
    "slice_random_folds",
    "split_sha256",
    "thumbnails",
    "write_split",
]
