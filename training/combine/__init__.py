"""Several trained networks made into one: by their scores, by their weights."""
