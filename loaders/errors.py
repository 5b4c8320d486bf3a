"""The one error of this package. It reads like graphattr's own, which wraps it at the seam."""

from __future__ import annotations


class LoadError(Exception):
    """Signals that cannot be loaded as the data contract says. Nothing is left written when it is raised.

    Args:
        got: what was found, in one clause; names the file and the column where there is one.
        expected: what was needed instead.
        hint: what the reader can do about it.
    """

    def __init__(self, got: str, expected: str = "", hint: str = "") -> None:
        self.got, self.expected, self.hint = got, expected, hint
        parts = [got, f"expected {expected}" if expected else "", hint]
        super().__init__(". ".join(part.rstrip(".") for part in parts if part) + ".")
