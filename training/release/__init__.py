"""From fold networks to the checkpoint that the viewer loads, checked before it lies there."""
