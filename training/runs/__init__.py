"""The runs of recipes: on which slices, in which folds, where each network lies, what it says of a slice."""
