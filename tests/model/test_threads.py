"""Work side by side: all parts, in their order, and the first failure."""

import threading

import pytest

from models.threads import side_by_side


def test_results_come_in_the_order_of_the_parts_whoever_is_done_first() -> None:
    second = threading.Event()

    def work(part: int) -> int:
        # The first part waits for the second, where two can run at once.
        if part == 0:
            second.wait(0.2)
        if part == 1:
            second.set()
        return part * part

    assert side_by_side(work, range(9)) == [n * n for n in range(9)]
    assert side_by_side(work, []) == []


def test_a_part_that_fails_is_not_passed_over() -> None:
    def work(part: int) -> int:
        if part == 3:
            raise ValueError("the third")
        return part

    with pytest.raises(ValueError, match="the third"):
        side_by_side(work, range(6))
