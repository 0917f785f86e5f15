from gis.finder.reasons import shared_error_lines


def test_lines_are_the_same_but_for_numbers_addresses_and_blanks() -> None:
    one = "I ran it.\n  error: cannot open  file 0xdeadbeef (code 5)\nIt is bad."
    other = "error: cannot open file 0x1234 (code 77)\nIt is bad."
    assert shared_error_lines(one, other) == ["error: cannot open file 0x1234 (code 77)"]


def test_short_long_and_other_lines_are_no_reason() -> None:
    assert shared_error_lines("error: no", "error: no") == []
    line = "error: " + "x" * 500
    assert shared_error_lines(line, line) == []
    assert shared_error_lines("the same plain sentence here", "the same plain sentence here") == []
