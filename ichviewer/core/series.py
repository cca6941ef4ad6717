"""What was found in a folder: one verdict per file, and series of slices in order.

Everything here comes from headers alone; pixels are in ``volume``. The one thing to get wrong:
*stored* values (position, orientation, rows, columns) are as in the file, the stack's geometry
is canonical.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from ichviewer.core.geometry import Gap, InPlane, StackGeometry
from ichviewer.core.windowing import FileWindow


class Verdict(StrEnum):
    """What became of a file."""

    LOADED = "loaded"
    SKIPPED = "skipped"
    DAMAGED = "damaged"


@dataclass(frozen=True)
class FileVerdict:
    """One file below the opened path, and what became of it.

    Attributes:
        path: The file, relative to the opened path where it lies below it.
        verdict: Loaded, skipped or damaged.
        reason: Why, in words; empty when loaded without remark.
        series_instance_uid: The series that it belongs to, where known.
        below: What was opened to find it.
    """

    path: str
    verdict: Verdict
    reason: str
    series_instance_uid: str | None = None
    below: str = ""


TWO_PATIENTS_NOTE = (
    "two patients share this series UID; their slices were split, this stack holds one of them"
)
"""Remark on every stack of a series UID that more than one Patient ID uses."""


@dataclass(frozen=True)
class ArchiveMember:
    """Where a file lies within a ZIP archive.

    Attributes:
        name: Its path within the archive, parts joined by ``/``.
        offset: First byte of its data in the archive.
        compressed_bytes: Bytes of its data in the archive.
        size: Bytes of the file.
        crc32: Check sum of the file.
        is_deflated: Whether its data are deflated; else they are the file itself.
    """

    name: str
    offset: int
    compressed_bytes: int
    size: int
    crc32: int
    is_deflated: bool


@dataclass(frozen=True)
class StoredPixels:
    """Where one slice's pixels lie in its file, and how they are written there.

    Attributes:
        transfer_syntax: Transfer Syntax UID (0002,0010).
        offset: First byte of the Pixel Data value in the file (in the inflated data set for the deflated
            syntax); of this frame where the pixels are not compressed.
        length: Bytes of the value, of this frame where not compressed; None for undefined length.
        frame_count: Frames in the file.
        bits_allocated: (0028,0100).
        bits_stored: (0028,0101).
        high_bit: (0028,0102).
        is_signed: (0028,0103) is 1.
        is_big_endian: Whether uncompressed words have their high byte first.
        is_word_data: Whether the value has VR OW; then bytes of 8-bit pixels are swapped in big endian.
        photometric: (0028,0004).
        samples: Samples per Pixel (0028,0002).
        is_planar: (0028,0006) is 1: all red first, then all green, then all blue.
        padding: Pixel Padding Value and Range Limit (0028,0120 and 0028,0121) as (lowest, highest).
        modality_lut: Modality LUT (0028,3000): first stored value mapped, and the table as little-endian
            16-bit words; None where Rescale Slope and Intercept say all.
        member: Where the file lies in a ZIP archive; None for a file of its own.
        modified_ns: When the file was last written, as its disk counts; None if nobody asked.
        file_bytes: Size of the file, or of the archive; None if nobody asked.
        fault: Why the pixels cannot be read, known from the header already; empty if nothing is wrong.
    """

    transfer_syntax: str
    offset: int
    length: int | None
    frame_count: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    is_signed: bool
    is_big_endian: bool
    is_word_data: bool
    photometric: str
    samples: int
    is_planar: bool
    padding: tuple[int, int] | None = None
    modality_lut: tuple[int, bytes] | None = None
    member: ArchiveMember | None = None
    modified_ns: int | None = None
    file_bytes: int | None = None
    fault: str = ""


@dataclass(frozen=True)
class SliceHeader:
    """The header of one stored slice (one frame of one file).

    Attributes:
        path: Absolute path of the file, or of the ZIP archive in which it lies.
        sop_instance_uid: (0008,0018).
        frame_number: 1-based frame of a multi-frame file; None for a single-frame file.
        instance_number: (0020,0013), None where absent; never used for ordering if positions exist.
        image_position_mm: (0020,0032), LPS, None where absent.
        image_orientation: (0020,0037), None where absent.
        stored_shape: (Rows, Columns) in the file.
        pixel_spacing_mm: (0028,0030), (between rows, between columns); None where absent.
        thickness_mm: (0018,0050), None where absent.
        slope: Rescale Slope (0028,1053); None where absent.
        intercept: Rescale Intercept (0028,1052); None where absent.
        pixels: Where the pixels lie; None for headers that were not read from a file.
        file_windows: Windows that the file proposes for this slice, in its order; maybe none.
    """

    path: str
    sop_instance_uid: str
    frame_number: int | None
    instance_number: int | None
    image_position_mm: tuple[float, float, float] | None
    image_orientation: tuple[float, float, float, float, float, float] | None
    stored_shape: tuple[int, int]
    pixel_spacing_mm: tuple[float, float] | None
    thickness_mm: float | None
    slope: float | None
    intercept: float | None
    pixels: StoredPixels | None = None
    file_windows: tuple[FileWindow, ...] = ()

    @property
    def shown_path(self) -> str:
        """Path for people; of a file within an archive the archive's and its own."""
        member = self.pixels.member if self.pixels is not None else None
        return self.path if member is None else f"{self.path}/{member.name}"


@dataclass(frozen=True)
class PatientText:
    """Identifying text of a study; shown on the screen, exported only where asked for."""

    patient_name: str = ""
    patient_id: str = ""
    birth_date: str = ""
    sex: str = ""
    age: str = ""


@dataclass(frozen=True)
class Series:
    """One stack of parallel slices, in order, from headers alone.

    Attributes:
        series_instance_uid: (0020,000E). A series that held several stacks is split; the parts
            share the UID and differ in *stack_number*.
        stack_number: 0 for the largest stack of a series UID, then 1, 2 ...
        study_instance_uid: (0020,000D).
        study_description: (0008,1030).
        study_date: (0008,0020), as stored.
        description: (0008,103E).
        modality: (0008,0060).
        kernel: Convolution Kernel (0018,1210).
        patient: Identifying text.
        slices: Headers in stack order, lowest slice first.
        geometry: Canonical geometry; None without positions, orientation or pixel spacing.
        in_plane: How stored pixels become canonical.
        orientation: ``axial``, ``coronal``, ``sagittal``, ``oblique``, or ``unknown``.
        tilt_degrees: Gantry tilt from the positions.
        tilt_tag_degrees: (0018,1120) as stored, shown and never used; None where absent.
        gaps: Where a slice may be missing.
        overlaps: Number of neighbouring pairs closer than half the usual spacing (``overlap_count``).
        duplicates: Number of files dropped because their SOP Instance UID was there already.
        sorted_by: ``position``, or what was used for want of it.
        hu: ``claimed``, ``assumed`` or ``not claimed`` (see viewer notes on Rescale Type).
        is_ai_candidate: Whether this is a CT stack of axial originals that the network may read.
        transfer_syntaxes: Transfer Syntax UIDs of the files.
        is_lossy: Whether any slice was compressed with loss (0028,2110).
        contrast_agent: (0018,0010), empty where absent.
        notes: Remarks for the reader, in words.
        kind: Sort of image: ``original``, ``localizer``, ``derived`` or ``capture``.
        hidden: Images of the same study that are listed but kept out of the stack and the AI, by sort:
            (noun, number); empty for a series that is kept out itself.
        repair: How pixels were changed at the reader's request, in words; empty as read.
        frame_of_reference_uid: (0020,0052); positions of two series can be compared where it is equal. Empty
            where absent.
    """

    series_instance_uid: str
    stack_number: int
    study_instance_uid: str
    study_description: str
    study_date: str
    description: str
    modality: str
    kernel: str
    patient: PatientText
    slices: tuple[SliceHeader, ...]
    geometry: StackGeometry | None
    in_plane: InPlane
    orientation: str
    tilt_degrees: float
    tilt_tag_degrees: float | None
    gaps: tuple[Gap, ...]
    overlaps: int
    duplicates: int
    sorted_by: str
    hu: str
    is_ai_candidate: bool
    transfer_syntaxes: tuple[str, ...]
    is_lossy: bool
    contrast_agent: str
    notes: tuple[str, ...]
    kind: str = "original"
    hidden: tuple[tuple[str, int], ...] = ()
    repair: str = ""
    frame_of_reference_uid: str = ""

    @property
    def key(self) -> str:
        """Unique name of the stack within a folder: UID, and the stack number where the UID was split."""
        suffix = f"#{self.stack_number}" if self.stack_number else ""
        return self.series_instance_uid + suffix

    @property
    def is_measured(self) -> bool:
        """Whether the files say where every pixel lies: positions, orientation and pixel spacing."""
        return self.geometry is not None

    @cached_property
    def has_directions(self) -> bool:
        """Whether every file says which way its rows and columns run (0020,0037)."""
        return all(header.image_orientation is not None for header in self.slices)

    @cached_property
    def has_positions(self) -> bool:
        """Whether every file says where its slice lies along the normal (0020,0032 and 0020,0037)."""
        return self.has_directions and all(header.image_position_mm is not None for header in self.slices)


@dataclass(frozen=True)
class FolderContents:
    """All that was found below the opened path(s)."""

    series: tuple[Series, ...]
    files: tuple[FileVerdict, ...]
