"""The use cases, each one method: open, read, analyze, explain, export.

Every method is a plain blocking call that takes progress and cancel where it is long; who runs it in
which thread is decided above. The window and the command line go through here alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ichviewer import __version__
from ichviewer.core.errors import InferenceError
from ichviewer.core.findings import SUBTYPES, SliceFinding, SliceResult, StudyFindings, Subtype
from ichviewer.core.growth import Growth
from ichviewer.core.heatmap import CLOSED_FORM, Heatmap, method_heatmap
from ichviewer.core.input_check import InputCheck, check_input
from ichviewer.core.map_verdict import SliceVerdicts
from ichviewer.core.midline import MidlineFit, fit_midline
from ichviewer.core.model_card import ModelCard
from ichviewer.core.plane import ReformatSource, Triple
from ichviewer.core.progress import CancelToken, Progress, ReportProgress
from ichviewer.core.reading_order import WantedSlice, nearest_first
from ichviewer.core.receipt import receipt
from ichviewer.core.region import Region
from ichviewer.core.self_doubt import unchecked_maps
from ichviewer.core.series import FolderContents, Series
from ichviewer.core.viewstate import Thumbnail
from ichviewer.core.volume import Volume
from ichviewer.core.wrap_repair import unwrapped
from ichviewer.dicom.decode import SliceDecoder
from ichviewer.dicom.read import read_growing, read_volume, thumbnail
from ichviewer.dicom.scan import best_series, scan
from ichviewer.export.demo_study import write_demo_study
from ichviewer.export.table import Report, write_table
from ichviewer.inference.card_file import read_card
from ichviewer.inference.engine import Engine

THUMBNAIL_PX = 96


@dataclass(frozen=True, eq=False)
class OpenStack:
    """A stack that was read, with what is known of it before the network sees it."""

    volume: Volume
    receipt: str
    input_check: InputCheck


@dataclass(frozen=True, eq=False)
class GrowingStack:
    """A stack while it is read.

    Attributes:
        volume: What was read so far.
        receipt: Its geometry in words.
        wanted: The slice in view; whoever scrolls sets it, and it is read next.
    """

    volume: Volume
    receipt: str
    wanted: WantedSlice


class Controller:
    """Joins reading, network and export. Holds child processes and the model card, no state of a study."""

    def __init__(self, card_path: Path, device: str, demo_parent: Path) -> None:
        """Read the model card; the network itself is loaded when it is first needed.

        Args:
            card_path: Model card beside the weights.
            device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
            demo_parent: Folder in which the demo study is kept.

        Raises:
            CheckpointError: The card is missing or damaged.
        """
        self.card: ModelCard = read_card(card_path)
        self._card_path = card_path
        self._device = device
        self._engine = Engine(card_path, device)
        self._decoder = SliceDecoder()
        self._demo_parent = demo_parent

    def scan(self, paths: Sequence[Path], report: ReportProgress, cancel: CancelToken) -> FolderContents:
        """List every series below *paths* and give each file a verdict."""
        return scan(paths, report, cancel)

    def best_series(self, contents: FolderContents) -> Series | None:
        """The head CT that opens by itself; None if there is none."""
        return best_series(contents)

    def read(self, series: Series, report: ReportProgress, cancel: CancelToken) -> OpenStack:
        """Read a series and check whether the network may see it.

        Raises:
            UnreadableError: No slice could be read.
            Cancelled: *cancel* was set.
        """
        volume = read_volume(series, report, cancel, self._decoder)
        return OpenStack(volume, receipt(series), check_input(volume))

    def read_growing(
        self, series: Series, first_slice: int, show: Callable[[GrowingStack], None], cancel: CancelToken
    ) -> OpenStack:
        """Read a series as ``read`` does, *first_slice* first, and show what is there on the way.

        The order decides when a slice is there, never what it holds.

        Args:
            series: From ``scan``.
            first_slice: The slice that will be in view.
            show: Gets the stack with its first slice, and now and then while it grows; not the whole one.
            cancel: Stops before the next slice.

        Raises:
            UnreadableError: No slice could be read.
            Cancelled: *cancel* was set.
        """
        wanted, text = WantedSlice(first_slice), receipt(series)
        for volume in read_growing(series, wanted, cancel, self._decoder):
            if volume.is_complete:
                return OpenStack(volume, text, check_input(volume))
            show(GrowingStack(volume, text, wanted))
        raise AssertionError("the last volume is always the whole one")

    def read_beside(self, series: Series, report: ReportProgress, cancel: CancelToken) -> tuple[Volume, str]:
        """Read a series that will stand beside the open one, and its geometry in words; it is not checked.

        Raises:
            UnreadableError: No slice could be read.
            Cancelled: *cancel* was set.
        """
        return read_volume(series, report, cancel, self._decoder), receipt(series)

    def repair_wrapped(self, volume: Volume) -> OpenStack:
        """The stack with its wrapped values mended in memory, checked again; the files stay as they are."""
        repaired = unwrapped(volume)
        return OpenStack(repaired, receipt(repaired.series), check_input(repaired))

    def grow_region(
        self, volume: Volume, seed_mm: Triple, growth: Growth, cancel: CancelToken
    ) -> tuple[Region, bool]:
        """What hangs together with a seed between two values, and whether it may go on beyond what was grown.

        Raises:
            IchViewerError: Nothing can grow there.
            Cancelled: *cancel* was set.
        """
        # SimpleITK, see prepare_planes.
        from ichviewer.imaging.region_growing import GrowthLimits, grow_region

        limits = GrowthLimits(growth.lower_hu, growth.upper_hu, growth.radius_mm)
        grown = grow_region(volume, volume.frame, seed_mm, limits, cancel)
        return grown.region, grown.reaches_limit

    def load_imaging(self) -> None:
        """Load the library that cuts planes, so that the first one does not wait for it."""
        # SimpleITK takes half a second to load, and the window opens without it.
        from ichviewer.imaging import reformat  # noqa: F401

    def prepare_planes(self, volume: Volume, cancel: CancelToken) -> ReformatSource:
        """A whole stack made ready for planes of any direction.

        Raises:
            IchViewerError: The files do not say where the pixels lie, or no slice could be read.
            Cancelled: *cancel* was set.
        """
        # SimpleITK takes half a second to load, and the window opens without it.
        from ichviewer.imaging.reformat import prepare

        return prepare(volume, cancel=cancel)

    def midline(self, volume: Volume, cancel: CancelToken) -> MidlineFit:
        """The head's mid-sagittal plane, from its symmetry.

        Raises:
            IchViewerError: It cannot be told where it is.
            Cancelled: *cancel* was set.
        """
        return fit_midline(volume, volume.frame, cancel)

    def thumbnail(self, series: Series, cancel: CancelToken) -> Thumbnail:
        """Small picture of the middle slice.

        Raises:
            UnreadableError: The slice cannot be read.
            Cancelled: *cancel* was set.
        """
        return Thumbnail(series.key, thumbnail(series, THUMBNAIL_PX, cancel, self._decoder))

    def analyze(
        self,
        volume: Volume,
        first_slice: int,
        on_scored: Callable[[tuple[SliceResult, ...], Progress], None],
        cancel: CancelToken,
    ) -> StudyFindings:
        """Score every readable slice, *first_slice* first and then outwards.

        The order decides when a result arrives, never what it is.

        Args:
            volume: The stack.
            first_slice: The slice in view.
            on_scored: Called after each slice that was scored, with the results that are final by it: none
                while they wait for neighbors. Progress counts the scored slices.
            cancel: Stops within one slice.

        Returns:
            The complete findings.

        Raises:
            InferenceError: The network cannot be run, or slices are still to be read.
            Cancelled: *cancel* was set.
        """
        if not volume.is_complete:
            raise InferenceError(f"{len(volume.awaited_slices)} slices were not read yet.")
        sha, reasons = self.card.weights_sha256, volume.unreadable_reasons
        findings = [StudyFindings.pending(volume.series.key, sha, volume.is_readable, reasons)]
        order = list(nearest_first(np.flatnonzero(volume.is_readable).tolist(), WantedSlice(first_slice)))
        done = 0

        def take(results: tuple[SliceResult, ...]) -> None:
            nonlocal done
            done += 1
            findings[0] = findings[0].with_results(results)
            on_scored(results, Progress(done, len(order), "analyzing"))

        self._engine_on_device().predict(volume, order, take, cancel)
        return findings[0]

    def explain(
        self, volume: Volume, finding: SliceFinding, subtype: Subtype, method: str, cancel: CancelToken
    ) -> Heatmap:
        """Heat map of one slice and label by one of pytorch-grad-cam's methods.

        Raises:
            InferenceError: The method failed.
            Cancelled: *cancel* was set.
        """
        label = SUBTYPES.index(subtype)
        values = self._engine_on_device().explain(volume, finding.slice_index, label, method, cancel)
        return method_heatmap(values, finding, subtype, self.card, volume.geometry.pixel_spacing_mm, method)

    def check_maps(
        self,
        volume: Volume,
        findings: StudyFindings,
        first_slice: int,
        on_checked: Callable[[SliceVerdicts], None],
        cancel: CancelToken,
    ) -> StudyFindings:
        """Find out which maps of flagged slices may be believed, *first_slice* first and then outwards.

        Args:
            volume: The stack.
            findings: Its scores; maps that were checked before are not checked again.
            first_slice: The slice in view.
            on_checked: Called with the verdicts on each slice's maps.
            cancel: Stops within one pass of the network.

        Returns:
            The findings with the verdicts.

        Raises:
            InferenceError: The network cannot be run.
            Cancelled: *cancel* was set.
        """
        found = [findings]
        unchecked = unchecked_maps(findings, self.card.slice_thresholds)
        order = nearest_first(list(unchecked), WantedSlice(first_slice))

        def take(verdicts: SliceVerdicts) -> None:
            found[0] = found[0].with_verdicts(verdicts)
            on_checked(verdicts)

        maps = {index: unchecked[index] for index in order}
        if maps:
            self._engine_on_device().check_maps(volume, maps, CLOSED_FORM, take, cancel)
        return found[0]

    def check_explanation(self, volume: Volume, heatmap: Heatmap, cancel: CancelToken) -> Heatmap:
        """The map of another method, with its verdict; without one where it could not be checked.

        Raises:
            InferenceError: The network cannot be run.
            Cancelled: *cancel* was set.
        """
        label, found = SUBTYPES.index(heatmap.subtype), [heatmap]

        def take(verdicts: SliceVerdicts) -> None:
            found[0] = replace(heatmap, verdict=verdicts.verdicts[label])

        maps = {heatmap.slice_index: (label,)}
        self._engine_on_device().check_maps(volume, maps, heatmap.method, take, cancel)
        return found[0]

    def export(self, path: Path, reports: Sequence[Report], identify: bool) -> None:
        """Write findings as CSV.

        Raises:
            ExportError: Nothing was written; the message says why.
        """
        write_table(path, reports, identify)

    def device(self, cancel: CancelToken) -> str:
        """Where the network runs, in words; waits until it is loaded.

        Raises:
            InferenceError: It cannot be loaded.
            Cancelled: *cancel* was set.
        """
        return self._engine_on_device().wait_until_ready(cancel)

    def thread_count(self, cancel: CancelToken) -> int:
        """Threads that the network uses on the CPU; waits until it is loaded.

        Raises:
            InferenceError: It cannot be loaded.
            Cancelled: *cancel* was set.
        """
        return self._engine_on_device().thread_count(cancel)

    def start_network(self) -> None:
        """Begin to load the network, and return at once."""
        self._engine_on_device().start()

    def start_decoder(self) -> None:
        """Begin to start the children that decode compressed pixels, and return at once."""
        self._decoder.start()

    def use_device(self, device: str) -> None:
        """Run the network elsewhere, from the next request on; returns at once."""
        self._device = device

    def demo_folder(self, report: ReportProgress, cancel: CancelToken) -> Path:
        """Folder of the demo study; written first if it is not there.

        Raises:
            ExportError: It cannot be written.
            Cancelled: *cancel* was set.
        """
        return demo_folder(self._demo_parent, report, cancel)

    def _engine_on_device(self) -> Engine:
        """The engine, another one if the device was changed since it was made."""
        if self._engine.wanted_device != self._device:
            self._engine.close()
            self._engine = Engine(self._card_path, self._device)
        return self._engine

    def close(self) -> None:
        """End the child processes."""
        self._engine.close()
        self._decoder.close()


def demo_path(parent: Path) -> Path:
    """Where this version's demo study lies below *parent*, whether or not it was written yet."""
    return parent / f"demo-study-{__version__}"


def demo_folder(parent: Path, report: ReportProgress, cancel: CancelToken) -> Path:
    """Folder of the demo study below *parent*; written first if it is not there.

    Raises:
        ExportError: It cannot be written.
        Cancelled: *cancel* was set.
    """
    folder = demo_path(parent)
    if not folder.is_dir():
        write_demo_study(folder, report=report, cancel=cancel)
    return folder
