"""The token that stops a long function."""

from __future__ import annotations

import pytest

from ichviewer.core.progress import Cancelled, CancelToken, Progress, ignore_progress


def test_a_fresh_token_lets_the_work_go_on() -> None:
    token = CancelToken()
    token.raise_if_cancelled()
    assert not token.is_cancelled


def test_a_cancelled_token_stops_the_work_and_stays_cancelled() -> None:
    token = CancelToken()
    token.cancel()
    token.cancel()
    assert token.is_cancelled
    with pytest.raises(Cancelled):
        token.raise_if_cancelled()


def test_tokens_are_independent() -> None:
    """Hazard: cancelling an analysis must not stop the reading of the next study."""
    cancelled, other = CancelToken(), CancelToken()
    cancelled.cancel()
    assert not other.is_cancelled


def test_progress_can_be_ignored() -> None:
    assert ignore_progress(Progress(1, 2, "reading")) is None
