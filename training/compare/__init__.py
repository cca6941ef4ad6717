"""Many recipes on the same folds and budget, in one table.

The one thing to get wrong: a table is fair only if every row was measured on the same slices, with the same
number of steps, and says what it cost and what it lost; what was not run stands there as not run.
"""
