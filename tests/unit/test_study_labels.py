"""Labels of whole studies: taught where the recipe asks for them, refused where it does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fit_data import spots
from training_data import small_recipe, train_options
from training_trees import write_cq500

from training.fit.distributed import Processes
from training.judge.predictions import NOT_SAID, load_predictions, save_predictions
from training.judge.study_level import studies_of
from training.prepare.write import prepare
from training.recipe.read import named_recipe, recipe_to_dict
from training.runs.out_of_fold import predictions_of
from training.runs.run_folders import WEIGHTS, learned_rows, run_folder
from training.runs.study_labels import refuse_labels_of_studies, study_labels, with_study_labels
from training.runs.train import make_ready, train_recipe
from training.sources import LabeledSlice
from training.sources.cq500 import Cq500
from training.sources.labeled_slice import NONE_KNOWN

NONE = (0, 0, 0, 0, 0, 0)
SUBDURAL = (1, 0, 0, 0, 0, 1)
UNNAMED = (1, 0, 0, 0, 0, 0)
ALL = (True,) * 6
CASTRO = named_recipe("castro_cnn4")


def of_study(study: str, said: tuple[int, ...], slices: int = 2) -> list[LabeledSlice]:
    """Slices as CQ500 gives them: only what the study lacks is known of a slice."""
    known = NONE_KNOWN if said == UNNAMED else tuple(not label for label in said)
    return [
        LabeledSlice(
            "cq500", f"{study}_{n}", Path(), study, n, NONE, study=study, known=known, study_labels=said
        )
        for n in range(slices)
    ]


def of_slices(study: str, *labels: tuple[int, ...], known: tuple[bool, ...] = ALL) -> list[LabeledSlice]:
    return [
        LabeledSlice("rsna", f"{study}_{n}", Path(), study, n, each, study=study, known=known)
        for n, each in enumerate(labels)
    ]


def test_every_slice_has_what_the_readers_said_of_its_study() -> None:
    labels, known = study_labels([*of_study("a", SUBDURAL), *of_study("b", NONE)])
    assert labels.astype(int).tolist() == [list(SUBDURAL)] * 2 + [list(NONE)] * 2
    assert known.all()


def test_blood_of_which_the_kind_is_not_named_may_be_of_any_kind() -> None:
    """Hazard: blood of unknown kind learned as no kind of blood."""
    labels, known = study_labels(of_study("a", UNNAMED, slices=1))
    assert (labels[0].astype(int).tolist(), known[0].tolist()) == (list(UNNAMED), [True] + [False] * 5)


def test_where_slices_have_labels_a_study_has_theirs_together() -> None:
    labels, known = study_labels([*of_slices("a", NONE, SUBDURAL), *of_slices("b", NONE)])
    assert labels.astype(int).tolist() == [list(SUBDURAL)] * 2 + [list(NONE)]
    assert known.all()


def test_a_study_lacks_nothing_that_was_not_looked_for_in_all_its_slices() -> None:
    rows = [*of_slices("a", SUBDURAL), *of_slices("a", NONE, known=NONE_KNOWN)]
    labels, known = study_labels(rows)
    assert labels[:, 5].all()
    assert known.tolist() == [[True, False, False, False, False, True]] * 2


def test_a_slice_without_study_is_one_of_its_own() -> None:
    rows = [replace(row, study="", patient="") for row in of_slices("a", NONE, SUBDURAL)]
    assert study_labels(rows)[0].astype(int).tolist() == [list(NONE), list(SUBDURAL)]


def test_what_was_said_of_a_study_judges_its_score(tmp_path: Path) -> None:
    """Hazard: bleeding studies of which no slice was read left out of every figure, or counted as healthy."""
    rows = [
        replace(row, position_mm=5.0 * number)
        for study, said in (("a", SUBDURAL), ("b", NONE), ("c", UNNAMED))
        for number, row in enumerate(of_study(study, said))
    ]
    patients = np.repeat(np.arange(3), 2)
    found = predictions_of(rows, np.zeros((6, 6)), patients, patients, smoothing_mm=0.0)
    save_predictions(tmp_path / "p.npz", found)
    studies = studies_of(np.full((6, 6), 0.5), load_predictions(tmp_path / "p.npz"))
    assert studies.labels.astype(int).tolist() == [list(SUBDURAL), list(NONE), list(UNNAMED)]
    assert studies.known.tolist() == [[True] * 6, [True] * 6, [True, *[False] * 5]]
    # Of slices nothing is claimed.
    assert not found.known[:2, [0, 5]].any()


def test_predictions_of_slices_alone_are_kept_as_before(tmp_path: Path) -> None:
    rows = of_slices("a", NONE, SUBDURAL)
    found = predictions_of(rows, np.zeros((2, 6)), np.zeros(2, np.int64), np.zeros(2, np.int64), 0.0)
    save_predictions(tmp_path / "p.npz", found)
    with np.load(tmp_path / "p.npz") as kept:
        assert "study_said" not in kept.files
    assert (load_predictions(tmp_path / "p.npz").study_said == NOT_SAID).all()


def test_a_source_of_studies_is_refused_by_a_recipe_of_slices() -> None:
    """Hazard: hours of training on a source in which no slice is known to bleed."""
    rows = [*of_study("a", SUBDURAL), *of_study("b", NONE), *of_slices("c", SUBDURAL)]
    with pytest.raises(
        ValueError, match=r'cq500 says which studies bleed.*castro_cnn4.*label_level = "study"'
    ):
        refuse_labels_of_studies(CASTRO, rows, is_allowed=False)
    (words,) = refuse_labels_of_studies(CASTRO, rows, is_allowed=True)
    assert "bleed-free studies alone" in words
    assert not refuse_labels_of_studies(replace(CASTRO, label_level="study"), rows, is_allowed=False)
    assert not refuse_labels_of_studies(CASTRO, of_slices("c", SUBDURAL), is_allowed=False)


def test_a_recipe_of_slices_is_written_as_before_studies_were_a_choice() -> None:
    """Else runs that are finished would be trained again."""
    assert "label_level" not in recipe_to_dict(CASTRO)
    assert recipe_to_dict(replace(CASTRO, label_level="study"))["label_level"] == "study"


def test_cq500_teaches_every_slice_its_study_label(tmp_path: Path) -> None:
    """Hazard: the slices of bleeding studies left out, or learned as healthy, without a word."""
    bleeding, healthy = ["ICH SDH"] * 3, [""] * 3
    votes = {number: bleeding if number % 2 else healthy for number in range(1, 9)}
    source = Cq500(write_cq500(tmp_path / "cq500", votes, slices=3))
    folder = tmp_path / "work" / "prepared" / "cq500"
    prepare(source, folder, 64, 0, lambda progress: None, allow_empty_class=True)
    recipe = small_recipe(generated_share=0.0, sources=("cq500",), labels="binary", label_level="study")
    recipe = replace(recipe, loss=replace(recipe.loss, label_weights=()))
    options = train_options(tmp_path, tmp_path / "work", fold="0", steps=1)
    ready = make_ready(recipe, options, Processes())
    learned, _ = learned_rows(recipe, ready.material, ready.rows, 0)
    said = {ready.material.rows[i].patient: int(learned.labels[i, 0]) for i in learned.indices}
    assert said == {patient: int(patient[-1]) % 2 for patient in said}
    assert set(said.values()) == {0, 1}
    # What it is judged by are the slices' own labels, of which a bleeding study has none.
    assert not ready.rows.labels.any()
    train_recipe(recipe, options)
    assert (run_folder(tmp_path / "work", recipe, 0) / WEIGHTS).exists()


def test_rows_keep_all_but_their_labels() -> None:
    rows = spots(4)
    taught = with_study_labels(rows, [*of_study("a", SUBDURAL), *of_study("b", NONE)])
    assert taught.labels.dtype == np.float32
    assert taught.indices is rows.indices
