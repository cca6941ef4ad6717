"""Who stays together, in which fold, frozen in a file that is checked whenever it is read."""

from training.split.folds import (
    check_split,
    folds_of,
    groups_of,
    read_split,
    split_sha256,
    thumbnails,
    write_split,
)

__all__ = [
    "check_split",
    "folds_of",
    "groups_of",
    "read_split",
    "split_sha256",
    "thumbnails",
    "write_split",
]
