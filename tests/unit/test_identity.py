"""Whether two studies are of one patient."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stacks_beside import JANE

from ichviewer.core.identity import patient_differences


def test_one_patient_has_no_differences() -> None:
    assert patient_differences(JANE, JANE) == ()


@pytest.mark.parametrize("name", ["DOE^JANE", "Doe^Jane^^", "Doe^Jane=", " Doe ^Jane"])
def test_the_same_name_written_in_another_way_is_the_same(name: str) -> None:
    assert patient_differences(JANE, replace(JANE, patient_name=name)) == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"patient_id": "ID-0043"}, "patient ID differs"),
        ({"patient_name": "Doe^John"}, "name differs"),
        ({"birth_date": "19500102"}, "birth date differs"),
        ({"birth_date": ""}, "birth date is missing in the prior"),
    ],
)
def test_any_difference_is_named_without_the_value(change: dict[str, str], words: str) -> None:
    """Hazard: the prior of another patient is read as this patient's own."""
    found = patient_differences(JANE, replace(JANE, **change))
    assert found == (words,)
    assert not any(value and value in found[0] for value in change.values())


def test_what_is_missing_in_both_proves_nothing() -> None:
    """Hazard: two anonymized studies without a birth date look like one patient."""
    nobody = replace(JANE, birth_date="")
    assert patient_differences(nobody, nobody) == ("birth date is missing in both",)
