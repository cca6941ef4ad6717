"""Blood put into healthy slices: where it lies, how bright it is, and whose head it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from healthy_heads import SIDE, SPACING, Heads, healthy_hu
from scipy import ndimage

from ichviewer.core.findings import SUBTYPES, Subtype
from ichviewer.core.progress import ignore_progress
from training.derived.generated_lesions import GeneratedLesions, host_indices, inherited
from training.derived.lesion_anatomy import SliceAnatomy, slice_anatomy
from training.derived.lesion_paint import put_lesion
from training.prepare.prepared import open_prepared
from training.prepare.write import prepare
from training.sources.labeled_slice import (
    Need,
    SliceImage,
)


@pytest.fixture(scope="module")
def anatomy() -> SliceAnatomy:
    found = slice_anatomy(healthy_hu().astype(np.float32), SPACING)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hosts")
    prepare(Heads(), folder, None, 0, ignore_progress, allow_empty_class=True)
    return folder


def test_the_inside_of_the_skull_is_found(anatomy: SliceAnatomy) -> None:
    area = anatomy.inside.sum() * anatomy.pixel_mm2
    assert 10_000 < area < 22_000
    assert 25 < anatomy.brain_hu < 45
    assert anatomy.ventricles.any()
    assert (anatomy.hu[anatomy.ventricles] < 25).mean() > 0.9


def test_a_slice_without_whole_skull_is_no_host() -> None:
    cut = healthy_hu().astype(np.float32)
    cut[:, : SIDE // 2] = -1000
    assert slice_anatomy(cut, SPACING) is None
    assert slice_anatomy(np.full((64, 64), -1000, dtype=np.float32), None) is None


@pytest.mark.parametrize("subtype", SUBTYPES[1:])
def test_blood_is_as_bright_as_blood_and_inside_the_skull(anatomy: SliceAnatomy, subtype: Subtype) -> None:
    """Hazard: a network that learns to find what no bleed looks like."""
    made = [put_lesion(anatomy, subtype, np.random.default_rng(n)) for n in range(8)]
    lesions = [lesion for lesion in made if lesion is not None]
    assert len(lesions) >= 3
    for lesion in lesions:
        mask = lesion.masks > 0
        assert mask.sum() * anatomy.pixel_mm2 >= 30
        assert not (mask & ~anatomy.inside).any()
        assert set(np.unique(lesion.masks)) == {0, 1 | 1 << SUBTYPES.index(subtype)}
        assert 50 <= lesion.blood_hu <= 90
        assert 40 <= np.median(lesion.hu[mask]) <= 92
        outside = ~anatomy.inside
        np.testing.assert_array_equal(lesion.hu[outside], anatomy.hu[outside])


def test_epidural_and_subdural_lie_under_the_skull(anatomy: SliceAnatomy) -> None:
    for subtype in (Subtype.EPIDURAL, Subtype.SUBDURAL):
        for seed in range(6):
            lesion = put_lesion(anatomy, subtype, np.random.default_rng(seed))
            if lesion is not None:
                depth = anatomy.depth_mm[lesion.masks > 0]
                assert depth.min() < 3
                assert depth.max() < 32


def test_blood_in_the_ventricles_stays_there(anatomy: SliceAnatomy) -> None:
    lesion = put_lesion(anatomy, Subtype.INTRAVENTRICULAR, np.random.default_rng(1))
    assert lesion is not None
    assert anatomy.fluid[lesion.masks > 0].min() > 0.2


def grain(hu: np.ndarray, where: np.ndarray) -> float:
    """Standard deviation of the difference between neighboring pixels, which no smooth shade adds to."""
    both = where[:, 1:] & where[:, :-1]
    return float(np.diff(hu, axis=1)[both].std())


def test_edges_are_partial_volume_and_noise_is_the_slices_own(anatomy: SliceAnatomy) -> None:
    """Hazard: blood that is found by its smoothness or by its sharp edge."""
    plain = anatomy.inside & (anatomy.depth_mm > 8) & (anatomy.fluid < 0.05)
    own = grain(anatomy.hu, plain)
    ratios = []
    for seed in range(12):
        lesion = put_lesion(anatomy, Subtype.INTRAPARENCHYMAL, np.random.default_rng(seed))
        if lesion is None or (lesion.masks > 0).sum() < 400:
            continue
        core = ndimage.binary_erosion(lesion.masks > 0, iterations=3)
        ratios.append(grain(lesion.hu, core) / own)
        change = np.abs(lesion.hu - anatomy.hu)
        between = (change > 4) & (change < 0.7 * (lesion.blood_hu - anatomy.brain_hu)) & (lesion.masks == 0)
        assert between.any()
    assert 0.6 < np.median(ratios) < 1.6


@pytest.mark.parametrize("subtype", SUBTYPES[1:])
def test_the_control_is_the_same_edit_without_blood(anatomy: SliceAnatomy, subtype: Subtype) -> None:
    """Hazard: a gain that comes from the traces of editing."""
    for seed in range(5):
        blood = put_lesion(anatomy, subtype, np.random.default_rng(seed))
        control = put_lesion(anatomy, subtype, np.random.default_rng(seed), has_contrast=False)
        assert (blood is None) == (control is None)
        if blood is None or control is None:
            continue
        np.testing.assert_array_equal(control.masks, blood.masks)
        mask = control.masks > 0
        assert abs(float((control.hu - anatomy.smooth)[mask].mean())) < 2.5
        assert not np.array_equal(control.hu, anatomy.hu)


def test_patients_with_any_bleed_are_no_hosts(hosts: Path) -> None:
    rows = open_prepared(hosts).rows
    assert [rows[index].name for index in host_indices(rows)] == ["h0", "h1", "h2"]
    unknown = [replace(row, known=(False,) * 6) for row in rows]
    assert not len(host_indices(unknown))


def test_generated_slices_are_a_source_like_any_other(hosts: Path, tmp_path: Path) -> None:
    source = GeneratedLesions(hosts, 5, seed=1)
    prepare(source, tmp_path / "cache", None, 0, ignore_progress, allow_empty_class=True)
    cache = open_prepared(tmp_path / "cache")
    assert [np.flatnonzero(row.labels).tolist() for row in cache.rows] == [[0, n] for n in range(1, 6)]
    assert cache.offers == {Need.SPACING, Need.MASKS}
    again = list(source.read_images(source.read_rows(ignore_progress).rows))
    prepared = open_prepared(hosts)
    for index, image in enumerate(again):
        assert isinstance(image, SliceImage)
        np.testing.assert_array_equal(cache.stored(index), image.stored)
        masks = cache.masks(index)
        assert masks is not None
        assert (masks > 0).any()
        host = [row.name for row in prepared.rows].index((cache.rows[index].host or ("", ""))[1])
        changed = cache.hu(index) != prepared.hu(host)
        assert 0 < changed.mean() < 0.35


def test_a_generated_slice_is_in_its_hosts_fold(hosts: Path) -> None:
    """Hazard: a validation patient's head is learned from because blood was drawn into it."""
    generated = GeneratedLesions(hosts, 6, seed=2).read_rows(ignore_progress).rows
    rows = open_prepared(hosts).rows
    folds = np.arange(len(rows))
    for row, fold in zip(generated, inherited(generated, rows, folds), strict=True):
        assert (rows[fold].source, rows[fold].name) == row.host
    with pytest.raises(ValueError, match=r"has the host .*heads.*h"):
        inherited(generated, rows[3:], folds[3:])


def test_the_control_has_a_name_of_its_own(hosts: Path) -> None:
    assert GeneratedLesions(hosts, 1, 1, has_contrast=False).name == "generated_lesions_control"
