"""How good scores are: figures with intervals, calibration, operating points, localization, pages.

Nothing here trains. The one thing to get wrong: every figure is of scores that the scoring network's
training never saw, and every interval is over patients, not slices.
"""
