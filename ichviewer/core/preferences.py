"""What the reader prefers: one frozen value in the state, kept from one sitting to the next by others.

The one thing to get wrong: a preference is never about one study; nothing here may name a patient.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from ichviewer.core.windowing import PRESETS, WindowPreset

SLOWEST_CINE, FASTEST_CINE = 1, 30


class OverlayText(StrEnum):
    """How much text lies over the image."""

    FULL = "full"
    ANONYMOUS = "anonymous"
    OFF = "off"


class ThemeName(StrEnum):
    """Colors of everything but the images, which always lie on black."""

    DARK = "dark"
    LIGHT = "light"
    CONTRAST = "contrast"


@dataclass(frozen=True)
class Preferences:
    """All that the reader can choose for every sitting.

    Attributes:
        theme: Colors of the interface.
        drag_down_is_brighter: Whether a drag down with the left button brightens (IHE Basic Image Review);
            else a drag up does.
        uses_first_look: Whether the network's result is sealed until the reader has looked.
        overlay_text: How much corner text at the start.
        shows_heatmap: Whether heat maps are drawn at the start.
        fits_head: Whether the head fills the views at the start, and not the whole image.
        cine_per_second: Slices a second as cine starts, SLOWEST_CINE to FASTEST_CINE.
        keeps_recent: Whether opened folders are listed; their names may name patients.
        keeps_session: Whether the sitting is kept by itself, to be restored; it holds paths and comments.
        presets: Window presets, in the order of the buttons.
        own_keys: Pairs of a command's name and the key sequences that the reader gave it, instead of its own.
        checked_screens: Pairs of a screen's name and the day (ISO 8601) on which the reader last confirmed
            the test pattern on it.
        study_prevalence: Share of the reader's studies that bleed, in (0, 1); None where not set.
        slice_prevalence: Share of the reader's slices that bleed, in (0, 1); None where not set.
        reweights_scores: Whether the slice's scores are shown re-weighted to *slice_prevalence*.
    """

    theme: ThemeName = ThemeName.DARK
    drag_down_is_brighter: bool = True
    uses_first_look: bool = False
    overlay_text: OverlayText = OverlayText.FULL
    shows_heatmap: bool = False
    fits_head: bool = True
    cine_per_second: int = 10
    keeps_recent: bool = True
    keeps_session: bool = True
    presets: tuple[WindowPreset, ...] = PRESETS
    own_keys: tuple[tuple[str, tuple[str, ...]], ...] = ()
    checked_screens: tuple[tuple[str, str], ...] = ()
    study_prevalence: float | None = None
    slice_prevalence: float | None = None
    reweights_scores: bool = False

    def keys_of(self, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """The keys of a command: the reader's, else its own."""
        return dict(self.own_keys).get(name, default)

    def with_keys(self, name: str, keys: tuple[str, ...] | None) -> Preferences:
        """Other keys for a command; none of the reader's for None."""
        others = {each: own for each, own in self.own_keys if each != name}
        if keys is not None:
            others[name] = keys
        return replace(self, own_keys=tuple(sorted(others.items())))

    def with_checked_screen(self, screen: str, day: str) -> Preferences:
        """The test pattern was confirmed on a screen."""
        return replace(
            self, checked_screens=tuple(sorted({**dict(self.checked_screens), screen: day}.items()))
        )


DEFAULT_PREFERENCES = Preferences()
