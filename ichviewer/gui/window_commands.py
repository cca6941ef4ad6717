"""The actions that ask the window, or those who listen to it, for something."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ichviewer.core.run_steps import has_run_in_hand
from ichviewer.core.sealing import network_findings
from ichviewer.core.viewstate import ViewState
from ichviewer.core.wrap_repair import WRAPPED_REASON
from ichviewer.gui.command import Command, has_image

DEVICES = (("auto", "Automatic"), ("cpu", "CPU"), ("cuda", "CUDA"), ("mps", "MPS"))


@dataclass(frozen=True)
class WindowRequests:
    """What the window can be asked for; each is called without arguments unless it says otherwise."""

    open_folder: Callable[[], object]
    open_files: Callable[[], object]
    open_demo: Callable[[], object]
    export: Callable[[], object]
    copy_finding: Callable[[], object]
    close: Callable[[], object]
    step_series: Callable[[int], object]
    toggle_panels: Callable[[], object]
    toggle_panel: Callable[[str], object]
    toggle_full_screen: Callable[[], object]
    cancel: Callable[[], object]
    analyze: Callable[[], object]
    repair_wrapped: Callable[[], object]
    show_keys: Callable[[], object]
    show_about: Callable[[], object]
    self_test: Callable[[], object]
    save_session: Callable[[], object]
    open_session: Callable[[], object]
    restore_session: Callable[[], object]
    forget_sessions: Callable[[], object]
    copy_image: Callable[[], object]
    save_image: Callable[[], object]
    export_measurements: Callable[[], object]
    show_histogram: Callable[[], object]
    images_apart: Callable[[], object]
    edit_keys: Callable[[], object]
    edit_presets: Callable[[], object]
    edit_preferences: Callable[[], object]
    show_test_pattern: Callable[[], object]
    show_tour: Callable[[], object]
    show_guide: Callable[[], object]


def can_analyze(state: ViewState) -> bool:
    """Whether an analysis could be started now; only a stack that was read whole is analyzed."""
    is_whole = has_image(state) and state.volume is not None and state.volume.is_complete
    return is_whole and state.model_card is not None and state.analysis is None


def can_repair(state: ViewState) -> bool:
    """Whether the open stack holds wrapped values that can be mended."""
    return has_image(state) and state.reading is None and WRAPPED_REASON in state.input_check_reasons


def window_commands(ask: WindowRequests) -> tuple[Command, ...]:
    """File, panels, analysis and help."""
    return (
        *_file_commands(ask),
        *_panel_commands(ask),
        *_tool_commands(ask),
        *_analysis_commands(ask),
        *_help_commands(ask),
    )


def _file_commands(ask: WindowRequests) -> tuple[Command, ...]:
    return (
        Command(
            "open-folder",
            "File",
            "Open folder …",
            ("Ctrl+O",),
            "Open a folder of DICOM files",
            ask.open_folder,
        ),
        Command(
            "open-files",
            "File",
            "Open files …",
            ("Ctrl+Shift+O",),
            "Open DICOM files or ZIP archives",
            ask.open_files,
        ),
        Command(
            "open-demo",
            "File",
            "Open demo study",
            ("Ctrl+D",),
            "Open a synthetic head with bleeds",
            ask.open_demo,
        ),
        Command(
            "save-session",
            "File",
            "Save session as …",
            ("Ctrl+S",),
            "Keep this sitting in a file: paths, views, decisions, comments and measurements",
            ask.save_session,
            lambda state: bool(state.opened_paths),
        ),
        Command(
            "open-session",
            "File",
            "Open session …",
            (),
            "Go on with a sitting that was kept in a file",
            ask.open_session,
        ),
        Command(
            "restore-session",
            "File",
            "Restore last session",
            ("Ctrl+R",),
            "Go on with the last sitting",
            ask.restore_session,
            lambda state: state.session_offered,
        ),
        Command(
            "forget-sessions",
            "File",
            "Forget kept sessions",
            (),
            "Remove the sittings that were kept by themselves; they hold paths, which may name patients",
            ask.forget_sessions,
        ),
        Command(
            "copy-image",
            "File",
            "Copy image",
            ("Ctrl+C",),
            "Copy the active view as it is seen, without names, to the clipboard",
            ask.copy_image,
            has_image,
        ),
        Command(
            "save-image",
            "File",
            "Save image …",
            ("Ctrl+Shift+S",),
            "Write the active view as it is seen, without names, as PNG",
            ask.save_image,
            has_image,
        ),
        Command(
            "export",
            "File",
            "Export findings …",
            ("Ctrl+E",),
            "Write the findings as CSV, one row per slice",
            ask.export,
            lambda state: network_findings(state) is not None,
        ),
        Command(
            "export-measurements",
            "File",
            "Export measurements …",
            ("Ctrl+Shift+E",),
            "Write the measurements as CSV, one row each",
            ask.export_measurements,
            lambda state: len(state.work.measurements) > 0,
        ),
        Command(
            "histogram",
            "Tools",
            "Histogram",
            ("Ctrl+H",),
            "The values within the chosen region, as bars",
            ask.show_histogram,
            has_image,
        ),
        Command("quit", "File", "Quit", ("Ctrl+Q",), "Close the window", ask.close),
    )


def _panel_commands(ask: WindowRequests) -> tuple[Command, ...]:
    return (
        Command(
            "series-previous",
            "View/Series",
            "Previous",
            ("PgUp",),
            "Open the series before this one",
            lambda: ask.step_series(-1),
        ),
        Command(
            "series-next",
            "View/Series",
            "Next",
            ("PgDown",),
            "Open the series after this one",
            lambda: ask.step_series(1),
        ),
        Command(
            "panels",
            "View/Panels",
            "Image alone",
            ("Tab",),
            "Hide or show all but the image",
            ask.toggle_panels,
        ),
        Command(
            "panel-series",
            "View/Panels",
            "Series",
            ("F7",),
            "Hide or show the series",
            lambda: ask.toggle_panel("series"),
        ),
        Command(
            "panel-ribbon",
            "View/Panels",
            "Score ribbon",
            ("F8",),
            "Hide or show the score ribbon",
            lambda: ask.toggle_panel("ribbon"),
        ),
        Command(
            "panel-findings",
            "View/Panels",
            "Findings",
            ("F9",),
            "Hide or show slice, study and heat map panels",
            lambda: ask.toggle_panel("findings"),
        ),
        Command(
            "full-screen", "View", "Full screen", ("F11",), "Full screen and back", ask.toggle_full_screen
        ),
        Command(
            "images-apart",
            "View",
            "Images on the second screen",
            ("Shift+F11",),
            "Move the images into a window of their own, and back",
            ask.images_apart,
            has_image,
        ),
    )


def _tool_commands(ask: WindowRequests) -> tuple[Command, ...]:
    return (
        Command(
            "preferences",
            "Tools",
            "Preferences …",
            ("Ctrl+,",),
            "Theme, mouse, what a sitting starts with, and what is kept",
            ask.edit_preferences,
        ),
        Command(
            "presets-edit",
            "Tools",
            "Window presets …",
            ("Ctrl+Shift+W",),
            "Change, add, rename and order the window presets",
            ask.edit_presets,
        ),
        Command(
            "keys-edit",
            "Tools",
            "Keys of all commands …",
            ("Ctrl+Shift+K",),
            "Find a command and give it another key",
            ask.edit_keys,
        ),
    )


def _analysis_commands(ask: WindowRequests) -> tuple[Command, ...]:
    return (
        Command("analyze", "Analysis", "Analyze", ("F5",), "Score every slice", ask.analyze, can_analyze),
        Command(
            "repair-wrapped",
            "Analysis",
            "Repair wrapped values",
            (),
            "Take 4096 from values above 3095 in wrapped slices (a known defect of some RSNA files), in"
            " memory alone; open the series again to undo it",
            ask.repair_wrapped,
            can_repair,
        ),
        Command(
            "finding-copy",
            "Analysis/Findings",
            "Copy finding sentence",
            ("Ctrl+Shift+C",),
            "Copy the marked finding as a sentence without names, with the chosen measurement",
            ask.copy_finding,
            has_run_in_hand,
        ),
        Command("cancel", "Analysis", "Cancel", ("Esc",), "Stop reading or analyzing", ask.cancel),
    )


def _help_commands(ask: WindowRequests) -> tuple[Command, ...]:
    return (
        Command("keys", "Help", "Keys", ("F1",), "All keys and mouse gestures", ask.show_keys),
        Command("user-guide", "Help", "User guide", ("Shift+F1",), "How to read with it", ask.show_guide),
        Command("tour", "Help", "Quick tour", (), "A few steps through the window", ask.show_tour),
        Command(
            "test-pattern",
            "Help",
            "Test pattern",
            ("Ctrl+Shift+T",),
            "Check whether this screen shows dark and light greys apart",
            ask.show_test_pattern,
        ),
        Command(
            "self-test",
            "Help",
            "Self-test",
            (),
            "Try every transfer syntax and the network on this machine",
            ask.self_test,
        ),
        Command("about", "Help", "About", (), "Version, purpose and license of the weights", ask.show_about),
    )
