"""The page: whole, self-contained, readable; and the pictures on it."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from made_predictions import made_predictions
from numpy.typing import NDArray

from ichviewer.core.findings import SUBTYPES
from training.judge import figures, markup
from training.judge.contact_sheet import worst
from training.judge.decisions import cross_fitted_decisions
from training.judge.differences import paired_differences
from training.judge.judgement import judge
from training.judge.localization import Pointing, localization_figures
from training.judge.page import page

EMPTY_TAGS = {"meta", "img", "br", "path", "use", "rect"}


class Reader(HTMLParser):
    """Collects tags, links and open tags."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.anchors: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attrs)
        self.addresses += [str(given[name]) for name in ("src", "href", "xlink:href") if given.get(name)]
        self.anchors += [str(given["id"])] if given.get("id") else []
        if tag not in EMPTY_TAGS:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in EMPTY_TAGS:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in EMPTY_TAGS:
            assert self.open.pop() == tag


def grey(index: int) -> NDArray[np.uint8]:
    return np.full((32, 32), index % 200, dtype=np.uint8)


@pytest.fixture(scope="module")
def written() -> str:
    predictions = made_predictions()
    decisions = cross_fitted_decisions(predictions)
    maps = [Pointing("closed form", 0, host, host > 4, 0.5, 0.1, True, 0.3) for host in range(20)]
    found = {"drawn heads": localization_figures(maps)}
    worse = made_predictions(noise_seed=1, strength=1.0)
    against = paired_differences(
        predictions, decisions.probabilities, worse, cross_fitted_decisions(worse).probabilities
    )
    values = {
        "measured_on": "out of fold",
        **judge(predictions, decisions, (0.02,)),
        "against": {"another <network>": against},
        "localization": found,
    }
    return page("A page of <tests>", values, predictions, decisions, grey)


def test_the_page_is_whole_and_asks_for_nothing_outside_itself(written: str) -> None:
    """Hazard: a page of patients' pictures that calls a server when it is opened."""
    reader = Reader()
    reader.feed(written)
    assert not reader.open
    assert all(address.startswith(("#", "data:")) for address in reader.addresses)
    assert "default-src 'none'" in written
    assert "script" not in reader.tags
    inside = {address[1:] for address in reader.addresses if address.startswith("#")}
    assert inside <= set(reader.anchors)


def test_the_page_says_what_it_is_and_what_it_is_not(written: str) -> None:
    assert "Research use only" in written
    assert "A page of &lt;tests&gt;" in written
    assert "never saw" in written
    assert "PPV at 2.0%" in written
    assert "Drawn heads." in written
    assert "This network minus another &lt;network&gt;." in written
    assert written.count("<svg") == 4
    assert written.count("data:image/jpeg") > 20


def test_a_confusion_matrix_is_shaded_by_share_and_escaped() -> None:
    assert markup.shaded("<3", 0.456) == '<span class="shaded" style="--share: 0.46">&lt;3</span>'


def test_the_four_counts_stand_beside_their_rates_once(written: str) -> None:
    for words in ("true positive", "false negative", "false positive", "true negative"):
        assert written.count(f">{words}<") == 1


def test_text_is_dark_enough_to_read() -> None:
    """Hazard: grey on white that a tired reader misses; 7 to 1 is what WCAG calls enhanced."""
    colors = set(re.findall(r"[^-]color: (#[0-9a-f]{6})", markup.STYLE)) | set(figures.COLORS)
    assert "#1b1b1b" in colors
    for color in colors:
        for background in ("#ffffff", "#f1f1f1"):
            least = 4.5 if color in figures.COLORS else 5.5
            assert _contrast(color, background) >= least, (color, background)


def _contrast(one: str, other: str) -> float:
    def luminance(color: str) -> float:
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_same_figures_give_the_same_page(written: str) -> None:
    predictions = made_predictions()
    decisions = cross_fitted_decisions(predictions)
    assert figures.roc_curves(predictions, decisions) in written


def test_a_page_without_pictures_and_studies_leaves_their_parts_out() -> None:
    predictions = made_predictions()
    predictions = replace(predictions, studies=np.full(len(predictions.names), -1))
    decisions = cross_fitted_decisions(predictions)
    values = {"measured_on": "out of fold", **judge(predictions, decisions)}
    written = page("title", values, predictions, decisions, None)
    assert "Worst mistakes" not in written
    assert 'id="studies"' not in written


def test_the_worst_mistakes_come_first_and_once_a_patient() -> None:
    predictions = made_predictions()
    scores = np.random.default_rng(0).random(predictions.logits.shape)
    missed = worst(predictions, scores, 0, positive=True, count=5)
    false = worst(predictions, scores, 0, positive=False, count=5)
    assert predictions.labels[missed, 0].all()
    assert not predictions.labels[false, 0].any()
    assert scores[missed[0], 0] == scores[predictions.labels[:, 0], 0].min()
    assert scores[false[0], 0] == scores[~predictions.labels[:, 0], 0].max()
    assert (np.diff(scores[missed, 0]) >= 0).all()
    assert len(np.unique(predictions.patients[false])) == 5


def test_no_curve_is_drawn_of_what_is_not_estimable() -> None:
    """Hazard: a curve of three patients looks as firm as one of three hundred."""
    few = made_predictions().part(np.arange(80))  # ten patients, five of whom bleed
    drawn = figures._lines(few, cross_fitted_decisions(few).probabilities, 0)
    assert drawn == []
    whole = made_predictions()
    names = [name for _, name, _, _ in figures._lines(whole, cross_fitted_decisions(whole).probabilities, 0)]
    assert names == ["pooled", "one", "two"]
    epidural = figures._lines(whole, cross_fitted_decisions(whole).probabilities, SUBTYPES.index("epidural"))
    assert "pooled" not in [name for _, name, _, _ in epidural]
