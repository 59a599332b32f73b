"""Simulated callees: files that say who picks up, and the decider that plays one."""
