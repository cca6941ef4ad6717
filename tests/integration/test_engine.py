"""The network in its own process: same results, and it can be stopped, killed and asked again."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from builders import make_volume
from stub_checkpoint import save_stub_checkpoint

from ichviewer.controller import Controller
from ichviewer.core.errors import InferenceError
from ichviewer.core.findings import SliceFinding, SliceResult
from ichviewer.core.heatmap import CLOSED_FORM
from ichviewer.core.map_verdict import SliceVerdicts
from ichviewer.core.progress import Cancelled, CancelToken, Progress
from ichviewer.inference.check_maps import check_maps
from ichviewer.inference.checkpoint import load_checkpoint
from ichviewer.inference.device import choose_device
from ichviewer.inference.engine import Engine
from ichviewer.inference.predict import on_device, predict


@pytest.fixture(scope="module")
def card_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_stub_checkpoint(tmp_path_factory.mktemp("checkpoint"), architecture="mobilenet_v2")


@pytest.fixture(scope="module")
def engine(card_path: Path) -> Iterator[Engine]:
    """One engine for the whole file: its child takes seconds to import torch."""
    one = Engine(card_path, "cpu")
    yield one
    one.close()


def scores(engine: Engine, order: list[int], **changes: object) -> dict[int, SliceFinding]:
    found: dict[int, SliceFinding] = {}
    volume = make_volume(6, **changes)
    engine.predict(
        volume,
        order,
        lambda results: found.update({each.finding.slice_index: each.finding for each in results}),
        CancelToken(),
    )
    return found


def test_the_child_names_its_device(engine: Engine) -> None:
    assert engine.wait_until_ready(CancelToken()) == "CPU"


def test_the_child_gives_what_the_network_gives_here(engine: Engine, card_path: Path) -> None:
    here = chain(*predict(make_volume(6), load_checkpoint(card_path), choose_device("cpu")))
    there = scores(engine, list(range(6)))
    for finding in here:
        assert there[finding.slice_index].probabilities == pytest.approx(finding.probabilities, abs=1e-6)
        np.testing.assert_allclose(there[finding.slice_index].class_maps, finding.class_maps, atol=1e-4)


def test_results_do_not_depend_on_the_slice_in_view(engine: Engine) -> None:
    """Hazard: two readers of one study get two sets of scores."""
    upwards, downwards = scores(engine, [0, 1, 2, 3, 4, 5]), scores(engine, [5, 4, 3, 2, 1, 0])
    for index in range(6):
        assert upwards[index].probabilities == downwards[index].probabilities
        assert np.array_equal(upwards[index].class_maps, downwards[index].class_maps)
        assert upwards[index].peak == downwards[index].peak


def test_results_arrive_in_the_order_asked_for(engine: Engine) -> None:
    assert list(scores(engine, [3, 2, 4, 1])) == [3, 2, 4, 1]


def test_unreadable_slices_get_no_score(engine: Engine) -> None:
    """Hazard: a slice without an image is scored as one without bleeding."""
    assert list(scores(engine, list(range(6)), unreadable={2: "damaged"})) == [0, 1, 3, 4, 5]


def test_a_canceled_analysis_stops_and_the_next_one_is_whole(engine: Engine) -> None:
    """Hazard: late results of the study before land on the study now open."""
    cancel, seen = CancelToken(), []

    def first(results: tuple[SliceResult, ...]) -> None:
        seen.extend(result.finding.slice_index for result in results)
        cancel.cancel()

    with pytest.raises(Cancelled):
        engine.predict(make_volume(6), range(6), first, cancel)
    assert seen == [0]
    assert sorted(scores(engine, list(range(6)))) == list(range(6))


def test_another_method_gives_a_map(engine: Engine) -> None:
    values = engine.explain(make_volume(6), 2, 5, "Grad-CAM++", CancelToken())
    assert values.ndim == 2
    assert np.isfinite(values).all()


def test_an_unknown_method_is_an_error_and_the_child_lives(engine: Engine) -> None:
    with pytest.raises(InferenceError, match="Tea leaves"):
        engine.explain(make_volume(6), 2, 5, "Tea leaves", CancelToken())
    assert len(scores(engine, [0])) == 1


def test_a_killed_child_is_said_and_replaced(card_path: Path) -> None:
    """Hazard: a network that died looks like one that found nothing."""
    one = Engine(card_path, "cpu")
    one.wait_until_ready(CancelToken())

    def kill(_results: tuple[SliceResult, ...]) -> None:
        os.kill(one.process_id, signal.SIGKILL)

    with pytest.raises(InferenceError, match="ended unexpectedly"):
        one.predict(make_volume(6), range(6), kill, CancelToken())
    assert len(scores(one, [0, 1])) == 2
    one.close()


def test_a_missing_checkpoint_is_an_error_in_words(tmp_path: Path) -> None:
    one = Engine(tmp_path / "absent.json", "cpu")
    with pytest.raises(InferenceError, match=r"absent\.json"):
        one.wait_until_ready(CancelToken())


def test_a_smoothed_analysis_counts_every_slice_and_gives_findings_when_they_are_final(
    tmp_path: Path,
) -> None:
    """Hazard: a progress that stands still reads as a network that hangs."""
    card_path = save_stub_checkpoint(tmp_path, architecture="mobilenet_v2", smoothing_mm=10.0)
    controller = Controller(card_path, "cpu", tmp_path)
    steps: list[tuple[list[int], Progress]] = []

    def take(results: tuple[SliceResult, ...], progress: Progress) -> None:
        steps.append(([result.finding.slice_index for result in results], progress))

    volume = make_volume(6)
    try:
        findings = controller.analyze(volume, 3, take, CancelToken())
        from_below = controller.analyze(volume, 0, take, CancelToken())
    finally:
        controller.close()
    assert [given for given, _ in steps[:6]] == [[], [], [3], [2], [4, 5], [0, 1]]
    assert [progress.done for _, progress in steps] == [1, 2, 3, 4, 5, 6] * 2
    assert findings.is_complete
    for one, other in zip(findings.slices, from_below.slices, strict=True):
        assert one.probabilities == other.probabilities


def checked(
    engine: Engine, maps: dict[int, tuple[int, ...]], method: str = CLOSED_FORM
) -> list[SliceVerdicts]:
    found: list[SliceVerdicts] = []
    engine.check_maps(make_volume(6), maps, method, found.append, CancelToken())
    return found


def test_the_child_checks_maps_as_it_is_done_here(engine: Engine, card_path: Path) -> None:
    checkpoint, device = on_device(load_checkpoint(card_path), choose_device("cpu")), choose_device("cpu")
    *_passes, here = check_maps(make_volume(6), 2, (0, 4), checkpoint, device)
    (there,) = checked(engine, {2: (0, 4)})
    assert here is not None
    assert (there.series_key, there.checkpoint_sha256) == (here.series_key, here.checkpoint_sha256)
    for own, child in zip(here.verdicts, there.verdicts, strict=True):
        assert (own is None) == (child is None)
        if own is not None and child is not None:
            assert child.share_outside == pytest.approx(own.share_outside, abs=1e-4)
            assert child.flip_correlation == pytest.approx(own.flip_correlation, abs=1e-3)


def test_a_map_of_another_method_can_be_checked(engine: Engine) -> None:
    (found,) = checked(engine, {1: (3,)}, "LayerCAM")
    assert [verdict is None for verdict in found.verdicts] == [True, True, True, False, True, True]


def test_a_slice_whose_maps_cannot_be_checked_costs_that_slice_only(engine: Engine) -> None:
    """Hazard: one strange slice leaves every map of the study without a verdict."""
    assert [found.slice_index for found in checked(engine, {99: (0,), 3: (0,)})] == [3]


def test_a_check_gives_way_to_scores(engine: Engine) -> None:
    """Hazard: the next study waits for the doubts about the last one."""
    cancel = CancelToken()
    found: list[SliceVerdicts] = []

    def take(verdicts: SliceVerdicts) -> None:
        found.append(verdicts)
        cancel.cancel()

    with pytest.raises(Cancelled):
        engine.check_maps(make_volume(6), dict.fromkeys(range(6), (0,)), CLOSED_FORM, take, cancel)
    assert len(found) == 1
    assert set(scores(engine, [0])) == {0}
