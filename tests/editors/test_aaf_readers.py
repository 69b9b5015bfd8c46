"""AAFs read by programs that are not ours: the official OTIO adapter, and Ardour's libaaf."""

import re
import wave
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest

from avm_otio.formats.writing import write
from avm_otio.timeline.model import Timeline, Track, TrackKind
from avm_otio.timeline.time import RecordTime, nearest_frame
from tests.editors.libaaf import trace
from tests.models import plain


def mono_wav(path: Path, samples: int) -> str:
    """A silent 24-bit mono WAV at 48 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(3)
        file.setframerate(48_000)
        file.writeframes(bytes(3 * samples))
    return str(path)


@pytest.fixture
def cut(tmp_path: Path) -> Timeline:
    """A scored cut with real mono files, one effect of it 100 samples later than its frame."""
    timeline = plain(Fraction(25), 90_000)
    tracks = []
    for track in timeline.tracks:
        clips = []
        for clip in track.clips:
            media = clip.media
            assert media is not None
            if track.kind is TrackKind.AUDIO:
                paths = [
                    mono_wav(tmp_path / f"{media.name} é {channel}.wav", 4 * 48_000) for channel in range(2)
                ]
                media = replace(media, mono=tuple(paths), duration=Fraction(4))
                clip = replace(clip, content=media, media_in=media.start)
            clips.append(clip)
        tracks.append(replace(track, clips=tuple(clips)))
    effects = tracks[-1].clips
    late = Fraction(100, 48_000)
    moved = replace(
        effects[0], start=RecordTime(effects[0].start + late), end=RecordTime(effects[0].end + late)
    )
    tracks[-1] = replace(tracks[-1], clips=(moved, *effects[1:]))
    return replace(timeline, tracks=tuple(tracks))


def places(track: Track, unit: Fraction) -> list[tuple[int, int, bool]]:
    return [
        (
            nearest_frame(clip.start, unit),
            nearest_frame(clip.end, unit) - nearest_frame(clip.start, unit),
            clip.enabled,
        )
        for clip in track.clips
    ]


@pytest.mark.filterwarnings("ignore")
def test_the_official_adapter_finds_every_clip_in_its_place(tmp_path: Path, cut: Timeline) -> None:
    path = tmp_path / "cut.aaf"
    write(cut, path)
    read = otio.adapters.read_from_file(str(path), adapter_name="AAF")
    assert [track.kind.lower() for track in read.tracks] == [track.kind for track in cut.tracks]
    assert read.global_start_time.value == cut.start_frame
    for found, wanted in zip(read.tracks, cut.tracks, strict=True):
        unit = cut.rate if wanted.kind is TrackKind.VIDEO else Fraction(48_000)
        laid = [
            (
                round(item.trimmed_range_in_parent().start_time.value),
                round(item.duration().value),
                item.enabled,
            )
            for item in found
            if isinstance(item, otio.schema.Clip | otio.schema.Stack)
        ]
        assert laid == places(wanted, unit)


_OF_PYAAF2 = ("retrieveMetaDictionaryClass", "retrieveStrongReferenceSet")
"""Complaints about the AAF's own dictionary, as of any that pyaaf2 makes."""


@pytest.mark.editors
def test_libaaf_reads_sounds_gains_fades_and_muted_clips(tmp_path: Path, cut: Timeline) -> None:
    path = tmp_path / "cut.aaf"
    sound_only = replace(cut, tracks=cut.audio_tracks)  # it takes one video clip and no more
    write(sound_only, path)
    trace_text = trace(path)
    assert "loaded 0" in trace_text
    complaints = [
        line
        for line in trace_text.splitlines()
        if re.match(r"\s*(err|wrn|\[ ?(error|warning))", line) and not any(one in line for one in _OF_PYAAF2)
    ]
    assert not complaints
    assert trace_text.count("AAFOperationDef_AudioChannelCombiner; Length") >= 5
    assert "(-06.0 dB)" in trace_text
    assert "AAFOperationDef_MonoAudioDissolve; Length: 96000" in trace_text
    assert "AAFClassID_Selector" in trace_text
    assert "%C3%A9%200.wav" in trace_text
    first = nearest_frame(cut.tracks[-1].clips[0].start, Fraction(48_000))
    assert f"AAFClassID_Filler (Length: {first})" in trace_text
    for track in sound_only.tracks:
        assert f": {track.name}" in trace_text
