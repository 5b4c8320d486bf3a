"""What a training takes is measured on whole processes, one of them killed."""

import pytest

from benchmarks import training
from benchmarks.training import Taught, taught, training_lines


def test_a_killed_training_is_started_again_and_ends_the_same() -> None:
    whole, killed = (taught(3_000, 3, 1, killed=kill) for kill in (False, True))
    assert whole.sha256 == killed.sha256
    assert min(whole.cpu, whole.wall, whole.peak) > 0
    assert killed.cpu > 0


def test_models_that_differ_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(_accounts: int, _seed: int, _epochs: int, *, killed: bool) -> Taught:
        return Taught(100.0, 60.4, 2048, ("b" if killed else "a") * 64)

    monkeypatch.setattr(training, "taught", found)
    assert training_lines(100_000, 1, 40) == [
        ["as it comes", "100,000", "60", "100", "2.0", "a" * 12, ""],
        ["killed", "100,000", "60", "100", "2.0", "b" * 12, "NOT the same"],
    ]


def test_a_command_that_fails_is_no_measurement() -> None:
    with pytest.raises(SystemExit, match="ended with 3"):
        training.spent(["python", "-c", "raise SystemExit(3)"], lambda: False)
