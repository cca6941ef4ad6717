"""Text that is cut where it does not fit: never through a number."""

from __future__ import annotations

import pytest

from ichviewer.gui.elided_label import without_cut_number


@pytest.mark.parametrize(
    ("elided", "shown"),
    [
        ("10, 17–1…", "10, …"),
        ("28 slices; 3…", "28 slices; …"),
        ("10, …", "10, …"),
        ("could not be re…", "could not be re…"),
        ("1…", "1…"),
    ],
)
def test_a_cut_text_ends_before_the_number_that_was_cut(elided: str, shown: str) -> None:
    """Hazard: slices 17 to 1... is read as 17 to 1, 10 mm as 1 mm."""
    assert without_cut_number(elided) == shown
