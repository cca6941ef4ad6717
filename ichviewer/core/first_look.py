"""First look: the network's result stays sealed until the reader has looked, and both readings are kept.

The one thing to get wrong: what a reader writes once the seal is broken was written by someone who may have
seen the scores; it never goes back into the first reading.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from ichviewer.core.coverage import Coverage
from ichviewer.core.findings import Review, StudyFindings

NEEDED_SHARE = 0.95
"""The seal opens by itself once this share of the slices was seen (``core.coverage``)."""

BEFORE, AFTER = "before", "after"
"""``Review.reading``: made without, and with, the network's result in view."""


class Seal(StrEnum):
    """Whether the network's result may be shown, and why."""

    OFF = "off"
    SEALED = "sealed"
    OPENED_BY_COVERAGE = "opened by coverage"
    OPENED_ON_REQUEST = "opened on request"


@dataclass(frozen=True)
class FirstLook:
    """The seal on one study's result, and the reading that was made under it.

    Attributes:
        seal: Off where the reader does not use first look.
        before: The reading while sealed, as it was when the seal broke; empty where there was none.
        share_seen: Share of the slices seen when the seal broke, [0, 1]; None while sealed, or off.
    """

    seal: Seal = Seal.OFF
    before: Review = Review(reading=BEFORE)
    share_seen: float | None = None

    @staticmethod
    def sealed() -> FirstLook:
        """A study that was just opened in first-look mode."""
        return FirstLook(Seal.SEALED)

    @property
    def is_sealed(self) -> bool:
        """Whether nothing of the network's may be shown: no score, flag, ribbon, map, finding or next hit."""
        return self.seal is Seal.SEALED


NO_FIRST_LOOK = FirstLook()


def shown_findings(findings: StudyFindings | None, first_look: FirstLook) -> StudyFindings | None:
    """The findings as far as they may be shown: none while sealed."""
    return None if first_look.is_sealed else findings


def opened_by_coverage(first_look: FirstLook, review: Review, coverage: Coverage) -> tuple[FirstLook, Review]:
    """The seal broken if enough was seen; unchanged otherwise.

    Args:
        first_look: The seal.
        review: The reader's decisions so far.
        coverage: What was seen.

    Returns:
        The seal, and the review to go on with.
    """
    if not first_look.is_sealed or coverage.share() < NEEDED_SHARE:
        return first_look, review
    return _opened(Seal.OPENED_BY_COVERAGE, review, coverage)


def opened_on_request(first_look: FirstLook, review: Review, coverage: Coverage) -> tuple[FirstLook, Review]:
    """The seal broken because the reader asks; unchanged where it is not sealed.

    Returns:
        The seal, and the review to go on with.
    """
    return _opened(Seal.OPENED_ON_REQUEST, review, coverage) if first_look.is_sealed else (first_look, review)


def review_at_start(first_look: FirstLook) -> Review:
    """The empty review of a study that was just opened."""
    return Review(reading=BEFORE if first_look.is_sealed else AFTER)


def both_readings(first_look: FirstLook, review: Review) -> tuple[Review, Review]:
    """The reading before the result was shown and the one after it, for an export.

    Returns:
        (before, after). While sealed, the review is the one before and there is none after; without first
        look there is none before.
    """
    if first_look.is_sealed:
        return replace(review, reading=BEFORE), Review(reading=AFTER)
    return first_look.before, review


def _opened(seal: Seal, review: Review, coverage: Coverage) -> tuple[FirstLook, Review]:
    # The second reading starts from the first: what is not changed, the reader stands by.
    return FirstLook(seal, replace(review, reading=BEFORE), coverage.share()), replace(review, reading=AFTER)


def seal_text(first_look: FirstLook, coverage: Coverage) -> str:
    """A sentence for the place where the scores would stand; empty without first look."""
    if first_look.seal is Seal.OFF:
        return ""
    if first_look.is_sealed:
        return (
            f"First look: the network's result is sealed; {coverage.share():.0%} of the slices seen,"
            f" it opens at {NEEDED_SHARE:.0%} or when you ask."
        )
    how = "opened on request" if first_look.seal is Seal.OPENED_ON_REQUEST else "opened"
    return f"First look: {how} after {first_look.share_seen or 0.0:.0%} of the slices were seen."
