"""Dramatiq: the broker, actors of a few lines, and the entry points `calls` and `jobs`."""
