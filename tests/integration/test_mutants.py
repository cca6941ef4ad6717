"""A few hundred damaged files through the whole way in; ``make fuzz`` opens twenty thousand."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from ichviewer.dicom.decode import SliceDecoder
from tests.fuzz.mutations import mutant
from tests.fuzz.seeds import Seed, generated_seeds
from tests.fuzz.way_in import outcome
from tests.fuzz.worker import Job, opened

SEED = 2026
MUTANTS_OF_EACH = 18


@pytest.fixture(scope="module")
def decoder() -> Iterator[SliceDecoder]:
    with SliceDecoder(child_count=1) as decoder:
        yield decoder


def test_every_damaged_file_ends_in_an_image_or_in_a_named_error(
    tmp_path: Path, decoder: SliceDecoder
) -> None:
    """Hazard: one damaged file brings the viewer down, and with it the sight of all others."""
    seeds = generated_seeds()
    done = [
        opened(Job(seed, seeds[(place + 3) % len(seeds)], number), SEED, tmp_path, decoder)
        for number in range(MUTANTS_OF_EACH)
        for place, seed in enumerate(seeds)
    ]
    assert [(one.name, one.finding) for one in done if one.finding] == []
    kinds = {one.kind for one in done}
    assert {"image", "no image: damaged", "no image: skipped", "no image: slices cannot be read"} <= kinds


@pytest.mark.parametrize("seed", generated_seeds(), ids=lambda seed: seed.name)
def test_the_files_that_are_damaged_are_sound_before(
    tmp_path: Path, seed: Seed, decoder: SliceDecoder
) -> None:
    (tmp_path / seed.file_name).write_bytes(seed.content)
    result = outcome(tmp_path / seed.file_name, decoder, lambda _: None)
    assert result.kind == ("no image: damaged" if seed.file_name == "DICOMDIR" else "image")


def test_the_same_seed_makes_the_same_mutant() -> None:
    """A finding must be repeated by its seed, file and number alone."""
    first, second, *_ = generated_seeds()
    once, again = (mutant(first.content, second.content, random.Random("1/x/2")) for _ in range(2))
    assert once == again
    assert once != mutant(first.content, second.content, random.Random("1/x/3"))
