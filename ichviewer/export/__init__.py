"""What leaves the program: tables, pictures, and DICOM files."""
