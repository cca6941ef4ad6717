"""The data step of one report: what it keeps, and what is left of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from training_trees import EPIDURAL, NO_BLOOD, FakeSlice, write_rsna

from ichviewer.core.progress import ignore_progress
from training.derived.khandelwal_clean import KhandelwalClean, cropped_grey, equalizing_levels
from training.derived.open_source import SourceOptions, open_source
from training.prepare.prepared import PreparedSource, open_prepared
from training.prepare.write import prepare
from training.sources.brain_share import brain_share
from training.sources.labeled_slice import Need
from training.sources.rsna_dicom import RsnaDicom

SLICES = [
    FakeSlice(f"ID_{n}", f"P{n}", f"S{n}", 0.0, EPIDURAL if n in (1, 2, 3) else NO_BLOOD) for n in range(9)
]


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    tree = write_rsna(tmp_path / "rsna", SLICES, side=64)
    path = tree / "stage_2_train" / "ID_3.dcm"  # a bleeding slice that shows air alone
    content = path.read_bytes()
    path.write_bytes(content[: -2 * 64 * 64] + np.full(64 * 64, 24, dtype="<u2").tobytes())
    prepare(RsnaDicom(tree), tmp_path / "cache", None, 0, ignore_progress, allow_empty_class=True)
    return tmp_path / "cache"


def cleaned(cache: Path, seed: int = 1) -> PreparedSource:
    source = open_source("khandelwal_clean", cache, SourceOptions(seed=seed))
    folder = cache.parent / f"clean{seed}"
    prepare(source, folder, None, 0, ignore_progress, allow_empty_class=True)
    return open_prepared(folder)


def test_as_many_with_blood_as_without_and_little_brain_dropped(cache: Path) -> None:
    clean = cleaned(cache)
    names = [row.name for row in clean.rows]
    assert sum(row.labels[0] for row in clean.rows) == 2
    assert len(names) == 4
    assert "ID_3" not in names
    assert "1 slices with less than 20% brain were dropped, 1 bleeding" in clean.remarks
    assert clean.rows[0].header["bits_stored"] == 16
    assert clean.rows[0].host == ("rsna_dicom", names[0])
    assert Need.SERIES_ORDER not in clean.offers


def test_the_lot_is_drawn_by_the_seed(cache: Path) -> None:
    first, again = (
        KhandelwalClean(cache, seed=4).read_rows(ignore_progress).rows,
        KhandelwalClean(cache, seed=4).read_rows(ignore_progress).rows,
    )
    assert first == again
    drawn = {
        tuple(r.name for r in KhandelwalClean(cache, s).read_rows(ignore_progress).rows) for s in range(9)
    }
    assert len(drawn) > 1


def test_what_a_jpeg_keeps_is_close_to_the_brain_it_was_made_of(cache: Path) -> None:
    clean, source = cleaned(cache), open_prepared(cache)
    assert clean.hu(0).shape == (256, 256)
    index = [row.name for row in source.rows].index(clean.rows[0].name)
    middle = np.median(clean.hu(0)[112:144, 64:96])
    assert middle == pytest.approx(np.median(source.hu(index)[28:36, 16:24]), abs=3)
    assert clean.spacing_mm(0)[0] < source.spacing_mm(index)[0]


def test_every_grey_level_holds_as_many_pixels() -> None:
    values = np.concatenate([np.random.default_rng(0).normal(35, 8, 50_000), np.full(20_000, -1000.0)])
    levels = equalizing_levels(values)
    assert (np.diff(levels) > 0).all()
    grey = np.interp(values[:50_000], levels, np.arange(256))
    counts = np.histogram(grey, bins=16, range=(80, 250))[0]
    assert counts.max() < 1.3 * counts.min()


def test_the_picture_is_eight_bits_of_the_head(cache: Path) -> None:
    source = open_prepared(cache)
    levels = equalizing_levels(source.hu(0))
    picture = cropped_grey(source.hu(0), source.spacing_mm(0), levels)
    assert picture.dtype == np.uint8
    assert brain_share(levels[picture]) > brain_share(source.hu(0))
