"""Whether a class map may be believed: what was measured of it, and what follows.

Heat maps persuade even where they are wrong, so each is put to three tests: the tissue under its hottest
part must carry the score, the map must flip with the image, and its heat must lie in the head. The one thing
to get wrong: a map that was never tested did not pass; it has no verdict, which is None.
"""

from __future__ import annotations

from dataclasses import dataclass

HOTTEST_SHARE = 0.10
"""Share of the head that counts as the hottest part of a map."""

RANDOM_AREAS = 10
"""The hottest part is compared with the mean of so many equal areas elsewhere."""

NEEDED_RATIO = 2.0
"""The logit must fall this many times as far as by the random areas."""

SMALLEST_FALL = 0.05
"""A fall below this is none: 0.05 logits change no probability by more than 0.0125."""

SMALLEST_FLIP_CORRELATION = 0.7
"""Of a map with the mirrored slice's, mirrored back: below, they share less than half their variance."""

LARGEST_SHARE_OUTSIDE = 0.20
"""Of a map's heat, outside the head."""


@dataclass(frozen=True)
class MapVerdict:
    """What was measured of one map of one slice and label.

    Attributes:
        fall: How far the label's logit falls when the hottest part of the head is replaced by its
            mirror-image tissue; None where the map has no heat in the head.
        random_fall: Mean of the same for equal areas elsewhere, logit; None where the head has no such area.
        flip_correlation: Pearson correlation of the heat in the head with that of the mirrored slice,
            mirrored back, in [-1, 1].
        share_outside: Share of the heat outside the head, in [0, 1].
    """

    fall: float | None
    random_fall: float | None
    flip_correlation: float
    share_outside: float

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it failed, each a clause of a sentence; empty for a map that passed."""
        if self.fall is None or self.random_fall is None:
            return ("it has no heat in the head",)
        reasons = []
        if self.fall < SMALLEST_FALL:
            reasons.append(f"the score does not need its hottest part (logit {-self.fall:+.2f} without)")
        elif self.fall < NEEDED_RATIO * self.random_fall:
            reasons.append(
                f"its hottest part matters little more than any other "
                f"(logit {-self.fall:+.2f} without, {-self.random_fall:+.2f} elsewhere)"
            )
        if self.flip_correlation < SMALLEST_FLIP_CORRELATION:
            reasons.append(f"it does not flip with the image (correlation {self.flip_correlation:.2f})")
        if self.share_outside > LARGEST_SHARE_OUTSIDE:
            reasons.append(f"{self.share_outside:.0%} of its heat lies outside the head")
        return tuple(reasons)

    @property
    def has_passed(self) -> bool:
        """Whether nothing speaks against the map."""
        return not self.reasons

    @property
    def short_reasons(self) -> tuple[str, ...]:
        """The same in two or three words each, for a narrow view."""
        if self.fall is None or self.random_fall is None:
            return ("no heat in head",)
        is_idle = self.fall < max(SMALLEST_FALL, NEEDED_RATIO * self.random_fall)
        checks = (
            (is_idle, "score not from there"),
            (self.flip_correlation < SMALLEST_FLIP_CORRELATION, "does not flip"),
            (self.share_outside > LARGEST_SHARE_OUTSIDE, "outside the head"),
        )
        return tuple(words for has_failed, words in checks if has_failed)


def verdict_text(verdict: MapVerdict | None) -> str:
    """``not checked yet``, ``passed`` or ``failed: reasons``.

    >>> verdict_text(None), verdict_text(MapVerdict(2.0, 0.5, 0.9, 0.05))
    ('not checked yet', 'passed')
    """
    if verdict is None:
        return "not checked yet"
    return "passed" if verdict.has_passed else f"failed: {'; '.join(verdict.reasons)}"


@dataclass(frozen=True)
class SliceVerdicts:
    """Verdicts on the maps of one slice, as the network's process sends them.

    Attributes:
        series_key: ``Series.key`` of the stack that was scored.
        checkpoint_sha256: Hash of the weights.
        slice_index: The slice.
        verdicts: In the order of SUBTYPES; None where a label's map was not checked.
    """

    series_key: str
    checkpoint_sha256: str
    slice_index: int
    verdicts: tuple[MapVerdict | None, ...]
