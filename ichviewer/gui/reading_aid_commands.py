"""Actions of the reading aids: findings one by one, first look, coverage, blind spots, questions."""

from __future__ import annotations

from functools import partial

from ichviewer.core.blind_spot_steps import tour_begun, tour_ended, tour_stepped
from ichviewer.core.findings import Decision
from ichviewer.core.hot_place import asked_about
from ichviewer.core.looked_at import at_next_unseen
from ichviewer.core.run_steps import has_run_in_hand, next_run, run_decided
from ichviewer.core.sealing import result_shown
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.command import Command, Step, has_image


def reading_aid_commands(step: Step) -> tuple[Command, ...]:
    """What helps to read a study to its end."""
    return (*_finding_commands(step), *_look_commands(step), *_tour_commands(step))


def _finding_commands(step: Step) -> tuple[Command, ...]:
    def has_runs(state: ViewState) -> bool:
        return state.findings is not None

    return (
        Command(
            "finding-next",
            "Analysis/Findings",
            "Next finding",
            ("Shift+N",),
            "The next run of slices above threshold, in the order of the list",
            step(partial(next_run, step=1)),
            has_runs,
        ),
        Command(
            "finding-previous",
            "Analysis/Findings",
            "Previous finding",
            ("Shift+P",),
            "The run of slices above threshold before, in the order of the list",
            step(partial(next_run, step=-1)),
            has_runs,
        ),
        Command(
            "finding-accept",
            "Analysis/Findings",
            "Accept finding",
            ("Shift+Y",),
            "Accept the marked finding on all its slices; again takes it back",
            step(partial(run_decided, decision=Decision.ACCEPTED)),
            has_run_in_hand,
        ),
        Command(
            "finding-reject",
            "Analysis/Findings",
            "Reject finding",
            ("Shift+X",),
            "Reject the marked finding on all its slices; again takes it back",
            step(partial(run_decided, decision=Decision.REJECTED)),
            has_run_in_hand,
        ),
    )


def _look_commands(step: Step) -> tuple[Command, ...]:
    return (
        Command(
            "show-result",
            "Analysis",
            "Show the network's result",
            ("Ctrl+Shift+R",),
            "End the first look; what was decided so far is kept as the reading before",
            step(result_shown),
            lambda state: state.first_look.is_sealed,
        ),
        Command(
            "next-unseen",
            "View/Slice",
            "Next unseen",
            ("Shift+U",),
            "The next slice upwards that was not seen in any window",
            step(at_next_unseen),
            lambda state: has_image(state) and bool(state.coverage.unseen()),
        ),
        Command(
            "question-place",
            "Analysis",
            "Question this place",
            ("Shift+Q",),
            "What the place at the crosshair may be if it is not blood; a right click asks about any other",
            step(lambda state: asked_about(state, *state.crosshair_mm)),
            has_image,
        ),
    )


def _tour_commands(step: Step) -> tuple[Command, ...]:
    def is_touring(state: ViewState) -> bool:
        return state.blind_spot_tour is not None

    return (
        Command(
            "blind-spots",
            "Tools/Blind spots",
            "Blind-spot tour",
            ("Ctrl+B",),
            "Go through the places where bleeds are missed, from the vertex down; again ends it",
            step(lambda state: tour_ended(state) if is_touring(state) else tour_begun(state)),
            lambda state: has_image(state) and state.volume is not None and state.volume.is_complete,
            is_touring,
        ),
        Command(
            "blind-spot-next",
            "Tools/Blind spots",
            "Next stop",
            ("Ctrl+Right",),
            "The next stop of the tour",
            step(partial(tour_stepped, steps=1)),
            is_touring,
        ),
        Command(
            "blind-spot-previous",
            "Tools/Blind spots",
            "Previous stop",
            ("Ctrl+Left",),
            "The stop of the tour before",
            step(partial(tour_stepped, steps=-1)),
            is_touring,
        ),
    )
