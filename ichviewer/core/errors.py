"""The errors that a user can meet.

Each message is one sentence that names the file or series and the fact; the window and the
command line print it as it is.
"""


class IchViewerError(Exception):
    """Anything that ichviewer reports to its user in words of its own."""


class UnreadableError(IchViewerError):
    """A file or series that cannot be read; nothing that was read before is lost."""


class ExportError(IchViewerError):
    """A file could not be written; whatever stood at its place is untouched."""


class CheckpointError(IchViewerError):
    """Weights or model card are missing, damaged, or do not belong together."""


class InferenceError(IchViewerError):
    """The network could not be run, or one slice of it failed."""


class MismatchError(IchViewerError):
    """A result does not belong to the series or checkpoint that it was offered to."""
