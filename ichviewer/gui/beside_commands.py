"""Actions for what stands beside the slice in view: prior, bone kernel, cine, key images."""

from __future__ import annotations

from dataclasses import replace

from ichviewer.core.cine import faster
from ichviewer.core.hanging import bone_kernel_series
from ichviewer.core.key_images import key_image_marked, next_key_image
from ichviewer.core.prior import linked_here, prior_insisted, without_prior
from ichviewer.core.viewstate import ViewState
from ichviewer.gui.command import Command, Step, has_image


def beside_commands(step: Step) -> tuple[Command, ...]:
    """Prior, bone kernel, cine and key images."""
    return (*_prior_commands(step), *_cine_commands(step), *_key_image_commands(step))


def has_prior(state: ViewState) -> bool:
    """Whether a prior stands beside the open stack."""
    return has_image(state) and state.prior is not None


def has_bone_kernel(state: ViewState) -> bool:
    """Whether the bone view could show a bone-kernel series, or does."""
    if state.volume is None:
        return False
    return state.wants_bone_kernel or bone_kernel_series(state.contents, state.volume.series) is not None


def bone_kernel_toggled(state: ViewState) -> ViewState:
    """The bone view shows the bone-kernel series, or the open stack again."""
    if state.wants_bone_kernel:
        return replace(state, wants_bone_kernel=False, bone_stack=None)
    return replace(state, wants_bone_kernel=True)


def cine_toggled(state: ViewState) -> ViewState:
    """Slices begin to pass by themselves, or stop."""
    return replace(state, cine=replace(state.cine, is_running=not state.cine.is_running))


def _prior_commands(step: Step) -> tuple[Command, ...]:
    return (
        Command(
            "bone-kernel",
            "View",
            "Bone kernel in bone view",
            ("Shift+B",),
            "Show the study's bone-kernel series in the bone view, at the same place",
            step(bone_kernel_toggled),
            has_bone_kernel,
            lambda state: state.wants_bone_kernel,
        ),
        Command(
            "prior-link",
            "View/Prior",
            "Link here",
            ("Shift+L",),
            "The two slices that are shown are the same place: scroll both together from here",
            step(linked_here),
            has_prior,
        ),
        Command(
            "prior-insist",
            "View/Prior",
            "Show it anyway",
            (),
            "Show the refused series as prior all the same, framed in red",
            step(prior_insisted),
            lambda state: state.prior_refusal is not None,
        ),
        Command(
            "prior-close",
            "View/Prior",
            "Close prior",
            (),
            "The open stack alone again",
            step(without_prior),
            lambda state: state.prior is not None or state.prior_refusal is not None,
        ),
    )


def _cine_commands(step: Step) -> tuple[Command, ...]:
    def speed(name: str, text: str, key: str, tooltip: str, steps: int) -> Command:
        return Command(
            name,
            "View/Cine",
            text,
            (key,),
            tooltip,
            step(lambda state: replace(state, cine=faster(state.cine, steps))),
            has_image,
        )

    return (
        Command(
            "cine",
            "View/Cine",
            "Cine",
            ("C",),
            "Slices pass by themselves until the next scroll",
            step(cine_toggled),
            has_image,
            lambda state: state.cine.is_running,
        ),
        speed("cine-faster", "Faster", "Alt+Right", "More frames per second, up to 30", 1),
        speed("cine-slower", "Slower", "Alt+Left", "Fewer frames per second, down to 1", -1),
        Command(
            "cine-bounce",
            "View/Cine",
            "Bounce",
            (),
            "Turn round at the ends instead of going on at the other end",
            step(lambda state: replace(state, cine=replace(state.cine, bounces=not state.cine.bounces))),
            has_image,
            lambda state: state.cine.bounces,
        ),
    )


def _key_image_commands(step: Step) -> tuple[Command, ...]:
    def to(name: str, text: str, key: str, tooltip: str, steps: int) -> Command:
        return Command(
            name,
            "View/Key images",
            text,
            (key,),
            tooltip,
            step(lambda state: next_key_image(state, steps)),
            lambda state: bool(state.work.key_images),
        )

    return (
        Command(
            "key-image",
            "View/Key images",
            "Key image",
            ("K",),
            "Mark the slice in view, or take the mark back",
            step(key_image_marked),
            has_image,
            lambda state: state.slice_index in state.work.key_images,
        ),
        to("key-image-up", "Next key image", "Ctrl+Up", "Next key image upwards", 1),
        to("key-image-down", "Previous key image", "Ctrl+Down", "Next key image downwards", -1),
    )
