"""Reading a source once: the cache holds what the source gave, whenever the reading was stopped."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from stub_checkpoint import STUB_SPEC
from training_data import framed_pictures, write_label_sets
from training_trees import SIDE, head, write_ct_ich, write_rsna

from ichviewer.core.preprocessing import frame_slice
from ichviewer.core.progress import Progress, ignore_progress
from ichviewer.core.windowing import Window
from training import cli
from training.fit.channels import distinct_channels
from training.prepare import room, write
from training.prepare.bar import Bar
from training.prepare.layout import COMPLETE, DAMAGED, MASKS, SOURCE, TOC, VALUES
from training.prepare.lock import locked
from training.prepare.prepared import PreparedSource, open_prepared
from training.prepare.room import NoRoomError, require_disk, require_memory
from training.prepare.slice_bytes import at_working_resolution
from training.prepare.write import prepare
from training.sources.ct_ich_published import CtIchPublished
from training.sources.labeled_slice import LabeledSlice, Need, SliceImage, Source, Unreadable, image_from_hu
from training.sources.picture_folder import PictureFolder
from training.sources.picture_sets import PictureSet, read_hu
from training.sources.rsna_dicom import RsnaDicom

ROOT = Path(__file__).resolve().parents[2]
PIXEL_FILES = (VALUES, TOC)


def prepared(source: Source, folder: Path, size_px: int | None = None, processes: int = 0) -> PreparedSource:
    prepare(source, folder, size_px, processes, ignore_progress, allow_empty_class=True)
    return open_prepared(folder)


@pytest.fixture
def rsna(tmp_path: Path) -> RsnaDicom:
    return RsnaDicom(write_rsna(tmp_path / "rsna"))


def test_the_cache_gives_what_the_source_gave(rsna: RsnaDicom, tmp_path: Path) -> None:
    cache = prepared(rsna, tmp_path / "cache")
    rows = rsna.read_rows(ignore_progress).rows
    assert [replace(row, path=Path()) for row in cache.rows] == [replace(row, path=Path()) for row in rows]
    assert [row.header for row in cache.rows] == [row.header for row in rows]
    for index, image in enumerate(rsna.read_images(rows)):
        assert isinstance(image, SliceImage)
        np.testing.assert_array_equal(cache.hu(index), image.hu())
        assert cache.spacing_mm(index) == image.spacing_mm
    assert cache.offers == rsna.offers
    cache.verify()


def test_another_process_opens_the_cache_itself(rsna: RsnaDicom, tmp_path: Path) -> None:
    cache = prepared(rsna, tmp_path / "cache")
    sent = pickle.dumps(cache)
    assert len(sent) < 1_000
    np.testing.assert_array_equal(pickle.loads(sent).hu(2), cache.hu(2))


def test_masks_are_kept(tmp_path: Path) -> None:
    source = CtIchPublished(write_ct_ich(tmp_path / "ct_ich"))
    cache = prepared(source, tmp_path / "cache")
    rows = source.read_rows(ignore_progress).rows
    for index in range(3):
        image = list(source.read_images(rows[:3]))[index]
        assert isinstance(image, SliceImage)
        np.testing.assert_array_equal(cache.masks(index), image.masks)
    cache.verify()


@pytest.mark.parametrize("name", ["ct_ich_v1", "rsna_png"])
def test_cached_pictures_give_the_same_framed_slices_bit_for_bit(tmp_path: Path, name: str) -> None:
    """Hazard: a network trained from the cache on other input than the viewer's."""
    folder = write_label_sets(tmp_path / "data", 3, 2)
    cache = prepared(PictureSet(name, folder / name), tmp_path / "cache")
    rows = [
        replace(row, path=row.path) for row in PictureSet(name, folder / name).read_rows(ignore_progress).rows
    ]
    framed = framed_pictures(rows, STUB_SPEC)
    for index, row in enumerate(rows):
        np.testing.assert_array_equal(cache.hu(index), read_hu(row))
        again, _ = frame_slice(cache.hu(index), cache.spacing_mm(index), STUB_SPEC)
        np.testing.assert_array_equal(again[distinct_channels(STUB_SPEC)], framed[index])


def test_two_processes_write_what_one_writes(rsna: RsnaDicom, tmp_path: Path) -> None:
    prepared(rsna, tmp_path / "one")
    prepared(rsna, tmp_path / "two", processes=2)
    for name in (*PIXEL_FILES, SOURCE, COMPLETE):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_damaged_files_are_listed_and_not_fatal(rsna: RsnaDicom, tmp_path: Path) -> None:
    path = rsna.images / "stage_2_train" / "ID_a.dcm"
    path.write_bytes(path.read_bytes()[:-100])
    cache = prepared(rsna, tmp_path / "cache")
    assert [entry.row.name for entry in cache.damaged] == ["ID_a"]
    assert "ID_a" not in [row.name for row in cache.rows]
    listed = (tmp_path / "cache" / DAMAGED).read_text(encoding="utf-8").splitlines()
    assert listed[0] == "name,file,reason"
    assert listed[1].startswith(f"ID_a,{path},")
    assert "end after" in listed[1]


# Interruption


def test_any_state_that_a_kill_leaves_is_gone_on_from(tmp_path: Path) -> None:
    """Values and their table are cut at many places; what comes out is always the same."""
    source = CtIchPublished(write_ct_ich(tmp_path / "ct_ich"))
    whole = tmp_path / "whole"
    prepared(source, whole)
    toc, values = ((whole / name).read_bytes() for name in (TOC, VALUES))
    generator = np.random.default_rng(0)
    for attempt in range(12):
        folder = tmp_path / f"cut{attempt}"
        shutil.copytree(whole, folder)
        (folder / COMPLETE).unlink()
        (folder / TOC).write_bytes(toc[: generator.integers(len(toc) + 1)])
        (folder / VALUES).write_bytes(values[: generator.integers(len(values) + 1)])
        masks = (folder / MASKS).read_bytes()
        (folder / MASKS).write_bytes(masks[: generator.integers(len(masks) + 1)])
        prepared(source, folder)
        for name in (TOC, VALUES, MASKS, COMPLETE):
            assert (folder / name).read_bytes() == (whole / name).read_bytes(), (attempt, name)


CHILD = """
import sys
from pathlib import Path
from ichviewer.core.progress import ignore_progress
from training.prepare import write
from training.sources.rsna_dicom import RsnaDicom

class Stuck(RsnaDicom):
    def read_images(self, rows):
        if rows[0].study == "S3":
            print("stuck", flush=True)
            sys.stdin.read()
        yield from super().read_images(rows)

write.prepare(Stuck(Path(sys.argv[1])), Path(sys.argv[2]), None, 0, ignore_progress, True)
"""


@dataclass(frozen=True)
class Counting(RsnaDicom):
    """An RSNA source that notes what is read from it."""

    seen: list[str] = field(default_factory=list)

    def read_images(self, rows: Sequence[LabeledSlice]) -> Iterator[SliceImage | Unreadable]:
        self.seen.extend(row.name for row in rows)
        return super().read_images(rows)


@pytest.mark.skipif(os.name == "nt", reason="there is no kill -9")
def test_after_kill_9_reading_goes_on_where_it_stopped(rsna: RsnaDicom, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    arguments = [sys.executable, "-c", CHILD, str(rsna.images), str(tmp_path / "killed")]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=ROOT
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"stuck\n"
        child.send_signal(signal.SIGKILL)
    with pytest.raises(ValueError, match="has not been prepared to its end"):
        open_prepared(tmp_path / "killed")
    source = Counting(rsna.images)
    prepared(source, tmp_path / "killed")
    assert source.seen == ["ID_d"]
    prepared(rsna, tmp_path / "undisturbed")
    for name in (*PIXEL_FILES, COMPLETE):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "undisturbed" / name).read_bytes()


def test_a_complete_cache_is_not_read_again(rsna: RsnaDicom, tmp_path: Path) -> None:
    prepared(rsna, tmp_path / "cache")
    source = Counting(rsna.images)
    prepared(source, tmp_path / "cache")
    assert source.seen == []


def test_progress_counts_what_earlier_runs_have_read(rsna: RsnaDicom, tmp_path: Path) -> None:
    prepared(rsna, tmp_path / "cache")
    toc = tmp_path / "cache" / TOC
    toc.write_bytes(b"".join(toc.read_bytes().splitlines(keepends=True)[:5]))
    reports: list[Progress] = []
    prepare(rsna, tmp_path / "cache", None, 0, reports.append, allow_empty_class=True)
    reading = [(report.done, report.total) for report in reports if report.text == "Reading slices"]
    assert reading == [(5, 6), (6, 6), (6, 6)]


def test_the_bar_shows_throughput_and_remaining_time(capsys: pytest.CaptureFixture[str]) -> None:
    with Bar("slices") as bar:
        bar.show(Progress(5, 10, "Reading slices"))
        bar.show(Progress(10, 10, "Reading slices"))
    shown = capsys.readouterr().err
    assert "Reading slices" in shown
    assert "10/10" in shown
    assert "slices/s" in shown


# What a cache refuses


def test_a_cache_of_another_window_is_refused(tmp_path: Path) -> None:
    """Hazard: grey turned into Hounsfield units by a window that it was not made with."""
    folder = write_label_sets(tmp_path / "data", 3, 2) / "ct_ich_v1"
    lines = (folder / "labels.csv").read_text(encoding="utf-8").splitlines()
    names = ["file,any", *(f"{line.split(',')[2]},{line.split(',')[3]}" for line in lines[1:])]
    (folder / "brain" / "labels.csv").write_text("\n".join(names) + "\n", encoding="utf-8")
    prepared(PictureFolder(folder / "brain", Window(40, 80)), tmp_path / "cache")
    with pytest.raises(ValueError, match=r"remarks is .*width 80.* there and .*width 100"):
        prepared(PictureFolder(folder / "brain", Window(50, 100)), tmp_path / "cache")


def test_two_processes_do_not_prepare_one_folder(rsna: RsnaDicom, tmp_path: Path) -> None:
    """Hazard: every slice twice in a cache, so that a patient's twin may stand on both sides of a split."""
    pytest.importorskip("fcntl")
    folder = tmp_path / "cache"
    folder.mkdir()
    with locked(folder), pytest.raises(ValueError, match=r"cache is being prepared by another process"):
        prepared(rsna, folder)
    assert len(prepared(rsna, folder)) == 6


def test_a_cache_with_rows_twice_is_never_sealed(rsna: RsnaDicom, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    prepared(rsna, folder)
    (folder / COMPLETE).unlink()
    toc = folder / TOC
    toc.write_bytes(toc.read_bytes() * 2)
    with pytest.raises(ValueError, match="lists 12 slices that are not the 6 of"):
        prepared(rsna, folder)
    assert not (folder / COMPLETE).exists()


def test_a_cache_of_other_labels_is_refused(rsna: RsnaDicom, tmp_path: Path) -> None:
    prepared(rsna, tmp_path / "cache")
    labels = rsna.images / "stage_2_train.csv"
    text = labels.read_text(encoding="utf-8")
    labels.write_text(text.replace("ID_e_any,0", "ID_e_any,1").replace("ID_e_subdural,0", "ID_e_subdural,1"))
    with pytest.raises(ValueError, match="was made of something else: rows_sha256"):
        prepared(rsna, tmp_path / "cache")


def test_a_cache_of_another_resolution_is_refused(rsna: RsnaDicom, tmp_path: Path) -> None:
    prepared(rsna, tmp_path / "cache")
    with pytest.raises(ValueError, match="size_px is None there and 16 now"):
        prepared(rsna, tmp_path / "cache", 16)


def test_a_changed_cache_is_noticed(rsna: RsnaDicom, tmp_path: Path) -> None:
    cache = prepared(rsna, tmp_path / "cache")
    values = tmp_path / "cache" / VALUES
    content = bytearray(values.read_bytes())
    content[3 * 2 * SIDE * SIDE] ^= 1
    values.write_bytes(bytes(content))
    with pytest.raises(ValueError, match="slice ID_f has changed"):
        open_prepared(cache.folder).verify()
    toc = tmp_path / "cache" / TOC
    toc.write_text(toc.read_text(encoding="utf-8").replace('"ID_f"', '"ID_F"'), encoding="utf-8")
    with pytest.raises(ValueError, match=r"toc\.jsonl has changed"):
        open_prepared(cache.folder)


def test_too_little_disk_is_said_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(NoRoomError, match=r"needs about 98\.7 GB on disk; .* has 50\.0 GB free"):
        require_disk(tmp_path / "cache", 752_803 * 2 * 256 * 256, "The cache", free_bytes=50_000_000_000)
    require_disk(tmp_path / "cache", 1_000, "The cache")


def test_prepare_asks_for_room_first(
    rsna: RsnaDicom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "free_disk_bytes", lambda folder: 1_000)
    with pytest.raises(NoRoomError, match="The cache of 6 slices needs about"):
        prepared(rsna, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(("masks", "bytes_a_pixel"), [(True, 3), (False, 2)])
def test_room_is_reckoned_from_real_slices_and_their_masks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, masks: bool, bytes_a_pixel: int
) -> None:
    """Pictures have no header that says how large they are; they are larger than 512 in one set."""
    source: Source
    if masks:
        source = CtIchPublished(write_ct_ich(tmp_path / "data"))
        pixels = 6 * SIDE**2
    else:
        source = PictureSet("rsna_png", write_label_sets(tmp_path / "data", 3, 2) / "rsna_png")
        pixels = 6 * 64**2
    asked: list[int] = []
    monkeypatch.setattr(write, "require_disk", lambda folder, needed, what: asked.append(needed))
    prepared(source, tmp_path / "cache")
    assert asked == [bytes_a_pixel * pixels + 6 * write.ROW_BYTES]


def test_too_little_memory_is_said() -> None:
    with pytest.raises(NoRoomError, match=r"about 3\.0 GB of memory; 2\.0 GB are available"):
        require_memory(3_000_000_000, "Reading", free_bytes=2_000_000_000)
    require_memory(1_000, "Reading")


def test_an_empty_class_stops_before_pixels_are_read(rsna: RsnaDicom, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="rsna_dicom has an empty class: intraparenchymal is 0"):
        prepare(rsna, tmp_path / "cache", None, 0, ignore_progress)
    assert not (tmp_path / "cache").exists()


# Working resolution


def test_the_working_resolution_keeps_means_and_extent() -> None:
    image = image_from_hu(head(1, side=64), (0.5, 0.4), masks=(head(1, side=64) > 900).astype(np.uint8))
    small = at_working_resolution(image, 32)
    assert small.stored.shape == (32, 32)
    assert small.spacing_mm == (1.0, 0.8)
    assert small.masks is not None
    assert small.masks.shape == (32, 32)
    assert abs(float(small.stored.mean()) - float(image.stored.mean())) < 5
    # Nothing fades at the border, where a filter that reached outside would find zeros.
    assert (small.stored[0] < -990).all()
    assert at_working_resolution(image, 64) is image
    assert at_working_resolution(image, None) is image


def test_oblong_slices_stay_oblong() -> None:
    image = image_from_hu(np.zeros((40, 64), dtype=np.int16), None)
    assert at_working_resolution(image, 32).stored.shape == (20, 32)


# Command line


def test_prepare_from_the_command_line(
    rsna: RsnaDicom, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["prepare", "--source", "rsna_dicom", "--from", str(rsna.images), "--to", str(tmp_path / "c")]
    assert cli.main([*arguments, "--read-processes", "0"]) == 2
    said = capsys.readouterr().err
    assert f"rsna_dicom in {rsna.images} has an empty class" in said
    assert cli.main([*arguments, "--read-processes", "0", "--allow-empty-class", "--size", "16"]) == 0
    cache = open_prepared(tmp_path / "c")
    assert (cache.size_px, len(cache)) == (16, 6)
    assert Need.SERIES_ORDER in cache.offers
    sealed = json.loads((tmp_path / "c" / COMPLETE).read_text(encoding="utf-8"))
    assert sealed["slices"] == 6
