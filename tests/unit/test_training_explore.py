"""The page that says what is in the data, and the forest that is a warning."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from training_data import write_label_sets
from training_trees import EPIDURAL, NO_BLOOD, FakeSlice, write_ct_ich, write_rsna

from ichviewer.core.progress import ignore_progress
from training import cli
from training.derived.khandelwal_clean import KhandelwalClean
from training.explore.defects import defects
from training.explore.forest import (
    ForestResult,
    forest_logits,
    header_matrix,
    metadata_forest,
    require_headers,
)
from training.explore.measure import SourceFacts, measure
from training.explore.page import SECTIONS, explore_page
from training.explore.sheets import sample_indices, twins
from training.explore.tables import co_occurrence, header_split, label_counts, slice_distances
from training.prepare.prepared import open_prepared
from training.prepare.write import prepare
from training.recipe.degrade import NeedError
from training.sources.ct_ich_published import CtIchPublished
from training.sources.labeled_slice import LabeledSlice, Need, Source
from training.sources.picture_sets import PictureSet
from training.sources.rsna_dicom import RsnaDicom


def facts_of(source: Source, folder: Path) -> SourceFacts:
    prepare(source, folder, None, 0, ignore_progress, allow_empty_class=True)
    return measure(open_prepared(folder), ignore_progress)


@pytest.fixture
def rsna(tmp_path: Path) -> SourceFacts:
    return facts_of(RsnaDicom(write_rsna(tmp_path / "rsna")), tmp_path / "rsna_cache")


@pytest.fixture
def ct_ich(tmp_path: Path) -> SourceFacts:
    return facts_of(CtIchPublished(write_ct_ich(tmp_path / "ct_ich")), tmp_path / "ct_ich_cache")


class Page(HTMLParser):
    """Texts, anchors and links of a page; every tag that is opened must be closed."""

    VOID = frozenset({"meta", "img", "br", "link", "path", "use", "rect"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.outside: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids |= {values["id"]} if values.get("id") else set()
        for name in ("href", "src", "xlink:href"):
            target = values.get(name) or ""
            if target.startswith("#"):
                self.links.add(target[1:])
            elif target and not target.startswith("data:"):
                self.outside.append(target)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data + " "


def test_the_page_is_whole_and_asks_for_nothing_outside(rsna: SourceFacts, ct_ich: SourceFacts) -> None:
    text = explore_page([rsna, ct_ich], seed=1)
    page = Page(text)
    assert page.open == []
    assert page.outside == []
    assert "://" not in re.sub(r'xmlns(:\w+)?="[^"]*"|<metadata>.*?</metadata>', "", text, flags=re.DOTALL)
    assert {anchor for anchor, _ in SECTIONS} <= page.ids
    assert page.links <= page.ids
    assert "12 slices from 2 sources" in page.words
    for word in ("Flanders", "Hssayeni", "bits unsigned, intercept -1024", "Header forest", "epidural"):
        assert word in page.words


def test_names_from_files_cannot_break_the_page(tmp_path: Path) -> None:
    slices = [FakeSlice(f"ID_<b>{n}", f"<script>{n}", f"S{n}", 0.0) for n in range(3)]
    facts = facts_of(RsnaDicom(write_rsna(tmp_path / "rsna", slices)), tmp_path / "cache")
    text = explore_page([facts], seed=1)
    assert "<script>" not in text
    assert "<b>" not in text


def test_labels_are_counted_where_they_are_known(rsna: SourceFacts) -> None:
    counts = {count.label: count for count in label_counts(rsna.source.rows)}
    assert (counts["any"].positive, counts["any"].known, counts["any"].patients) == (3, 6, 2)
    assert counts["epidural"].prevalence == pytest.approx(2 / 6)
    unknown = [LabeledSlice("x", "a", Path("a"), "", None, (0,) * 6, known=(False,) * 6)]
    assert (label_counts(unknown)[0].prevalence, label_counts(unknown)[0].patients) == (0.0, None)


def test_labels_that_come_together_are_counted() -> None:
    labels = np.array([[1, 1, 1, 0, 0, 0], [1, 0, 1, 0, 0, 0], [0] * 6], dtype=np.bool_)
    assert co_occurrence(labels)[:3, :3].tolist() == [[2, 1, 2], [1, 1, 1], [2, 1, 2]]


def test_storage_is_split_by_bits_sign_and_intercept(rsna: SourceFacts) -> None:
    assert header_split(rsna.source.rows) == [("16 bits unsigned, intercept -1024", 6, 0.5)]


def test_slice_distance_is_measured_within_a_series(rsna: SourceFacts) -> None:
    assert slice_distances(rsna.source.rows).tolist() == [5.0]


def test_brain_share_is_that_of_brain_pixels(ct_ich: SourceFacts) -> None:
    inside = np.abs(ct_ich.source.hu(0) - 35) < 25
    assert ct_ich.brain_share[0] == pytest.approx(inside.mean(), abs=0.08)
    assert 0.2 < ct_ich.brain_share[0] < 0.5


def test_a_picture_does_not_count_what_its_window_cut_off(tmp_path: Path) -> None:
    folder = write_label_sets(tmp_path, 3, 2)
    facts = facts_of(PictureSet("rsna_png", folder / "rsna_png"), tmp_path / "cache")
    for index in range(len(facts.source)):
        assert facts.brain_share[index] < (facts.source.hu(index) < 72.9).mean()
    assert "windowed: nothing above 73 HU is left, so bone and dense blood look alike" in list(defects(facts))


def test_defects_are_named(tmp_path: Path) -> None:
    folder = write_rsna(tmp_path / "rsna")
    path = folder / "stage_2_train" / "ID_a.dcm"
    path.write_bytes(path.read_bytes()[:-9])
    found = list(defects(facts_of(RsnaDicom(folder), tmp_path / "cache")))
    assert any(line.startswith("damaged: ID_a: the pixel data end after") for line in found)
    assert "1 patient with more than one study" in found
    assert any(line.startswith("subdural is on 1 slice, of 1 known patient: too few") for line in found)


def test_masks_are_held_against_labels(tmp_path: Path) -> None:
    folder = write_ct_ich(tmp_path / "ct_ich")
    labels = folder / "hemorrhage_diagnosis_raw_ct.csv"
    text = labels.read_text(encoding="utf-8")
    text = text.replace("49,3,0,0,0,1,0,0,0", "49,3,0,0,0,0,0,1,0")
    labels.write_text(text.replace("50,1,0,0,0,0,0,1,0", "50,1,0,0,0,1,0,0,0"), encoding="utf-8")
    found = list(defects(facts_of(CtIchPublished(folder), tmp_path / "cache")))
    assert "1 bleeding slices have an empty mask" in found
    assert "1 slices without bleed have a mask" in found


def test_samples_show_every_label_that_is_there(rsna: SourceFacts) -> None:
    names = dict(sample_indices(rsna, seed=1))
    assert set(names) == {"no bleed", "epidural", "subdural"}
    assert rsna.source.rows[names["epidural"]].labels == EPIDURAL


def test_twins_are_of_different_patients(tmp_path: Path) -> None:
    folder = write_rsna(tmp_path / "rsna")
    images = folder / "stage_2_train"
    pixels = (images / "ID_c.dcm").read_bytes()[-2048:]
    for name in ("ID_d", "ID_a"):  # one of another patient, one of the same
        content = (images / f"{name}.dcm").read_bytes()
        (images / f"{name}.dcm").write_bytes(content[:-2048] + pixels)
    facts = facts_of(RsnaDicom(folder), tmp_path / "cache")
    _, pairs = twins([facts], 0.99999, 12)
    names = [facts.source.rows[index].name for index in range(len(facts.source))]
    assert {frozenset(names[index] for _, index in pair[1:]) for pair in pairs} == {
        frozenset(("ID_c", "ID_d")),
        frozenset(("ID_a", "ID_d")),
    }


def header_rows(count: int, told_by_header: bool) -> list[LabeledSlice]:
    """Ten slices a patient; the window of a bleeding patient is another one where *told_by_header*."""
    generator = np.random.default_rng(0)
    rows = []
    for number in range(count):
        patient = number // 10
        bleeds = patient % 2
        window = 80.0 + 40.0 * bleeds * told_by_header
        header = {"window_width": window, "position_z_mm": float(generator.normal()), "rows": 512.0}
        labels = EPIDURAL if bleeds else NO_BLOOD
        rows.append(LabeledSlice("x", str(number), Path("x"), f"P{patient}", None, labels, header=header))
    return rows


def test_the_forest_finds_what_headers_give_away() -> None:
    """Hazard: a network that reads the scanner's habits is taken for one that sees blood."""
    found = metadata_forest(header_rows(240, told_by_header=True), seed=1)
    assert isinstance(found, ForestResult)
    assert found.accuracy == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert found.auc == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert found.weightiest[0][0] == "window_width"
    assert (found.slices, found.patients) == (240, 24)


def test_the_forest_is_at_chance_where_headers_tell_nothing() -> None:
    found = metadata_forest(header_rows(240, told_by_header=False), seed=1)
    assert isinstance(found, ForestResult)
    assert found.accuracy is not None
    assert found.auc is not None
    assert found.accuracy["low"] < 0.5 < found.accuracy["high"]
    assert found.auc["low"] < 0.5 < found.auc["high"]
    assert found.columns == ("position_z_mm",)


def test_the_forest_says_why_it_has_nothing_to_say(rsna: SourceFacts) -> None:
    assert metadata_forest([], 1) == "There are no headers with patients, so nothing to learn it from."
    few = metadata_forest(rsna.source.rows, 1)
    assert isinstance(few, str)
    assert few.startswith("3 slices with and 3 without a bleed")


def test_the_forest_is_scored_on_the_folds_of_a_comparison() -> None:
    """Hazard: a row of the table that was scored on what it learned from."""
    rows = header_rows(240, told_by_header=False)
    folds = np.asarray([int(row.patient[1:]) % 4 for row in rows])
    # Fold 3's labels are turned round: whoever has not seen them is wrong there.
    told = header_rows(240, told_by_header=True)
    turned = [
        replace(row, labels=NO_BLOOD if row.labels[0] else EPIDURAL) if fold == 3 else row
        for row, fold in zip(told, folds, strict=True)
    ]
    logits = forest_logits(turned, folds, (0, 3), seed=1)
    assert np.isnan(logits[(folds == 1) | (folds == 2)]).all()
    bleeds = np.asarray([row.labels[0] for row in turned]) == 1
    assert ((logits > 0) != bleeds)[folds == 3].all()
    assert abs(logits[folds == 3]).max() <= np.log(99.5 / 0.5)


def test_the_forest_learns_from_as_many_slices_with_as_without() -> None:
    rows = header_rows(240, told_by_header=False)
    rows = [row for row in rows if row.labels[0] or int(row.name) % 10 == 0]
    folds = np.asarray([int(row.patient[1:]) % 4 for row in rows])
    logits = forest_logits(rows, folds, range(4), seed=1)
    assert 0.3 < float((logits > 0).mean()) < 0.7
    with pytest.raises(ValueError, match="without fold 0 there are not both"):
        forest_logits(
            [row for row in rows if row.labels[0]], folds[[r.labels[0] == 1 for r in rows]], (0,), 1
        )


def test_sources_without_headers_are_refused_by_name() -> None:
    offers = [("rsna_png", frozenset[Need]()), ("rsna_dicom", frozenset(Need))]
    with pytest.raises(NeedError, match=r"^khandelwal_metadata_forest: rsna_png has no DICOM headers"):
        require_headers(offers)
    require_headers(offers[1:])


def test_no_column_is_a_label_or_an_identity(rsna: SourceFacts) -> None:
    names, values = header_matrix(rsna.source.rows)
    assert values.shape == (6, len(names))
    assert not any(word in name for name in names for word in ("uid", "patient", "label", "instance"))


def test_explore_from_the_command_line(
    tmp_path: Path, rsna: SourceFacts, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "out" / "page.html"
    assert cli.main(["explore", "--cache", str(rsna.source.folder), "--page", str(page)]) == 0
    assert "What is in the data" in page.read_text(encoding="utf-8")
    assert cli.main(["explore", "--cache", str(tmp_path), "--page", str(page)]) == 2
    assert "is no prepared source" in capsys.readouterr().err


def balanced_cache(folder: Path, patients: int) -> Path:
    """A cache of two slices a patient, every other patient bleeding."""
    slices = [
        FakeSlice(f"ID_{p:02d}{n}", f"P{p}", f"S{p}", 5.0 * n, EPIDURAL if p % 2 else NO_BLOOD)
        for p in range(patients)
        for n in range(2)
    ]
    source = RsnaDicom(write_rsna(folder / "rsna", slices, side=64))
    prepare(source, folder / "cache", None, 0, ignore_progress, allow_empty_class=True)
    return folder / "cache"


def test_the_clean_slices_are_made_by_name_with_their_figures(tmp_path: Path) -> None:
    cache, clean = balanced_cache(tmp_path, 6), tmp_path / "clean"
    assert cli.main(["data", "khandelwal_clean", "--cache", str(cache), "--to", str(clean)]) == 0
    assert open_prepared(clean).name == "khandelwal_clean"
    page = Page((clean / "figures.html").read_text(encoding="utf-8"))
    for words in ("6 slices with blood and 6 without were kept", "16 bits unsigned", "turned by 15"):
        assert words in page.words


def test_the_forest_is_made_by_name_and_refuses_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache, to = balanced_cache(tmp_path, 24), tmp_path / "forest"
    arguments = ["data", "khandelwal_metadata_forest", "--to", str(to), "--cache"]
    assert cli.main([*arguments, str(cache)]) == 0
    found = json.loads((to / "forest.json").read_text(encoding="utf-8"))
    assert found["row"] == "khandelwal_metadata_forest"
    assert (found["slices"], found["reported_accuracy"]) == (48, 0.5)
    assert found["accuracy"]["low"] <= found["accuracy"]["value"] <= found["accuracy"]["high"]
    pictures = PictureSet("rsna_png", write_label_sets(tmp_path / "data", 3, 2) / "rsna_png")
    prepare(pictures, tmp_path / "pictures", None, 0, ignore_progress, allow_empty_class=True)
    assert cli.main([*arguments, str(tmp_path / "pictures")]) == 2
    assert "khandelwal_metadata_forest: rsna_png has no DICOM headers" in capsys.readouterr().err


def test_a_made_slice_is_no_twin_of_its_host(tmp_path: Path) -> None:
    """Hazard: the page warns of the same head twice where one source was made of the other."""
    host = measure(open_prepared(balanced_cache(tmp_path, 6)), ignore_progress)
    clean = facts_of(KhandelwalClean(host.source.folder, 1), tmp_path / "clean")
    # All pairs, however little they are alike.
    _, pairs = twins([host, clean], -1.0, 10_000)
    assert {(first[0], second[0]) for _, first, second in pairs} == {(0, 0), (0, 1), (1, 1)}
    for _, *both in pairs:
        first, second = ((host, clean)[number].source.rows[index] for number, index in both)
        assert first.patient != second.patient
