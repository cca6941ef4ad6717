"""Training of ichviewer's checkpoints, from labeled pictures to a released file; not installed.

Reads top to bottom in ``train.py``. The one thing to get wrong: Hounsfield units enter the network through
``ichviewer.core.preprocessing`` only, here as in the viewer.
"""
