"""What needs SimpleITK: planes of any direction through a stack, and growing a region from a seed.

Importing SimpleITK takes about a second; whoever imports a module of this package pays for it, so do it in a
worker thread or when the user waits anyway. The package itself imports nothing.
"""
