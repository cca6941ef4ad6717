"""The reader's decisions on the study as a whole, kept in agreement.

The one thing to get wrong: a study with an accepted subtype never has ``any`` rejected, as for slices.
"""

from __future__ import annotations

from ichviewer.core.findings import SUBTYPES, Decision, Review, Subtype
from ichviewer.core.reader_edits import review_changed
from ichviewer.core.viewstate import ViewState, with_edit


def with_study_decided(review: Review, subtype: Subtype, decision: Decision | None) -> Review:
    """One label of the study decided, and what contradicts it taken along; None takes a decision away."""
    review = review.with_study_decision(subtype, decision)
    if subtype is not Subtype.ANY and decision is Decision.ACCEPTED:
        if review.study_decision(Subtype.ANY) is Decision.REJECTED:
            review = review.with_study_decision(Subtype.ANY, None)
    elif subtype is Subtype.ANY and decision is Decision.REJECTED:
        for other in SUBTYPES[1:]:
            if review.study_decision(other) is Decision.ACCEPTED:
                review = review.with_study_decision(other, Decision.REJECTED)
    return review


def study_decided(state: ViewState, subtype: Subtype, decision: Decision) -> ViewState:
    """One label of the study accepted or rejected; the same decision again takes it back."""
    is_again = state.review.study_decision(subtype) is decision
    words = {Decision.ACCEPTED: "accept", Decision.REJECTED: "reject"}
    deed = "take back the decision on" if is_again else words[decision]
    after = None if is_again else decision
    return with_edit(
        state,
        lambda work, history: review_changed(
            work,
            history,
            lambda review: with_study_decided(review, subtype, after),
            f"{deed} {subtype} for the study",
        ),
    )
