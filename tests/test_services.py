"""A service is a row of the table: a further row is asked for, read, laid and summed up like the others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import numpy as np
import opentimelineio as otio
import pytest

from avm_otio import services
from avm_otio.cli.main import run
from avm_otio.config.folders import config_file
from avm_otio.formats.otio.read import from_otio
from avm_otio.mix.tracks import without_ours
from avm_otio.services import FilmType, Laying, Service, Unsupported
from avm_otio.timeline.model import Stem
from tests.media.numbered import movie
from tests.outside import DOCS, docs_script
from tests.scripted_service import ScriptedService, effect, film_service, sound, wav
from tests.timelines import clip, timeline, track

AMBIENCE = Service(
    name="ambience",
    words="ambience",
    item="ambience",
    items="ambience",
    request_key="ambience_service",
    result_list="ambiences",
    film_list="ambiences",
    laying=Laying.CUES,
    stem="effects",
    track="AVM Ambience {number}",
    spare_track="AVM Ambience alternatives {number}",
    unsupported=(Unsupported(FilmType.SILENT, "Rooms are told by their sound.", "聲音", "Leave it out."),),
)
ASK_FOR_IT = ("--services", "ambience,music")


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedService]:
    """A film service that knows rooms, too, for a program whose table has a row for it."""
    monkeypatch.setattr(services, "SERVICES", (*services.SERVICES, AMBIENCE))
    monkeypatch.setenv("AVM_TOKEN", "sesame-1234567890")
    with film_service({}) as found:
        rooms = [effect(found.url, 1, title="Kitchen"), effect(found.url, 2, "00:00:01", "00:00:01.5")]
        rooms[0]["sound_effect_items"] += [rooms[1]["sound_effect_items"][0] | {"title": "Hall"}]
        music = {"id": 7, "price": 10.0, "url": f"{found.url}/items/7", "title": "Bed"}
        found.result = {
            "is_done": True,
            "music_mapping_service": {"is_done": True, "musics": [music]},
            "ambience_service": {"is_done": True, "ambiences": rooms},
        }
        found.files = {f"/items/{number}": sound(wav(0.4)) for number in (1, 2, 7)}
        yield found


def cut_of(folder: Path, *, silent: bool = False) -> Path:
    noise = None if silent else np.random.default_rng(1).normal(0, 0.1, (2 * 48_000, 2))
    movie(folder / "shot.mp4", 48, F(24), sound=noise)
    shot = clip("shot", 0, 48)
    shot.media_reference = otio.schema.ExternalReference(str(folder / "shot.mp4"))
    path = folder / "cut.otio"
    path.write_text(timeline(track(shot, name="V1")).to_json_string())
    return path


def score(cut: Path, service: ScriptedService, *more: str) -> int:
    output = str(cut.parent / "out.otio")
    return run(["score", str(cut), "-o", output, "--service", service.url, *ASK_FOR_IT, *more])


def asked(service: ScriptedService) -> dict[str, Any]:
    (call,) = (each for each in service.asked if each.path.endswith("/service/"))
    return dict(json.loads(call.body))


def test_a_further_service_is_asked_for_read_laid_on_tracks_of_its_own_and_summed_up(
    service: ScriptedService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = cut_of(tmp_path)
    assert score(cut, service, "--alternatives", "1", "--json") == 0
    assert asked(service)["ambience_service"] == {}
    scored = otio.adapters.read_from_file(str(tmp_path / "out.otio"))
    assert [each.name for each in scored.tracks] == [
        "V1",
        "AVM Music 1",
        "AVM Ambience 1",
        "AVM Ambience alternatives 1",
    ]
    assert [each.name for each in scored.tracks[2].find_clips()] == ["Kitchen", "S-2"]
    assert [each.name for each in scored.tracks[3].find_clips()] == ["Hall"]
    done = [json.loads(line) for line in capsys.readouterr().out.splitlines()][-1]
    assert (done["ambience"], done["music"], done["effects"], done["dialogue"]) == (2, 1, 0, 0)
    assert done["total_price"] == "15.0"


def test_its_tracks_are_taken_off_again_by_their_names(service: ScriptedService, tmp_path: Path) -> None:
    assert score(cut_of(tmp_path), service, "--alternatives", "1") == 0
    scored = otio.adapters.read_from_file(str(tmp_path / "out.otio"))
    for each in scored.tracks:
        each.metadata.clear()
    left = without_ours(from_otio(scored))
    assert [each.name for each in left.tracks] == ["V1"]


def test_what_is_laid_is_said_in_words(
    service: ScriptedService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score(cut_of(tmp_path), service) == 0
    text = capsys.readouterr().err
    listed = [line.split() for line in text.splitlines() if line.startswith("  ")]
    assert [(words[0], words[4]) for words in listed] == [
        ("Music", "Bed"),
        ("Ambience", "Kitchen"),
        ("Ambience", "S-2"),
    ]
    assert "1 music, 2 ambience on 1 track;" in text


def test_a_film_that_it_does_not_take_is_refused_before_anything_is_sent(
    service: ScriptedService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert score(cut_of(tmp_path, silent=True), service) != 0
    assert "Rooms are told by their sound." in capsys.readouterr().err
    assert service.asked == []


def test_its_key_can_be_configured(service: ScriptedService, tmp_path: Path) -> None:
    config_file().parent.mkdir(parents=True, exist_ok=True)
    config_file().write_text('[service_keys]\nambience = "room_tone_service"\n')
    service.result["room_tone_service"] = service.result.pop("ambience_service")
    assert score(cut_of(tmp_path), service) == 0
    assert "room_tone_service" in asked(service)
    scored = otio.adapters.read_from_file(str(tmp_path / "out.otio"))
    assert [each.name for each in scored.tracks][-1] == "AVM Ambience 1"


def test_every_row_is_of_a_stem_and_no_two_share_a_name() -> None:
    assert {service.stem for service in services.SERVICES} <= set(Stem)
    for names in ("name", "item", "items", "request_key", "film_list", "track"):
        assert len({getattr(service, names) for service in services.SERVICES}) == len(services.SERVICES)


def test_the_table_in_the_docs_is_the_table_of_the_program() -> None:
    assert docs_script("make_services").page() == (DOCS / "engine.md").read_text(encoding="utf-8")
