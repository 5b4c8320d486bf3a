"""One tree of errors. Every message says what was got, what was expected, and how to mend it.

Errors of foreign libraries and of `loaders` are wrapped at the seam where they enter, so a caller catches
`GraphattrError` and nothing else. The exit status is part of the contract: 1 the answer is no, 2 bad input.
"""

from __future__ import annotations


class GraphattrError(Exception):
    """Base of every error that graphattr raises on purpose.

    Args:
        got: what was found, in one clause.
        expected: what was needed instead.
        hint: what the reader can do about it.
    """

    exit_code = 2

    def __init__(self, got: str, expected: str = "", hint: str = "") -> None:
        self.got, self.expected, self.hint = got, expected, hint
        parts = [got, f"expected {expected}" if expected else "", hint]
        super().__init__(". ".join(part.rstrip(".") for part in parts if part) + ".")


class InputError(GraphattrError):
    """A file, table, column or row that cannot be read as the data contract says."""


class SettingsError(GraphattrError):
    """A setting or an option that is unknown, out of range, or missing."""


class StoreError(GraphattrError):
    """A store that cannot be reached, opened, written or read."""


class QueryError(GraphattrError):
    """A Cypher query that is not read-only, or that the store refuses."""


class RunError(GraphattrError):
    """A run folder that is missing, unfinished, or not what its run.json says."""


class BundleError(GraphattrError):
    """An evidence bundle that cannot be built."""


class VerificationError(GraphattrError):
    """A bundle that fails a step of its verification. The step is named: it fails closed.

    Args:
        step: name of the step that failed, as `graphattr verify` prints it.
        got: what was found.
        expected: what an intact bundle has there.
    """

    exit_code = 1

    def __init__(self, step: str, got: str, expected: str = "") -> None:
        self.step = step
        super().__init__(f"step '{step}' failed: {got}", expected)
