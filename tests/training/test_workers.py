"""Work in processes of their own: the same results in the same order, and threads as they were."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator

import pytest

from graphattr.training.workers import EACH, one_thread, side_by_side


def squared(number: int) -> tuple[int, int, str]:
    """What a worker is asked for, with its process and the threads that it may use."""
    return number**2, os.getpid(), os.environ.get("POLARS_MAX_THREADS", "")


def broken(number: int) -> int:
    """Fails on one piece of the work."""
    if number == 3:
        raise ValueError("no three")
    return number


@pytest.mark.usefixtures("started_from_nothing")
@pytest.mark.parametrize("workers", [0, 1, 2])
def test_results_come_in_order_whoever_works(workers: int) -> None:
    numbers = list(range(2 * EACH + 3))
    found = list(side_by_side(squared, numbers, workers))
    assert [one for one, _, _ in found] == [number**2 for number in numbers]
    others = {process for _, process, _ in found} - {os.getpid()}
    if workers < 2:
        assert not others
    else:
        assert len(others) >= workers + 1  # replaced after EACH pieces
        assert {threads for _, _, threads in found} == {"1"}


@pytest.mark.usefixtures("started_from_nothing")
def test_what_fails_in_a_process_is_raised_here() -> None:
    run = side_by_side(broken, [1, 2, 3, 4], 2)
    with pytest.raises(ValueError, match="no three"):
        list(run)


def test_threads_are_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLARS_MAX_THREADS", "7")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    with one_thread():
        assert (os.environ["POLARS_MAX_THREADS"], os.environ["OMP_NUM_THREADS"]) == ("1", "1")
    assert os.environ["POLARS_MAX_THREADS"] == "7"
    assert "OMP_NUM_THREADS" not in os.environ


def test_one_process_works_as_results_are_taken() -> None:
    begun: list[int] = []
    here = threading.get_ident()

    def noted(number: int) -> int:
        assert threading.get_ident() == here
        begun.append(number)
        return number

    run: Iterator[int] = side_by_side(noted, [1, 2, 3], 1)
    assert next(run) == 1
    assert begun == [1]
