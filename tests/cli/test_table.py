"""Tables fit the terminal, whatever is in them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from avm_otio.cli.table import cells, shortened, table

words = st.text(st.characters(codec="utf-8"), max_size=40)


@given(st.lists(st.lists(words, min_size=4, max_size=4), max_size=5), st.integers(22, 120))
def test_no_line_is_wider_than_the_terminal(rows: list[list[str]], most: int) -> None:
    assert all(cells(line) <= most for line in table(("A", "B", "C", "D"), rows, most=most))


@given(words, st.integers(0, 50))
def test_what_fits_is_not_cut_and_what_does_not_says_so(text: str, most: int) -> None:
    shown = shortened(text, most)
    assert cells(shown) <= most
    assert shown == text or most == 0 or shown.endswith("…")


def test_wide_letters_take_two_columns_and_columns_stay_under_each_other() -> None:
    lines = list(table(("NAME", "N"), [("片段", "1"), ("cafe\u0301", "22")], right=("N",), most=None))
    assert lines == ["NAME   N", "片段   1", "cafe\u0301  22"]
