"""Numbers of bytes as people read them."""

from __future__ import annotations

from inbox_tui.core.sizes import file_size, part_of


def test_a_size_has_three_digits_or_so_in_the_largest_unit_that_fits() -> None:
    assert [file_size(size) for size in (0, 999, 1_000, 1_440_000, 250_000_000, 7 * 10**12)] == [
        "0 bytes",
        "999 bytes",
        "1.0 kB",
        "1.4 MB",
        "250 MB",
        "7000 GB",
    ]


def test_a_part_is_told_in_the_unit_of_the_whole() -> None:
    assert part_of(20_000, 3_400_000) == "0.0 of 3.4 MB (0 %)"
    assert part_of(1_200_000, 3_400_000) == "1.2 of 3.4 MB (35 %)"
