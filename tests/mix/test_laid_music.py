"""A plan of music becomes clips and crossfades on one track, and says what it is made of."""

from __future__ import annotations

from fractions import Fraction as F
from itertools import pairwise

from avm_otio.formats.otio.read import from_otio
from avm_otio.formats.otio.write import timeline_of
from avm_otio.mix.cues import Cues, whole_film
from avm_otio.mix.laid_music import with_music
from avm_otio.mix.placement import lay
from avm_otio.services import MUSIC
from avm_otio.timeline.model import Media
from avm_otio.timeline.plan import FilmMap
from avm_otio.timeline.time import FilmTime, RecordTime
from tests.mix.scored_music import DAWN, DUSK, LENGTH, RATE, lane, planned, scored


def test_the_clips_abut_and_the_crossfades_lie_at_their_cuts() -> None:
    music = scored().tracks[-1]
    cuts = [before.end for before, after in pairwise(music.clips) if before.end == after.start]
    assert len(cuts) == len(music.clips) - 1 >= 2
    assert [each.at for each in music.transitions] == cuts
    assert music.clips[0].start == 0
    assert music.clips[-1].end == LENGTH
    assert {each.mix.gain_db for each in music.clips} == {-6}


def test_one_marker_tells_of_the_cue_and_one_clip_what_it_is_made_of() -> None:
    music = scored().tracks[-1]
    assert [len(each.markers) for each in music.clips] == [1] + [0] * (len(music.clips) - 1)
    offers = [each.offer for each in music.clips]
    assert all(each is not None and each.item["id"] == 7 for each in offers)
    fitted = [each.fitted for each in offers if each is not None and each.fitted is not None]
    assert fitted == [planned().parts[0].music.as_dict()]
    assert offers[0] is not None
    assert [each["id"] for each in offers[0].alternatives] == [8]
    assert (offers[0].film_start_us, offers[0].film_end_us) == (0, LENGTH * 1_000_000)


def test_beat_markers_lie_on_every_bar() -> None:
    music = scored(beat_markers=True).tracks[-1]
    bars = sorted(
        clip.start + marker.start for clip in music.clips for marker in clip.markers[clip is music.clips[0] :]
    )
    assert bars == [bar.at for bar in planned().parts[0].music.bars]


def test_it_comes_back_from_otio_as_it_was() -> None:
    cut = scored(has_keys=True, beat_markers=True)
    again = from_otio(timeline_of(cut)).tracks[-1]
    assert again.clips == cut.tracks[-1].clips
    assert [(each.at, each.before, each.after) for each in again.transitions] == [
        (each.at, each.before, each.after) for each in cut.tracks[-1].transitions
    ]


def test_it_takes_the_place_of_the_track_that_was_laid_as_it_is() -> None:
    film_map = FilmMap(RecordTime(F(0)), F(1), FilmTime(F(LENGTH)))
    media = Media("dawn.wav", "/media/dawn.wav", duration=F(60))
    laid = lay(Cues({MUSIC: whole_film((DAWN, DUSK))}), film_map, RATE, lambda _: media)
    made = with_music(laid, lane(planned()), ("a note",))
    assert len(made.of(MUSIC)) == 1
    assert len(made.clips) == len(planned().parts[0].music.pieces)
    assert [each for each in made.lanes if each.is_spare] == [each for each in laid.lanes if each.is_spare]
    assert made.notes == ("a note",)
