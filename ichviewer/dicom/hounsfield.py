"""Whether pixel values are Hounsfield units: claimed, assumed or not claimed."""

from __future__ import annotations

CT_CLASSES = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.2",  # CT Image
        "1.2.840.10008.5.1.4.1.1.2.1",  # Enhanced CT Image
        "1.2.840.10008.5.1.4.1.1.2.2",  # Legacy Converted Enhanced CT Image
    }
)

MULTI_ENERGY_MAPS = frozenset(
    {
        "MAT_SPECIFIC",
        "MAT_REMOVED",
        "MAT_FRACTIONAL",
        "MAT_MODIFIED",
        "MAT_VALUE_BASED",
        "EFF_ATOMIC_NUM",
        "ELECTRON_DENSITY",
    }
)
"""Image Type values of maps in units of their own (PS3.3 C.8.2.1.1.1.1)."""


def is_ct(modality: str, sop_class_uid: str) -> bool:
    """Whether an image is a CT by Modality (0008,0060) and by SOP class, empty where absent."""
    return modality == "CT" and (not sop_class_uid or sop_class_uid in CT_CLASSES)


def hu_claim(
    *,
    modality: str,
    sop_class_uid: str,
    image_type: tuple[str, ...],
    kind: str,
    rescale_type: str,
    is_rescaled: bool,
    photometric: str,
) -> str:
    """Claim of one slice: ``claimed``, ``assumed`` or ``not claimed``.

    Hounsfield units are claimed only for CT objects that are ORIGINAL, no localizer and no
    multi-energy map, with Rescale Type HU or absent (PS3.3 C.11.1.1.2: then HU is the default for
    CT). Where SOP class, Image Type or Photometric Interpretation is missing, or Image Type says neither
    ORIGINAL nor DERIVED, they are assumed. MONOCHROME1 is shown inverted, so its values are not claimed.

    Args:
        modality: (0008,0060).
        sop_class_uid: (0008,0016), empty where absent.
        image_type: (0008,0008), or a frame's (0008,9007); empty where absent.
        kind: From ``image_kind``.
        rescale_type: (0028,1054) or Modality LUT Type (0028,3004), empty where absent.
        is_rescaled: Whether slope and intercept, or a table, are there; they are never guessed.
        photometric: (0028,0004), empty where absent; pixels are then taken for MONOCHROME2.
    """
    is_map = any(value.upper() in MULTI_ENERGY_MAPS for value in image_type)
    is_original = kind == "original" and photometric in ("MONOCHROME2", "") and not is_map
    if not (is_ct(modality, sop_class_uid) and is_original and is_rescaled and rescale_type in ("", "HU")):
        return "not claimed"
    says_original = bool(image_type) and image_type[0].upper() == "ORIGINAL"
    return "claimed" if sop_class_uid and says_original and photometric else "assumed"
