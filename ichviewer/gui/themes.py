"""The three sets of colors: dark, light, high contrast. Images lie on black in all of them.

The one thing to get wrong: every text must be readable on every background that it stands on, warnings above
all; a test computes the contrast of each pair (WCAG 2.2, 1.4.3: at least 4.5).
"""

from __future__ import annotations

from dataclasses import dataclass

from ichviewer.core.preferences import ThemeName

LEAST_CONTRAST = 4.5
LEAST_GRAPHIC_CONTRAST = 3.0


@dataclass(frozen=True)
class Theme:
    """Colors as ``#rrggbb``, by what they are for.

    Attributes:
        window: Behind everything, and in fields.
        panel: Of panels, menus and bars.
        raised: Of buttons and tooltips.
        line: Between things.
        border: Around what can be pressed or dropped on.
        text: What is to be read.
        secondary: What is to be read second.
        faint: What cannot be used now.
        accent: Focus, selection and the current slice.
        link: What can be clicked.
        green: In order.
        amber: To be looked at.
        red: Not in order.
        selected: Behind the chosen entry.
        checked: Behind a button that is on.
        primary: Behind the button that leads on.
        primary_text: On it.
        hover: Behind a button under the pointer.
        pressed: Behind a button that is held.
        icons: Ending of the style sheet's icons.
    """

    window: str = "#1b1c1e"
    panel: str = "#242629"
    raised: str = "#2e3135"
    line: str = "#34373b"
    border: str = "#565b61"
    text: str = "#d6d8db"
    secondary: str = "#9aa0a6"
    faint: str = "#6b7076"
    accent: str = "#5b9dd9"
    link: str = "#7ab4e8"
    green: str = "#7fb88a"
    amber: str = "#e8a33d"
    red: str = "#f47c7c"
    selected: str = "#35506a"
    checked: str = "#2c4a66"
    primary: str = "#2c5a85"
    primary_text: str = "#eef2f6"
    hover: str = "#383c41"
    pressed: str = "#22262a"
    icons: str = ""


DARK = Theme()

LIGHT = Theme(
    window="#f1f2f4",
    panel="#fbfbfc",
    raised="#e6e8eb",
    line="#cdd1d6",
    border="#8b9198",
    text="#1b1c1e",
    secondary="#4b5157",
    faint="#8b9198",
    accent="#1c5f9e",
    link="#1c5f9e",
    green="#1f6b33",
    amber="#8a4600",
    red="#b3261e",
    selected="#cfe1f3",
    checked="#c3d9ef",
    primary="#1c5f9e",
    primary_text="#ffffff",
    hover="#dde0e4",
    pressed="#cdd1d6",
    icons="-dark",
)

CONTRAST = Theme(
    window="#000000",
    panel="#000000",
    raised="#141414",
    line="#a8a8a8",
    border="#ffffff",
    text="#ffffff",
    secondary="#e4e4e4",
    faint="#9a9a9a",
    accent="#4fc3ff",
    link="#7fd4ff",
    green="#7dff9a",
    amber="#ffc233",
    red="#ff8f8f",
    selected="#00497a",
    checked="#00497a",
    primary="#00497a",
    primary_text="#ffffff",
    hover="#2a2a2a",
    pressed="#3a3a3a",
)

THEMES: dict[ThemeName, Theme] = {
    ThemeName.DARK: DARK,
    ThemeName.LIGHT: LIGHT,
    ThemeName.CONTRAST: CONTRAST,
}


def contrast_ratio(one: str, other: str) -> float:
    """How well two colors are told apart, 1 to 21 (WCAG 2.2, definition of contrast ratio).

    >>> round(contrast_ratio("#000000", "#ffffff"), 1), contrast_ratio("#123456", "#123456")
    (21.0, 1.0)
    """
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2)."""
    channels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
