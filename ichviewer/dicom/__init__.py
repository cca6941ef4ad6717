"""DICOM in: files to series headers, headers to volumes, compressed pixels decoded in a child process."""
