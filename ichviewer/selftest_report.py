"""What the self-test found out, as a value, as text for people, and as plain values for JSON.

The one thing to get wrong: a problem without what to do about it is only half a sentence.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ichviewer.dicom.syntax_check import SyntaxResult

CURES = {
    "1.2.840.10008.1.2.5": ("pylibjpeg", "pylibjpeg-rle"),
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 53, 55, 57, 70)), ("python-gdcm",)),
    **dict.fromkeys((f"1.2.840.10008.1.2.4.{n}" for n in (80, 81)), ("pyjpegls",)),
    **dict.fromkeys(
        (f"1.2.840.10008.1.2.4.{n}" for n in (90, 91, 201, 202, 203)), ("pylibjpeg", "pylibjpeg-openjpeg")
    ),
}
"""The packages that decode a transfer syntax."""

NETWORK_CURE = (
    "Images can be read all the same. What to do: install ichviewer afresh, or run the network on the CPU "
    "(Analysis, Device; or --device cpu)."
)


@dataclass(frozen=True)
class NetworkResult:
    """Whether the network can be run.

    Attributes:
        device: What it runs on, in words; empty if it does not run.
        threads: Threads that it uses on the CPU; 0 if it does not run.
        checkpoint: Name of the checkpoint; empty if its card cannot be read.
        weights_sha256: Hash that the card names; the weights had it if there is no problem.
        load_s: Seconds from the start of its process until it was ready.
        problem: Why it does not run; empty if it does.
    """

    device: str = ""
    threads: int = 0
    checkpoint: str = ""
    weights_sha256: str = ""
    load_s: float | None = None
    problem: str = ""


@dataclass(frozen=True)
class DemoResult:
    """How the demo study fared.

    Attributes:
        slice_count: Slices that were read.
        flagged_count: Slices that the network flags.
        open_s: Seconds for finding and reading it.
        analyze_s: Seconds for scoring it; the network was loaded before.
        problem: What did not work; empty if all did.
    """

    slice_count: int = 0
    flagged_count: int = 0
    open_s: float | None = None
    analyze_s: float | None = None
    problem: str = ""


@dataclass(frozen=True)
class SelfTestReport:
    """Everything that the self-test found out.

    Attributes:
        syntaxes: One result per transfer syntax.
        network: Device, checkpoint, and whether its weights are the right ones.
        demo: The demo study, opened and analyzed.
        versions: Name and version of each part; a part that is missing says so.
    """

    syntaxes: tuple[SyntaxResult, ...]
    network: NetworkResult
    demo: DemoResult
    versions: tuple[tuple[str, str], ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """What does not work, and what to do about it; empty if all works."""
        syntaxes = (_syntax_problem(result) for result in self.syntaxes if result.problem)
        network = (f"{self.network.problem} {NETWORK_CURE}",) if self.network.problem else ()
        return (*syntaxes, *network, *((self.demo.problem,) if self.demo.problem else ()))


def selftest_document(report: SelfTestReport) -> dict[str, Any]:
    """The document of ``ichviewer selftest --json``; ``works`` sums up."""
    values = asdict(report)
    return {
        "works": not report.problems,
        "problems": list(report.problems),
        **values,
        "versions": dict(report.versions),
    }


def selftest_text(report: SelfTestReport) -> str:
    """The table for people: verdict, transfer syntaxes, network, demo study, versions."""
    return "\n".join(
        [
            *verdict_lines(report),
            "",
            "Transfer syntaxes, each decoded and compared pixel by pixel",
            *(_syntax_line(result) for result in report.syntaxes),
            "  A file in another syntax (video, say) is listed with the syntax's name and not opened.",
            "",
            "Network",
            *_network_lines(report.network),
            "",
            "Demo study",
            *_demo_lines(report.demo),
            "",
            "Versions",
            *(f"  {name:24} {version}" for name, version in report.versions),
            "",
            "Research use only.",
        ]
    )


def verdict_lines(report: SelfTestReport) -> list[str]:
    """What it comes to: that everything works, or each problem on a line."""
    if not report.problems:
        return ["Self-test: everything works on this machine."]
    return ["Self-test: not everything works on this machine.", *(f"- {text}" for text in report.problems)]


def _syntax_problem(result: SyntaxResult) -> str:
    packages = " ".join(CURES.get(result.transfer_syntax, ("pydicom",)))
    return (
        f"{result.name} does not decode: {result.problem}. Files in other syntaxes open all the same. "
        f"What to do: python -m pip install --force-reinstall {packages}"
    )


def _syntax_line(result: SyntaxResult) -> str:
    if result.problem:
        outcome = "FAILS"
    elif result.allowed_difference:
        outcome = f"ok, within {result.largest_difference} of {2**result.bits_stored} grays"
    else:
        outcome = "ok, exact"
    return f"  {outcome:26} {result.transfer_syntax:24} {result.name}"


def _network_lines(network: NetworkResult) -> list[str]:
    if network.problem:
        return [f"  FAILS  {network.problem}"]
    return [
        f"  runs on        {network.device}, {network.threads} threads",
        f"  checkpoint     {network.checkpoint}",
        f"  SHA-256        {network.weights_sha256}, as its card says",
        f"  loaded in      {network.load_s:.1f} s",
    ]


def _demo_lines(demo: DemoResult) -> list[str]:
    if demo == DemoResult():
        return ["  not tried"]
    lines = []
    if demo.open_s is not None:
        lines.append(f"  opened in      {demo.open_s:.2f} s, {demo.slice_count} slices")
    if demo.analyze_s is not None:
        lines.append(f"  analyzed in    {demo.analyze_s:.2f} s, {demo.flagged_count} slices flagged")
    return [*lines, f"  FAILS  {demo.problem}"] if demo.problem else lines
