"""The same use cases without a window: analyze, inspect, demo, tour, selftest.

The one thing to get wrong: standard output carries results only; progress and complaints go to
standard error, so that a pipe stays clean.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

from ichviewer.atomic_file import require_writable
from ichviewer.controller import Controller, OpenStack, demo_folder
from ichviewer.core.errors import ExportError, InferenceError, UnreadableError
from ichviewer.core.file_errors import why_not_written
from ichviewer.core.findings import NOT_LOOKED_FOR, SUBTYPES, Review, Subtype, study_scores
from ichviewer.core.map_verdict import SliceVerdicts
from ichviewer.core.progress import CancelToken, Progress
from ichviewer.core.self_doubt import unchecked_maps
from ichviewer.core.series import FolderContents, Series, Verdict
from ichviewer.core.volume import Volume
from ichviewer.dicom.inspect import inspect_document
from ichviewer.dicom.scan import scan
from ichviewer.export.demo_study import write_demo_study
from ichviewer.export.picture import write_heatmap_picture
from ichviewer.export.table import Report
from ichviewer.progress_line import ProgressLine
from ichviewer.selftest import run_selftest
from ichviewer.selftest_report import selftest_document, selftest_text
from ichviewer.settings import user_data_folder

DONE, SOMETHING_FAILED, BAD_ARGUMENTS, NOTHING_READABLE, INPUT_CHECK_RED = 0, 1, 2, 3, 4


@dataclass(frozen=True)
class AnalyzeRequest:
    """What ``ichviewer analyze`` was asked for.

    Attributes:
        path: Folder or file.
        csv: File to write.
        checkpoint: Model card.
        heatmaps: Folder for pictures, or None.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        series_uid: The series wanted, or None.
        every_series: Whether every axial CT series is wanted, however short.
        force: Whether a red input check is overridden.
        identify: Whether patient name and ID are written.
        repair_wrapped: Whether values wrapped by 4096 are mended before the analysis.
    """

    path: Path
    csv: Path
    checkpoint: Path
    heatmaps: Path | None = None
    device: str = "auto"
    series_uid: str | None = None
    every_series: bool = False
    force: bool = False
    identify: bool = False
    repair_wrapped: bool = False


@dataclass
class _Outcome:
    """What became of the series that were chosen.

    Attributes:
        reports: Of those that were analyzed.
        unreadable: How many could not be read.
        refused: How many the input check refused.
        failed: How many failed later, in whole or in their pictures.
    """

    reports: list[Report] = field(default_factory=list)
    unreadable: int = 0
    refused: int = 0
    failed: int = 0

    @property
    def exit_code(self) -> int:
        """A series without scores is never passed over in silence."""
        if self.unreadable and not (self.reports or self.refused or self.failed):
            return NOTHING_READABLE
        if self.unreadable or self.failed:
            return SOMETHING_FAILED
        return INPUT_CHECK_RED if self.refused else DONE


def analyze(request: AnalyzeRequest) -> int:
    """Score one or more series and write the table.

    Returns:
        0 done, 1 something failed (the table holds what did not), 2 no such series, 3 nothing readable,
        4 input check red for at least one series.

    Raises:
        IchViewerError: The table cannot be written.
    """
    _require_writable(request.csv)
    controller = Controller(request.checkpoint, request.device, user_data_folder())
    # Torch takes seconds to import; the child does so while the headers are read.
    controller.start_network()
    try:
        progress = ProgressLine()
        contents = controller.scan((request.path,), progress.show, CancelToken())
        progress.end()
        _print_verdicts(contents)
        series, code = _chosen(controller, contents, request)
        if not series:
            return code
        outcome = _analyze_each(controller, series, request)
        reports = outcome.reports
        if reports:
            controller.export(request.csv, reports, request.identify)
            print(f"{request.csv}: {sum(len(r.findings.slices) for r in reports)} slices")
            if len(reports) == 1:
                print(f"  input check {reports[0].input_check}")
                _print_study(reports[0])
        return outcome.exit_code
    finally:
        controller.close()


def _require_writable(path: Path) -> None:
    """Say before minutes of work that its result could not be written.

    Raises:
        ExportError: The folder is not there or cannot be written, or the file is a folder or read-only.
    """
    try:
        require_writable(path)
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {why_not_written(error)}.") from error


def _chosen(
    controller: Controller, contents: FolderContents, request: AnalyzeRequest
) -> tuple[tuple[Series, ...], int]:
    """Series to analyze; none and the exit code if there are none."""
    if request.series_uid is not None:
        chosen = tuple(s for s in contents.series if request.series_uid in (s.key, s.series_instance_uid))
        if not chosen and contents.series:
            known = "\n".join(f"  {s.key}  {s.description}" for s in contents.series)
            _complain(f"no series {request.series_uid} below {request.path}; there are:\n{known}")
            return (), BAD_ARGUMENTS
    elif request.every_series:
        chosen = tuple(s for s in contents.series if _is_axial_ct(s))
    else:
        best = controller.best_series(contents)
        chosen = () if best is None else (best,)
    if not chosen:
        _complain(f"nothing to analyze below {request.path}")
        _print_reasons(contents)
    return chosen, NOTHING_READABLE


def _is_axial_ct(series: Series) -> bool:
    return series.modality == "CT" and series.orientation == "axial" and series.geometry is not None


def _analyze_each(controller: Controller, chosen: tuple[Series, ...], request: AnalyzeRequest) -> _Outcome:
    """Read, check and score one series after the other."""
    outcome = _Outcome()
    progress = ProgressLine()
    for number, series in enumerate(chosen, start=1):
        name = f"series {number} of {len(chosen)}" if len(chosen) > 1 else "analyzing"
        try:
            stack = controller.read(series, progress.show, CancelToken())
        except UnreadableError as error:
            progress.end()
            _complain(str(error))
            outcome.unreadable += 1
            continue
        if request.repair_wrapped and stack.input_check.is_wrapped:
            stack = controller.repair_wrapped(stack.volume)
        check = stack.input_check
        if check.reasons:
            progress.end()
            _complain(f"{series.key}: input check {check.level.value}: {'; '.join(check.reasons)}")
        if check.is_red and not request.force:
            mend = "--repair-wrapped mends the values, " if check.is_wrapped else ""
            _complain(f"  not analyzed ({mend}--force analyzes it all the same)")
            outcome.refused += 1
            continue
        # What fails here costs this series or its pictures; the table still gets all the others.
        try:
            report = _analyze_one(controller, stack, name, progress)
            outcome.reports.append(report)
            if request.heatmaps is not None:
                checked = _with_checked_maps(controller, stack.volume, report, progress)
                _write_pictures(stack.volume, checked, request.heatmaps)
        except (InferenceError, ExportError) as error:
            progress.end()
            _complain(f"{series.key}: {error}")
            outcome.failed += 1
    progress.end()
    return outcome


def _analyze_one(controller: Controller, stack: OpenStack, name: str, progress: ProgressLine) -> Report:
    volume = stack.volume
    findings = controller.analyze(
        volume,
        volume.slice_count // 2,
        lambda _results, p: progress.show(Progress(p.done, p.total, name)),
        CancelToken(),
    )
    check = stack.input_check.text
    return Report(volume.series, findings, Review(), controller.card, check, stack.receipt)


def _with_checked_maps(
    controller: Controller, volume: Volume, report: Report, progress: ProgressLine
) -> Report:
    """The report with verdicts on the maps of flagged slices, which stand on their pictures."""
    count = len(unchecked_maps(report.findings, report.card.slice_thresholds))
    done = 0

    def show(_verdicts: SliceVerdicts) -> None:
        nonlocal done
        done += 1
        progress.show(Progress(done, count, "checking heat maps"))

    findings = controller.check_maps(volume, report.findings, volume.slice_count // 2, show, CancelToken())
    return replace(report, findings=findings)


def _write_pictures(volume: Volume, report: Report, folder: Path) -> None:
    """One picture for each slice and label above the slice threshold."""
    for finding in report.findings.slices:
        for subtype, threshold in zip(SUBTYPES, report.card.slice_thresholds, strict=True):
            probability = finding.probability(subtype)
            if probability is not None and probability >= threshold:
                # Slices count from 1 in names and pictures, as in the window.
                name = f"{report.series.key}_slice{finding.slice_index + 1:03d}_{subtype}.png"
                path = folder / name.replace("#", "_")
                write_heatmap_picture(path, volume, finding, subtype, report.card, report.input_check)


def inspect(path: Path, hash_uids: bool) -> int:
    """Print series and file verdicts as JSON.

    Returns:
        0, or 3 if no file could be read.
    """
    contents = scan((path,), lambda _progress: None, CancelToken())
    # ASCII alone: a terminal or pipe of any encoding takes it.
    print(json.dumps(inspect_document(contents, hash_uids), indent=1))
    return DONE if contents.series else NOTHING_READABLE


def demo(folder: Path, with_bleeds: bool) -> int:
    """Write the synthetic demo study.

    Raises:
        ExportError: The folder is not empty or cannot be written.
    """
    progress = ProgressLine()
    write_demo_study(folder, with_bleeds=with_bleeds, report=progress.show, cancel=CancelToken())
    progress.end()
    print(f"{folder}: a synthetic head, not a patient; the truth is in truth.csv beside it")
    return DONE


def tour_study() -> Path:
    """The demo study in the user's own folder; written first if it is not there."""
    progress = ProgressLine()
    folder = demo_folder(user_data_folder(), progress.show, CancelToken())
    progress.end()
    return folder


def tour(study: Path, out: Path, checkpoint: Path) -> int:
    """Analyze *study* without a window and print where the table and a picture of the worst slice lie."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"{out} cannot be written: {why_not_written(error)}.") from error
    controller = Controller(checkpoint, "auto", user_data_folder())
    controller.start_network()
    try:
        progress = ProgressLine()
        contents = controller.scan((study,), progress.show, CancelToken())
        series = controller.best_series(contents)
        if series is None:
            _print_reasons(contents)
            return NOTHING_READABLE
        stack = controller.read(series, progress.show, CancelToken())
        report = _analyze_one(controller, stack, "analyzing", progress)
        progress.end()
        table, picture = out / "findings.csv", out / "worst_slice.png"
        controller.export(table, [report], identify=False)
        _write_worst_slice(picture, stack.volume, report)
        _print_study(report)
        print(f"Findings: {table}\nWorst slice: {picture}")
        return DONE
    finally:
        controller.close()


def selftest(checkpoint: Path, device: str, as_json: bool) -> int:
    """Try what this machine can do, and print it.

    Returns:
        0 if everything works, 1 if something does not.

    Raises:
        IchViewerError: Not even a temporary file can be written.
    """
    progress = ProgressLine()
    report = run_selftest(checkpoint, device, progress.show, CancelToken())
    progress.end()
    print(json.dumps(selftest_document(report), indent=1) if as_json else selftest_text(report))
    return SOMETHING_FAILED if report.problems else DONE


def _write_worst_slice(path: Path, volume: Volume, report: Report) -> None:
    """Picture of the slice that the network suspects most, with the map of its strongest subtype."""
    scored = [f for f in report.findings.slices if f.probabilities is not None]
    worst = max(scored, key=lambda finding: finding.probability(Subtype.ANY) or 0.0)
    strongest = max(SUBTYPES[1:], key=lambda subtype: worst.probability(subtype) or 0.0)
    write_heatmap_picture(path, volume, worst, strongest, report.card, report.input_check)


def _print_study(report: Report) -> None:
    """The study's scores, one line a label; nothing without positions, for they are means over 10 mm."""
    geometry = report.series.geometry
    if geometry is None or not report.series.has_positions:
        return
    card = report.card
    positions_mm = [float(position) for position in geometry.positions_mm]
    for score in study_scores(report.findings, positions_mm, card.slice_thresholds, card.study_thresholds):
        mark = f"{'flagged' if score.is_flagged else 'not flagged'} (threshold {score.threshold:.2f})"
        print(f"  {score.subtype:17} {score.score:.2f}  {mark}, highest in slice {score.worst_slice + 1}")
    print(f"  {NOT_LOOKED_FOR}. Research use only.")


def _print_verdicts(contents: FolderContents) -> None:
    """One line that sums up what became of the files, and one for each damaged file."""
    counts = {verdict: sum(file.verdict is verdict for file in contents.files) for verdict in Verdict}
    _complain(
        ", ".join(f"{count} {verdict.value}" for verdict, count in counts.items() if count) or "no files"
    )
    patients = {(series.patient.patient_id, series.patient.patient_name) for series in contents.series}
    if len(patients) > 1:
        _complain(f"{len(patients)} patients")
    for file in contents.files:
        if file.verdict is Verdict.DAMAGED:
            _complain(f"  {file.path}: {file.reason}")


def _print_reasons(contents: FolderContents) -> None:
    for file in contents.files:
        _complain(f"  {file.path}: {file.verdict.value}{': ' if file.reason else ''}{file.reason}")


def _complain(text: str) -> None:
    print(text, file=sys.stderr)
