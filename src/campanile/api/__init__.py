"""The HTTP API: signatures and one call each; no rule lives here."""
