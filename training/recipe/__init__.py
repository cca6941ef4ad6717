"""A recipe: every choice of one training run, as frozen values read from a TOML file."""
