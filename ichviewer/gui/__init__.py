"""Widgets: each draws a state and asks for a change, and nothing else."""
