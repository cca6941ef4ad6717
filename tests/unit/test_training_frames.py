"""Framed slices from a prepared source are what the viewer feeds to the network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from builders import make_volume
from numpy.typing import NDArray

from ichviewer.core.phantom import make_phantom
from ichviewer.core.phantom_spec import small_demo_spec
from ichviewer.core.preprocessing import Framing, PreprocessingSpec, preprocess_volume_slice
from ichviewer.core.progress import ReportProgress, ignore_progress
from ichviewer.core.windowing import BRAIN, Window
from training.fit.batches import still_batch
from training.fit.channels import distinct_channels
from training.fit.frames import framed_classes, mapped_frames, prepared_frames
from training.prepare.prepared import PreparedSource, open_prepared
from training.prepare.write import prepare
from training.recipe.read import named_recipe
from training.runs.material import Material, learning_rows
from training.sources.labeled_slice import LabeledSlice, LabelSet, Need, SliceImage, image_from_hu

HEAD = make_phantom(small_demo_spec())
SPACING = (0.9, 0.9)


@dataclass(frozen=True)
class OneSeries:
    """The demo's head as a source whose slices lie *gap_mm* apart; rows in no order."""

    gap_mm: float
    name: str = "one_series"
    offers: frozenset[Need] = frozenset()
    citation: str = ""

    def read_rows(self, report: ReportProgress) -> LabelSet:
        order = np.random.default_rng(0).permutation(len(HEAD.hu))
        return LabelSet(
            tuple(
                LabeledSlice(
                    self.name, f"s{n}", Path(f"s{n}"), "p", None, tuple(map(int, HEAD.labels[n])),
                    study="t", series="u", position_mm=n * self.gap_mm,
                )
                for n in map(int, order)
            )
        )  # fmt: skip

    def read_images(self, rows: Sequence[LabeledSlice]) -> Iterator[SliceImage]:
        for row in rows:
            number = int(row.name[1:])
            bits = sum(mask[number].astype(np.uint8) << (k + 1) for k, mask in enumerate(HEAD.masks.values()))
            yield image_from_hu(HEAD.hu[number], SPACING, np.asarray(bits, dtype=np.uint8))


def prepared(folder: Path, gap_mm: float, name: str = "one_series") -> PreparedSource:
    prepare(OneSeries(gap_mm, name), folder, None, 0, ignore_progress, allow_empty_class=True)
    return open_prepared(folder)


def spec_of(neighbours: int) -> PreprocessingSpec:
    channels = 2 * (2 * neighbours + 1)
    return replace(
        named_recipe("ichviewer_mobilenet_v2").preprocessing,
        windows=(BRAIN, Window(80, 200)),
        size_px=48,
        neighbours=neighbours,
        mean=(0.4,) * channels,
        std=(0.3,) * channels,
    )


@pytest.mark.parametrize("neighbours", [0, 1])
@pytest.mark.parametrize("gap_mm", [5.0, 1.0], ids=["thick", "thin"])
def test_training_and_viewer_average_and_stack_the_same_slices(
    tmp_path: Path, gap_mm: float, neighbours: int
) -> None:
    """Hazard: a network trained on other slabs, or other neighbours, than it is given in the viewer."""
    spec = spec_of(neighbours)
    volume = make_volume(hu=HEAD.hu, pixel_spacing_mm=SPACING, spacing_mm=gap_mm)
    source = prepared(tmp_path, gap_mm)
    rows = learning_rows(
        Material((source,), source.rows, np.zeros(len(source), np.int64), np.zeros(len(source), np.int64)),
        prepared_frames((source,), spec),
    )
    recipe = replace(named_recipe("ichviewer_mobilenet_v2"), preprocessing=spec)
    members = [np.asarray([index]) for index in range(len(source))]
    batch = still_batch(rows, recipe, members, spec.size_px)
    for index, row in enumerate(source.rows):
        expected = preprocess_volume_slice(volume, int(row.name[1:]), spec).values
        np.testing.assert_array_equal(batch.images[index].numpy(), expected)


def test_masks_are_seen_through_the_frame_of_their_slice(tmp_path: Path) -> None:
    source, spec = prepared(tmp_path, 5.0), spec_of(0)
    frames = prepared_frames((source,), spec)
    index = max(range(len(source)), key=lambda i: int((source.masks(i) > 0).sum()))
    classes = frames.classes(index)
    assert classes is not None
    assert classes.shape == (48, 48)
    number = int(source.rows[index].name[1:])
    there = {k + 1 for k, mask in enumerate(HEAD.masks.values()) if mask[number].any()}
    assert set(np.unique(classes)) - {0} <= there
    share = (classes > 0).mean() / (source.masks(index) > 0).mean()
    frame = frames._framed(index)[1]
    assert share == pytest.approx(HEAD.hu[0].size / (frame.height * frame.width), rel=0.15)


def test_a_frame_that_reaches_outside_sees_nothing_there() -> None:
    classes = np.arange(16).reshape(4, 4)
    seen = framed_classes(classes, Framing(-2, 0, 4, 4), 4)
    assert not seen[:2].any()
    np.testing.assert_array_equal(seen[2:], classes[:2])


def test_frames_are_made_once_and_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, spec = prepared(tmp_path / "s", 5.0), spec_of(1)
    made = prepared_frames((source,), spec)
    first = mapped_frames(made, tmp_path)
    assert first.framed(3).shape == (len(distinct_channels(spec)), 48, 48)
    np.testing.assert_array_equal(first.framed(3), made.framed(3))

    def never(self: object, index: int) -> NDArray[np.float32]:
        raise AssertionError("framed again")

    monkeypatch.setattr(type(made), "framed", never)
    np.testing.assert_array_equal(mapped_frames(made, tmp_path).framed(3), first.framed(3))


def test_two_sources_are_numbered_one_after_the_other(tmp_path: Path) -> None:
    sources = prepared(tmp_path / "a", 5.0), prepared(tmp_path / "b", 1.0, "another")
    frames = prepared_frames(sources, spec_of(0))
    count = len(sources[0])
    np.testing.assert_array_equal(frames.framed(2), prepared_frames(sources[:1], spec_of(0)).framed(2))
    np.testing.assert_array_equal(
        frames.framed(count + 2), prepared_frames(sources[1:], spec_of(0)).framed(2)
    )
    with pytest.raises(IndexError):
        frames.framed(2 * count)
