"""Rings: sets of accounts under common control, as far as the links carry it."""
