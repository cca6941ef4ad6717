"""Preferences as plain values for JSON, and back.

The one thing to get wrong: a value that cannot be what it claims to be is an error, never a default; only an
absent one has its default.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ichviewer.core.preferences import (
    DEFAULT_PREFERENCES,
    FASTEST_CINE,
    SLOWEST_CINE,
    OverlayText,
    Preferences,
    ThemeName,
)
from ichviewer.core.presets import preset_fault
from ichviewer.core.windowing import Window, WindowPreset


def preference_values(preferences: Preferences) -> dict[str, Any]:
    """All preferences as plain values."""
    return {
        "theme": preferences.theme.value,
        "drag_down_is_brighter": preferences.drag_down_is_brighter,
        "uses_first_look": preferences.uses_first_look,
        "overlay_text": preferences.overlay_text.value,
        "shows_heatmap": preferences.shows_heatmap,
        "fits_head": preferences.fits_head,
        "cine_per_second": preferences.cine_per_second,
        "keeps_recent": preferences.keeps_recent,
        "keeps_session": preferences.keeps_session,
        "presets": [
            {
                "key": each.key,
                "name": each.name,
                "short_name": each.short_name,
                "center": each.window.center,
                "width": each.window.width,
            }
            for each in preferences.presets
        ],
        "own_keys": {name: list(keys) for name, keys in preferences.own_keys},
        "checked_screens": dict(preferences.checked_screens),
        "study_prevalence": preferences.study_prevalence,
        "slice_prevalence": preferences.slice_prevalence,
        "reweights_scores": preferences.reweights_scores,
    }


def preferences_from(values: Mapping[str, Any]) -> Preferences:
    """Preferences from plain values; what is absent has its default, what is unknown is passed over.

    Raises:
        ValueError: A value cannot be what it claims to be.
    """
    if not isinstance(values, Mapping):
        raise ValueError("the preferences are no table of names and values")
    default = DEFAULT_PREFERENCES
    return Preferences(
        theme=ThemeName(values.get("theme", default.theme)),
        drag_down_is_brighter=_flag(values, "drag_down_is_brighter", default.drag_down_is_brighter),
        uses_first_look=_flag(values, "uses_first_look", default.uses_first_look),
        overlay_text=OverlayText(values.get("overlay_text", default.overlay_text)),
        shows_heatmap=_flag(values, "shows_heatmap", default.shows_heatmap),
        fits_head=_flag(values, "fits_head", default.fits_head),
        cine_per_second=_cine(values.get("cine_per_second", default.cine_per_second)),
        keeps_recent=_flag(values, "keeps_recent", default.keeps_recent),
        keeps_session=_flag(values, "keeps_session", default.keeps_session),
        presets=_presets(values["presets"]) if "presets" in values else default.presets,
        own_keys=_own_keys(values.get("own_keys", {})),
        checked_screens=_texts(values.get("checked_screens", {})),
        study_prevalence=_share(values.get("study_prevalence")),
        slice_prevalence=_share(values.get("slice_prevalence")),
        reweights_scores=_flag(values, "reweights_scores", default.reweights_scores),
    )


def _flag(values: Mapping[str, Any], name: str, default: bool) -> bool:
    value = values.get(name, default)
    if not isinstance(value, bool):
        raise ValueError(f"{name} is {value!r}, not true or false")
    return value


def _cine(value: Any) -> int:
    if not isinstance(value, int) or not SLOWEST_CINE <= value <= FASTEST_CINE:
        raise ValueError(f"cine_per_second is {value!r}")
    return value


def _share(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        raise ValueError(f"a prevalence is {value!r}, not between 0 and 1")
    return float(value)


def _presets(values: Any) -> tuple[WindowPreset, ...]:
    presets: tuple[WindowPreset, ...] = ()
    for entry in values:
        center, width = float(entry["center"]), float(entry["width"])
        if not (math.isfinite(center) and math.isfinite(width)):
            raise ValueError(f"a preset's window is {center}/{width}")
        texts = (str(entry["key"]), str(entry["name"]), Window(center, width), str(entry["short_name"]))
        preset = WindowPreset(*texts)
        if fault := preset_fault(presets, len(presets), preset):
            raise ValueError(fault)
        presets = (*presets, preset)
    return presets


def _own_keys(values: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    pairs = []
    for name, keys in values.items():
        if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
            raise ValueError(f"the keys of {name} are {keys!r}")
        pairs.append((str(name), tuple(keys)))
    return tuple(sorted(pairs))


def _texts(values: Any) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((str(name), str(value)) for name, value in values.items()))
