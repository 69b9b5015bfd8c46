"""Alternatives of music in several pieces: what is heard of one is what is laid once it is chosen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest

from avm_otio import choosing
from avm_otio.cli.main import run
from avm_otio.formats import reading
from avm_otio.timeline.model import Stem
from avm_otio.timeline.plan import SoundSegment
from avm_otio.timeline.playback import plan_playback
from tests.media.numbered import movie
from tests.media.sounds import wav_bytes
from tests.media.tunes import tune
from tests.scripted_service import film_service, music, result_of
from tests.timelines import time_range

RATE, SECONDS = F(24), 6
ITEMS = (7, 8, 9)


@pytest.fixture(scope="module", params=["marker", pytest.param("film", marks=pytest.mark.slow)])
def scored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cut with music that begins twice, and three pieces of different tempo for it."""
    folder = tmp_path_factory.mktemp(request.param)
    movie(folder / "a.mp4", SECONDS * 24, RATE)
    span = time_range(0, SECONDS * 24, RATE)
    shot = otio.schema.Clip("shot", otio.schema.ExternalReference("a.mp4", span), span)
    cut = otio.schema.Timeline("cut", global_start_time=otio.opentime.RationalTime(86_400, 24))
    cut.tracks.extend(
        [otio.schema.Track("V1", [shot]), otio.schema.Track("A1", [shot.deepcopy()], kind="Audio")]
    )
    cut.tracks.markers.extend(
        otio.schema.Marker(name="MUSIC IN", marked_range=time_range(at, 1, RATE)) for at in (0, 72)
    )
    (folder / "cut.otio").write_text(cut.to_json_string())
    with pytest.MonkeyPatch.context() as patch, film_service(result_of()) as service:
        patch.setenv("AVM_TOKEN", "sesame-1234567890")
        patch.setenv("AVM_CONFIG_DIR", str(folder / "config"))
        patch.chdir(folder)
        tempos = (120, 96, 150)
        pieces = [wav_bytes(tune(tempo, seconds=7, seed=tempo).sound) for tempo in tempos]
        service.result = result_of(
            musics=[music(service, number, piece) for number, piece in zip(ITEMS, pieces, strict=True)]
        )
        asked = ["--services", "music", "--service", service.url, "--alternatives", "2", "-q"]
        assert run(["score", "cut.otio", "-o", "out.otio", *asked, "--music-per", request.param]) == 0
        yield folder


def laid(output: Path) -> list[Any]:
    """What is heard of the music in a timeline."""
    played = plan_playback(reading.read(output).timeline).sound
    return heard(each for each in played if each.stem is Stem.MUSIC)


def heard(segments: Iterable[SoundSegment]) -> list[Any]:
    """File, place, in point, level and fades."""
    return sorted(
        (
            Path(each.media.path).name.replace("%20", " "),
            *(each.start, each.end, each.media_in, each.fade_in, each.fade_out),
            *(round(each.gain_db, 3), [(key.at, round(key.gain_db, 3)) for key in each.keys]),
        )
        for each in segments
    )


@pytest.mark.parametrize("item", ITEMS)
def test_an_alternative_is_heard_on_the_page_as_it_is_laid_once_it_is_chosen(scored: Path, item: int) -> None:
    output = scored / "out.otio"
    on_the_page = heard(choosing.alternatives(output).sounds["music 1", item])
    choosing.choose(output, "music 1", reset=True)
    choosing.choose(output, "music 1", item=item)
    choosing.update(output)
    assert on_the_page == laid(output)
