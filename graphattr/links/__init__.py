"""Links: which pairs of accounts may share a controller, how likely, and why."""
