"""One sitting at the window: which thread does what was asked for, and what the window then shows."""
