"""Whether two studies are of one patient, as far as their headers say; for a prior beside the current study.

The one thing to get wrong: what is missing proves nothing. Only an ID, a name and a birth date that are all
there and all equal make two studies one patient's.
"""

from __future__ import annotations

from ichviewer.core.series import PatientText


def patient_differences(current: PatientText, prior: PatientText) -> tuple[str, ...]:
    """What speaks against one patient, in words that name the field and never its value.

    >>> jane = PatientText("Doe^Jane", "7", "19500101")
    >>> patient_differences(jane, PatientText("DOE^JANE^", "8", ""))
    ('patient ID differs', 'birth date is missing in the prior')
    """
    pairs = (
        ("patient ID", current.patient_id.strip(), prior.patient_id.strip()),
        ("name", _plain_name(current.patient_name), _plain_name(prior.patient_name)),
        ("birth date", current.birth_date.strip(), prior.birth_date.strip()),
    )
    found = (_difference(field, here, there) for field, here, there in pairs)
    return tuple(words for words in found if words)


def _difference(field: str, here: str, there: str) -> str:
    if not here and not there:
        return f"{field} is missing in both"
    if not here or not there:
        return f"{field} is missing in the {'prior' if here else 'current study'}"
    return "" if here == there else f"{field} differs"


def _plain_name(person_name: str) -> str:
    """A name without what PS3.5 6.2.1.1 calls insignificant: trailing delimiters; letters in one case."""
    groups = person_name.casefold().split("=")
    parts = ["^".join(" ".join(part.split()) for part in group.split("^")).rstrip("^") for group in groups]
    return "=".join(parts).rstrip("=")
