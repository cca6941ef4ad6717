"""Values and arithmetic: numpy and the standard library only, no files, clock, randomness, Qt or torch."""
