from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from avm_otio.engine.library import Kind, LibraryItem
from avm_otio.engine.spotting import MOST_DENSE_US, MusicWish, rank_music, spot_effects
from avm_otio.engine.traits import FilmTraits, Moment, PictureTraits, SoundTraits, Span
from avm_otio.engine.vocabulary import Event, Role


def item(number: int, title: str, kind: Kind, duration_us: int = 600_000, **traits: float) -> LibraryItem:
    facts = {"loudness_lufs": -18.0, "tempo_bpm": None, "brightness_hz": 900.0} | traits
    roles = tuple(role for role in Role if role.name.lower() in title.lower())
    return LibraryItem(number, f"{title}.wav", title, kind, roles, duration_us, **facts)


EFFECTS = [
    item(1, "Whoosh A", Kind.EFFECT),
    item(2, "Whoosh B", Kind.EFFECT),
    item(3, "Impact A", Kind.EFFECT, 1_200_000),
    item(4, "Riser A", Kind.EFFECT, 2_000_000),
    item(5, "Tick A", Kind.EFFECT, 200_000),
    item(6, "Ambience A", Kind.EFFECT, 8_000_000),
]
times = st.integers(0, 30_000_000)
moments = st.lists(st.builds(Moment, times, st.floats(0, 1)), max_size=60).map(tuple)
spans = st.builds(lambda start, length: Span(start, start + length), times, st.integers(0, 9_000_000))
films = st.builds(
    lambda duration, cuts, busy, stills, onsets: FilmTraits(
        duration, PictureTraits(cuts, busy, tuple(stills), 0.5), SoundTraits(onsets)
    ),
    st.integers(1, 30_000_000),
    moments,
    moments,
    st.lists(spans, max_size=4),
    moments,
)


@settings(max_examples=150, deadline=None)
@given(films, st.tuples(times, times))
def test_cues_lie_in_order_inside_the_stretch_and_are_not_dense(
    film: FilmTraits, edges: tuple[int, int]
) -> None:
    start, end = sorted(min(edge, film.duration_us) for edge in edges)
    within = Span(start, end)
    cues = spot_effects(film, EFFECTS, within)
    assert all(within.start_us <= cue.start_us < cue.end_us <= within.end_us for cue in cues)
    assert [cue.start_us for cue in cues] == sorted(cue.start_us for cue in cues)
    assert len(cues) <= max(1, (end - start) // MOST_DENSE_US)
    assert all(len(cue.item_ids) == len(set(cue.item_ids)) >= 3 for cue in cues)
    assert cues == spot_effects(film, EFFECTS, within)


def test_each_cut_gets_an_effect_at_its_frame_and_the_strongest_a_riser_into_it() -> None:
    cuts = (Moment(2_002_000, 0.5), Moment(5_005_000, 1.0), Moment(8_008_000, 0.6))
    cues = spot_effects(FilmTraits(10_000_000, PictureTraits(cuts)), EFFECTS)
    assert [cue.start_us for cue in cues if cue.event is Event.CUT] == [cut.at_us for cut in cuts]
    riser = next(cue for cue in cues if cue.event is Event.TENSION)
    assert (riser.end_us, riser.item_ids[0]) == (5_005_000, 4)


def test_a_whoosh_is_cued_where_motion_peaks_since_it_is_laid_by_its_own_peak() -> None:
    film = FilmTraits(6_000_000, PictureTraits(busiest=(Moment(3_000_000, 1.0),)))
    (cue,) = spot_effects(film, EFFECTS)
    assert (cue.start_us, cue.role, cue.item_ids[0]) == (3_000_000, Role.WHOOSH, 1)


def test_the_same_sound_is_not_used_every_time() -> None:
    cuts = tuple(Moment(at, 0.5) for at in range(1_000_000, 9_000_000, 2_000_000))
    busiest = tuple(Moment(cut.at_us + 100_000, 0.6) for cut in cuts)
    cues = spot_effects(FilmTraits(10_000_000, PictureTraits(cuts, busiest)), EFFECTS)
    assert len({cue.item_ids[0] for cue in cues if cue.role is Role.WHOOSH}) == 2


def test_no_effects_in_the_library_means_no_cues() -> None:
    film = FilmTraits(9_000_000, PictureTraits((Moment(3_000_000, 1.0),)))
    assert spot_effects(film, [item(1, "Song", Kind.MUSIC)]) == ()


MUSIC = [
    item(1, "Slow Fog Dark Drone", Kind.MUSIC, tempo_bpm=60.0, brightness_hz=200.0),
    item(2, "Happy Ukulele Pop", Kind.MUSIC, tempo_bpm=120.0, brightness_hz=600.0),
    item(3, "Calm Piano", Kind.MUSIC, tempo_bpm=70.0, brightness_hz=300.0),
]
STILL = FilmTraits(10_000_000)


def first(film: FilmTraits, wish: MusicWish) -> int:
    return rank_music(film, MUSIC, wish)[0].id


def test_music_follows_the_words_bpm_genre_and_instrument_that_were_asked_for() -> None:
    assert first(STILL, MusicWish("a joyful day")) == 2
    assert first(STILL, MusicWish("平靜的早晨")) == 3
    assert first(STILL, MusicWish(bpm=61)) == 1
    assert first(STILL, MusicWish(genres=(5,))) == 2
    assert first(STILL, MusicWish(instruments=(2,))) == 3


def test_a_lively_film_gets_faster_music_than_a_still_one() -> None:
    cuts = tuple(Moment(at, 1.0) for at in range(500_000, 10_000_000, 500_000))
    lively = FilmTraits(10_000_000, PictureTraits(cuts, motion=0.8), SoundTraits(loudness_lufs=-14.0))
    assert first(lively, MusicWish()) == 2
    assert first(STILL, MusicWish()) != 2
