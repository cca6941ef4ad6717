"""Sources that are made of a prepared one; and `training prepare`, which knows every source by name."""
