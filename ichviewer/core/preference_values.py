"""Preferences as plain values for JSON, and back.

The one thing to get wrong: a value that cannot be what it claims to be is an error, never a default; only an
absent one has its default.
"""

from __future__ import annotations

from typing import Any

from ichviewer.core.plain_values import from_plain, to_plain
from ichviewer.core.preferences import FASTEST_CINE, SLOWEST_CINE, Preferences
from ichviewer.core.presets import preset_fault


def preference_values(preferences: Preferences) -> dict[str, Any]:
    """All preferences as plain values, by the names of their fields."""
    return dict(to_plain(preferences))


def preferences_from(values: Any) -> Preferences:
    """Preferences from plain values; what is absent has its default, what is unknown is passed over.

    Raises:
        ValueError: A value cannot be what it claims to be.
    """
    preferences = from_plain(Preferences, values)
    if not SLOWEST_CINE <= preferences.cine_per_second <= FASTEST_CINE:
        raise ValueError(f"cine_per_second is {preferences.cine_per_second}")
    for share in (preferences.study_prevalence, preferences.slice_prevalence):
        if share is not None and not 0 < share < 1:
            raise ValueError(f"a prevalence is {share}")
    for place, preset in enumerate(preferences.presets):
        if fault := preset_fault(preferences.presets[:place], place, preset):
            raise ValueError(fault)
    return preferences
