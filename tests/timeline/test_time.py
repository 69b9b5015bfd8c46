"""Time is exact, and becomes frames by one rule."""

from __future__ import annotations

from fractions import Fraction

import opentimelineio as otio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avm_otio.errors import TimeFormatError
from avm_otio.timeline.time import (
    FrameSpan,
    exact_value,
    format_timecode,
    format_timestamp,
    frame_span,
    nearest_frame,
    parse_timecode,
    parse_timestamp,
    since_midnight,
    snap_rate,
    whole_frames,
)
from tests.timelines import seconds_of, time_range

RATES = [Fraction(n) for n in (24, 25, 30, 48, 50, 60)] + [Fraction(n * 1000, 1001) for n in (24, 30, 48, 60)]
rates = st.sampled_from(RATES)
moments = st.fractions(min_value=0, max_value=36_000, max_denominator=1_000_000)


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("00:00:02.237288", 2_237_288),
        ("00:00:02", 2_000_000),
        ("00:00:02.5", 2_500_000),
        ("00:00:00.0000004", 0),
        ("00:00:00.0000005", 1),
        ("00:00:00.99999999999", 1_000_000),
        ("00:00:59.9999999", 60_000_000),
        ("100:00:00.000001", 360_000_000_001),
        ("0:00:01", 1_000_000),
        (" 00:00:01 ", 1_000_000),
        (None, None),
    ],
)
def test_a_timestamp_is_read_to_the_microsecond(text: str | None, micros: int | None) -> None:
    assert parse_timestamp(text) == micros


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "-00:00:01",
        "00:00:-1",
        "00:60:00",
        "00:00:60",
        "1.5",
        "00:00",
        "aa:bb:cc",
        "00:00:01.",
        "٠٠:٠٠:٠١",
        3.5,
        [],
        "nan",
    ],
)
def test_junk_is_no_timestamp(junk: object) -> None:
    with pytest.raises(TimeFormatError):
        parse_timestamp(junk)


@given(st.integers(min_value=0, max_value=10**13))
def test_a_timestamp_survives_the_round_trip(micros: int) -> None:
    assert parse_timestamp(format_timestamp(micros)) == micros


@given(st.integers(0, 10**6), st.text("0123456789", min_size=1, max_size=20))
def test_any_number_of_fractional_digits_rounds_half_up(seconds: int, digits: str) -> None:
    exact = seconds + Fraction(int(digits), 10 ** len(digits))
    text = format_timestamp(seconds * 1_000_000).partition(".")[0] + "." + digits
    assert parse_timestamp(text) == (exact * 1_000_000 + Fraction(1, 2)).__floor__()


@pytest.mark.parametrize(
    ("written", "exact"),
    [
        (23.976, Fraction(24000, 1001)),
        (23.98, Fraction(24000, 1001)),
        (23.976024627685547, Fraction(24000, 1001)),
        ("24000/1001", Fraction(24000, 1001)),
        (29.97, Fraction(30000, 1001)),
        (Fraction(2997, 100), Fraction(30000, 1001)),
        (59.94, Fraction(60000, 1001)),
        (47.952, Fraction(48000, 1001)),
        (119.88, Fraction(120000, 1001)),
        (24, Fraction(24)),
        (25.0001, Fraction(25)),
        (12.5, Fraction(25, 2)),
        (48000, Fraction(48000)),
        (44100.0, Fraction(44100)),
    ],
)
def test_a_rate_is_snapped_to_what_was_meant(written: float | str | Fraction, exact: Fraction) -> None:
    assert snap_rate(written) == exact


@pytest.mark.parametrize("bad", [0, -24, "fast", float("nan"), float("inf"), "1/0"])
def test_what_is_no_rate_is_refused(bad: float | str) -> None:
    with pytest.raises(TimeFormatError):
        snap_rate(bad)


@given(rates)
def test_snapping_a_snapped_rate_changes_nothing(rate: Fraction) -> None:
    assert snap_rate(float(rate)) == rate == snap_rate(rate)


@given(moments, rates)
def test_the_nearest_frame_is_at_most_half_a_frame_away(moment: Fraction, rate: Fraction) -> None:
    assert abs(nearest_frame(moment, rate) / rate - moment) * rate <= Fraction(1, 2)


@given(moments, rates)
def test_whole_frames_never_claim_media_that_is_not_there(length: Fraction, rate: Fraction) -> None:
    frames = whole_frames(length, rate)
    assert frames / rate <= length < (frames + 1) / rate


def test_half_way_goes_to_the_later_frame() -> None:
    assert nearest_frame(Fraction(1, 48), Fraction(24)) == 1


@given(moments, moments, rates, st.integers(0, 1000), st.integers(1, 1_000_000))
def test_a_span_is_a_frame_at_least_and_stays_inside(
    start: Fraction, length: Fraction, rate: Fraction, first: int, frames: int
) -> None:
    within = FrameSpan(first, first + frames)
    span = frame_span(start, start + length, rate, within)
    assert within.start <= span.start < span.end <= within.end
    if within.start <= start * rate <= within.end - Fraction(1, 2):
        assert abs(span.start / rate - start) * rate <= Fraction(1, 2)


def test_nothing_drifts_over_ten_hours_of_film() -> None:
    rate = Fraction(24000, 1001)
    frames = 10 * 3600 * 24
    assert nearest_frame(Fraction(frames) / rate, rate) == frames
    assert seconds_of(time_range(frames, 0, rate).start_time) == frames / rate


@pytest.mark.parametrize(
    ("text", "rate", "frames"),
    [
        ("01:00:00:00", Fraction(24), 86_400),
        ("01:00:00:00", Fraction(24000, 1001), 86_400),
        ("00:00:59;29", Fraction(30000, 1001), 1_799),
        ("00:01:00;02", Fraction(30000, 1001), 1_800),
        ("00:10:00;00", Fraction(30000, 1001), 17_982),
        ("01:00:00;00", Fraction(30000, 1001), 107_892),
        ("01:00:00.00", Fraction(30000, 1001), 107_892),
        ("00:01:00;04", Fraction(60000, 1001), 3_600),
        ("01:00:00:59", Fraction(60), 216_059),
        ("00:00:00:119", Fraction(120), 119),
    ],
)
def test_a_timecode_counts_as_the_tape_does(text: str, rate: Fraction, frames: int) -> None:
    assert parse_timecode(text, rate) == frames


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("00:01:00;00", Fraction(30000, 1001)),
        ("00:01:00;01", Fraction(30000, 1001)),
        ("00:00:00:24", Fraction(24)),
        ("00:60:00:00", Fraction(24)),
        ("00:00:61:00", Fraction(24)),
        ("00:00:10;00", Fraction(24)),
        ("-01:00:00:00", Fraction(24)),
        ("ten past", Fraction(24)),
        ("", Fraction(24)),
    ],
)
def test_a_timecode_that_does_not_exist_is_refused(text: str, rate: Fraction) -> None:
    with pytest.raises(TimeFormatError):
        parse_timecode(text, rate)


@given(st.integers(0, 30 * 3600 * 24), rates)
def test_a_timecode_survives_the_round_trip(frames: int, rate: Fraction) -> None:
    assert parse_timecode(format_timecode(frames, rate), rate) == frames


@given(st.integers(0, 60 * 3600 * 24), st.sampled_from([Fraction(30000, 1001), Fraction(60000, 1001)]))
def test_a_drop_frame_timecode_survives_the_round_trip(frames: int, rate: Fraction) -> None:
    assert parse_timecode(format_timecode(frames, rate, drop_frame=True), rate) == frames


@given(st.integers(0, 30 * 3600 * 10))
def test_drop_frame_agrees_with_opentimelineio(frames: int) -> None:
    theirs = otio.opentime.RationalTime(frames, 30000 / 1001).to_timecode(30000 / 1001, True)
    assert format_timecode(frames, Fraction(30000, 1001), drop_frame=True) == theirs


@pytest.mark.parametrize(("value", "exact"), [(10.0000000001, 10), (9.99999999, 10), (10.5, Fraction(21, 2))])
def test_the_dust_of_doubles_is_wiped_off(value: float, exact: Fraction) -> None:
    assert exact_value(value) == exact


@pytest.mark.parametrize(
    ("rate", "counts"),
    [
        (Fraction(30), 107_892),
        (Fraction(60), 215_784),
        (Fraction(120), 431_568),
        (Fraction(60_000, 1001), 215_784),
    ],
)
def test_whole_rates_drop_the_same_numbers_where_their_timecode_is_flagged(
    rate: Fraction, counts: int
) -> None:
    assert parse_timecode("01:00:00;00", rate) == counts
    assert format_timecode(counts, rate, drop_frame=True).rstrip("0") == "01:00:00;"


@pytest.mark.parametrize(
    "rate", [Fraction(24), Fraction(25), Fraction(48), Fraction(50), Fraction(24_000, 1001)]
)
def test_rates_that_do_not_count_in_thirties_have_no_drop_frame(rate: Fraction) -> None:
    with pytest.raises(TimeFormatError):
        parse_timecode("01:00:00;00", rate)


@given(st.fractions(0, 200_000, max_denominator=48_000), st.sampled_from((24, 25, 48_000)))
def test_a_day_later_it_is_the_same_since_midnight(at: Fraction, rate: int) -> None:
    day, hz = 24 * 3600, Fraction(rate)
    assert 0 <= since_midnight(at, hz) < day * rate
    assert since_midnight(at, hz) == since_midnight(at + day, hz) == nearest_frame(at, hz) % (day * rate)
