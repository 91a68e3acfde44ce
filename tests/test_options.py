"""Numbers that codecs are told."""

import pytest

from genvc.errors import BadInput
from genvc.options import check_number, check_whole


@pytest.mark.parametrize("value", [0, 100, 2.5, None])
def test_numbers_within_the_range_are_fine(value: object) -> None:
    check_number("some", "quality", value, 0, 100)


@pytest.mark.parametrize("value", [-1, 100.5, True, "5", float("nan"), float("inf")])
def test_other_things_are_no_numbers(value: object) -> None:
    with pytest.raises(BadInput, match=r"codec 'some': quality is a number from 0 to 100, not "):
        check_number("some", "quality", value, 0, 100)


@pytest.mark.parametrize("value", [2.0, 0, False, "3", 1 << 25])
def test_other_things_are_no_whole_numbers(value: object) -> None:
    with pytest.raises(BadInput, match="bytes is a whole number from 1 to 16777216, not "):
        check_whole("some", "bytes", value, 1, 1 << 24)


def test_what_is_needed_may_not_be_left_out() -> None:
    for check in (check_number, check_whole):
        with pytest.raises(BadInput, match=r"seconds is .* from 0 to 60, not None"):
            check("some", "seconds", None, 0, 60, needed=True)
