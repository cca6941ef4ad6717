"""The network: building it, its weights, running it, and why it says what it says.

The one thing to get wrong: everything here but ``card_file`` and ``engine`` imports torch, which stays out
of the window's process.
"""
