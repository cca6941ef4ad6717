"""Questions at a place of a stack: measured facts around it that often look like blood to a network.

The one thing to get wrong: a place in the stack's frame is not yet a pixel of its slice; where the gantry was
tilted, every slice begins elsewhere.
"""

from __future__ import annotations

from ichviewer.core.false_positives import false_positive_cards
from ichviewer.core.midline import MidlineFit
from ichviewer.core.placed_cards import AskedPlace, PlacedCards
from ichviewer.core.volume import Volume


def cards_at(volume: Volume, place: AskedPlace, is_asked: bool, midline: MidlineFit | None) -> PlacedCards:
    """Cards at a place of a readable slice. Takes a tenth of a second: work for a thread of its own.

    Args:
        volume: The stack.
        place: Where.
        is_asked: Whether the reader asked about it.
        midline: The head's; None where it is not known.
    """
    pixel, line = volume.frame.mm_to_pixel, None
    if midline is not None:
        front, back = midline.line_on_slice(volume.frame, place.slice_index)
        line = pixel(place.slice_index, *front[:2]), pixel(place.slice_index, *back[:2])
    spot = pixel(place.slice_index, place.x_mm, place.y_mm)
    cards = false_positive_cards(
        volume.measured_hu(place.slice_index), volume.geometry.pixel_spacing_mm, spot, line
    )
    return PlacedCards(place, is_asked, cards, midline is not None)
