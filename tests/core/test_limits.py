"""Texts and files are measured as each platform measures them."""

from __future__ import annotations

import pytest

from inbox_tui.core.limits import (
    FILE_RULES,
    MEGABYTE,
    TextMeasure,
    Unit,
    address_problem,
    file_kind,
    file_problem,
    measure,
)

FAMILY = "👩\u200d👩\u200d👧\u200d👦"  # 7 code points, 11 UTF-16 units, 25 bytes, 1 grapheme


@pytest.mark.parametrize(
    ("platform", "text", "used", "limit", "unit"),
    [
        ("facebook", FAMILY, 11, 1999, Unit.UTF16),
        ("instagram", FAMILY, 25, 1000, Unit.UTF8),
        ("telegram", FAMILY, 7, 4096, Unit.CODE_POINTS),
        ("bluesky", FAMILY, 25, 10_000, Unit.UTF8),
        ("bluesky", "a", 1, 1000, Unit.GRAPHEMES),
        ("telegram", "\U0001f9d1" * 10, 10, 4096, Unit.CODE_POINTS),
        ("threads", FAMILY, 1, None, Unit.GRAPHEMES),
        ("instagram", "a\r\nb", 3, 1000, Unit.UTF8),
    ],
)
def test_the_unit_closest_to_its_limit_is_the_one_shown(
    platform: str, text: str, used: int, limit: int | None, unit: Unit
) -> None:
    assert measure(platform, text) == TextMeasure(used, limit, unit, warn=False, over=False)


@pytest.mark.parametrize(
    ("platform", "length", "warn", "over"),
    [
        ("facebook", 1799, False, False),
        ("facebook", 1800, True, False),
        ("facebook", 2000, True, False),
        ("facebook", 2001, True, True),
        ("instagram", 899, False, False),
        ("instagram", 900, True, False),
        ("instagram", 1000, True, False),
        ("instagram", 1001, True, True),
        ("telegram", 3686, False, False),
        ("telegram", 3687, True, False),
        ("telegram", 4096, True, False),
        ("telegram", 4097, True, True),
        ("bluesky", 899, False, False),
        ("bluesky", 1000, True, False),
        ("bluesky", 1001, True, True),
    ],
)
def test_nine_tenths_warn_and_only_the_hard_limit_blocks(
    platform: str, length: int, warn: bool, over: bool
) -> None:
    measured = measure(platform, "a" * length)
    assert (measured.used, measured.warn, measured.over) == (length, warn, over)


def test_a_second_limit_blocks_by_itself() -> None:
    assert measure("bluesky", FAMILY * 401).over
    assert not measure("bluesky", FAMILY * 400).over


def test_a_caption_on_telegram_is_shorter() -> None:
    assert measure("telegram", "a" * 1024, caption=True).over is False
    assert measure("telegram", "a" * 1025, caption=True).over is True


def test_units_have_words() -> None:
    assert [str(unit) for unit in Unit] == ["characters", "characters", "bytes", "characters"]


@pytest.mark.parametrize(
    ("mime", "kind"),
    [
        ("image/png", "image"),
        ("VIDEO/mp4", "video"),
        ("audio/ogg", "audio"),
        ("application/pdf", "file"),
        ("", "file"),
    ],
)
def test_the_kind_of_a_file_comes_from_its_media_type(mime: str, kind: str) -> None:
    assert file_kind(mime) == kind


@pytest.mark.parametrize(
    ("platform", "mime", "megabytes", "problem"),
    [
        ("facebook", "image/webp", 8.0, None),
        ("facebook", "image/png", 8.1, "8.1 MB; Facebook takes image files up to 8 MB"),
        ("facebook", "application/zip", 25.0, None),
        ("instagram", "image/jpeg; charset=binary", 1.0, None),
        ("instagram", "image/webp", 1.0, "PNG, JPEG and GIF only"),
        ("instagram", "application/zip", 1.0, "Of documents, Instagram takes PDF only"),
        ("instagram", "audio/mpeg", 1.0, "AAC, M4A, WAV and MP4 only"),
        ("telegram", "video/mp4", 50.0, None),
        ("telegram", "video/mp4", 50.1, "up to 50 MB"),
        ("telegram", "image/png", 10.1, "up to 10 MB"),
        ("telegram", "image/png", 0.0, "empty"),
        ("bluesky", "image/png", 1.0, "Bluesky takes no files"),
        ("threads", "image/png", 1.0, "Threads takes no files"),
    ],
)
def test_a_file_that_would_be_refused_says_why(
    platform: str, mime: str, megabytes: float, problem: str | None
) -> None:
    found = file_problem(platform, mime, round(megabytes * MEGABYTE))
    assert (found is None) if problem is None else (found is not None and problem in found)


def test_an_excess_is_told_in_words() -> None:
    assert measure("telegram", "x" * 4097).excess == "1 character"
    assert measure("instagram", "ü" * 501).excess == "2 bytes"
    assert measure("telegram", "x" * 6096).excess == "2,000 characters"


@pytest.mark.parametrize(
    ("platform", "url", "problem"),
    [
        ("instagram", "https://files.example/a.txt?b=c.png", "Of documents, Instagram takes PDF only"),
        ("instagram", "https://files.example/a.pdf#page", None),
        ("instagram", "https://files.example/a", None),
        ("telegram", "https://files.example/a.txt", None),
        ("bluesky", "https://files.example/a.png", "Bluesky takes no files"),
    ],
)
def test_an_address_is_judged_by_its_ending_as_far_as_that_tells(
    platform: str, url: str, problem: str | None
) -> None:
    assert address_problem(platform, url) == problem


def test_every_platform_has_its_rules() -> None:
    assert {platform: sorted(rules) for platform, rules in FILE_RULES.items()} == {
        "facebook": ["audio", "file", "image", "video"],
        "instagram": ["audio", "file", "image", "video"],
        "telegram": ["audio", "file", "image", "video"],
        "bluesky": [],
    }
