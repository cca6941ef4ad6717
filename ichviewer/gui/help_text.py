"""What Help shows: the table of keys, made from the actions, and what this program is."""

from __future__ import annotations

from collections.abc import Iterable

from ichviewer import __version__
from ichviewer.core.model_card import ModelCard
from ichviewer.gui.command import Command

MOUSE = (
    ("Left drag", "Window of the view: right is wider, down is brighter"),
    ("Left drag on a measurement", "Move it, or one of its handles"),
    ("Left with another tool", "Draws: drag, or click each point"),
    ("Ctrl left with the brush", "Removes from the region"),
    ("Left drag on the crosshair", "Moves it near its center; turns the other planes farther out"),
    ("Shift left", "Sets the crosshair"),
    ("Alt left drag", "Drags the picture, without names, into another program"),
    ("Middle drag", "Pan"),
    ("Right drag", "Zoom"),
    ("Wheel", "Scroll; with Shift 10 slices, with Ctrl zoom"),
    ("Double click", "One view or three"),
    ("Click in the score ribbon", "Go to that slice"),
)


def keys_text(commands: Iterable[Command]) -> str:
    """All actions that have a key, and the mouse, one a line."""
    lines = [(command.key_text, command.tooltip) for command in commands if command.keys]
    width = max(len(key) for key, _ in (*lines, *MOUSE)) + 2
    return "\n".join(
        [
            *(f"{key:<{width}}{text}" for key, text in lines),
            "",
            *(f"{gesture:<{width}}{text}" for gesture, text in MOUSE),
        ]
    )


def about_text(card: ModelCard | None) -> str:
    """Version, purpose, checkpoint and its license."""
    lines = [
        f"ichviewer {__version__}",
        "A viewer for bleeding in the head on CT.",
        "",
        "RESEARCH USE ONLY. Not a medical device; not for diagnosis or treatment.",
        "The program is under the MIT license; the weights have a license of their own:",
        "",
    ]
    if card is None:
        return "\n".join([*lines, "No checkpoint is loaded."])
    return "\n".join(
        [
            *lines,
            f"Checkpoint: {card.name}",
            f"SHA-256: {card.weights_sha256}",
            f"Calibrated on: {card.calibrated_on}",
            f"License of the weights: {card.license}",
        ]
    )
