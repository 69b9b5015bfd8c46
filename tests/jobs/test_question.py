"""The question that a request asks: as earlier programs asked it, so that nothing is paid twice."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from avm_otio.config.load import load_settings, settings_from
from avm_otio.errors import InputError, UsageError
from avm_otio.jobs.question import Question, _ref_music, key_of, service_request
from avm_otio.request import Request
from avm_otio.services import ServiceKeys

KEYS = ServiceKeys()

OLD: dict[str, Any] = json.loads("""\
{
 "key": "87b3677424cc",
 "asked": {"version": 2, "service": "local", "language": "en", "currency": "EUR", "request":
  {"license": {"range": [1], "duration": 1, "usage_platforms": [1]}, "music": {"title": "short_film",
  "budget_min": 0.0, "budget_max": 500.0, "outline": null, "ref_music": null, "bpm": null, "genre": [3],
  "instrument": null, "language": null}, "denoise": false, "effects": {}, "notify_url": null}, "film":
  {"rate": "24", "frames": 96, "media":
  ["32bba8da14326d37392cf9caba6032e0d1122d7ceb797e8695750fd6c2c84d1e",
  "a30609c06f79ad418f20c172a05c13c06931aae9788ee14b230a4014280e1df8",
  "c9d8c45624c7f1d6501580e2aaf9aae05b9d1a99302fd78ea5407b93d4cf9fa1"], "picture":
  [[0, 24, [[0, "5/2", "1", "1", "1"]]], [24, 84, [[1, "3/4", "1", "1", "1"]]],
  [84, 96, [[2, "1/4", "1", "1", "1"]]]], "sound": [["0", "1", 0, "5/2", "1", "0", "0"],
  ["1", "7/2", 1, "3/4", "1", "0", "0"], ["7/2", "4", 2, "1/4", "1", "0", "0"]]}, "is_titled": false},
 "order": {"version": 1, "timeline": "../../short_film.otio", "output": "../../scored.otio", "tc_in":
  "00:00:02:00", "tc_out": "00:00:06:00", "rate": "24000/1001", "media_roots": ["../.."], "currency":
  "EUR", "budget_max": 500.0, "genre": ["3"], "music_gain_db": -6.0, "editor": "resolve"}
}
""")
"""Of a journal as avm-otio 0.1.0 wrote it before a request was one value."""


def old_request() -> Request:
    """What that program was asked, by the options of today's."""
    from avm_otio.cli import options
    from avm_otio.request import rows

    texts = {
        "tc_in": "00:00:02:00",
        "tc_out": "00:00:06:00",
        "rate": "23.976",
        "currency": "eur",
        "budget_max": "500",
        "genre": "3",
        "music_gain_db": "-6",
        "editor": "resolve",
    }
    flags = {name: rows()[name].read_text(text) for name, text in texts.items()}
    flags["media_roots"] = (Path(),)
    return options.request_of(Path("short_film.otio"), Path("scored.otio"), **flags)


def test_an_order_of_an_earlier_journal_is_the_request_that_it_was(tmp_path: Path) -> None:
    job = Path.cwd() / "short_film.avm" / "Short-film-87b3677424cc"
    request = Request.parse(OLD["order"]).in_folder(job)
    assert request == old_request()
    assert request.seen_from(job).dump() == OLD["order"]


def test_the_same_request_asks_the_same_question_as_before() -> None:
    request = load_settings().complete(old_request())
    asked = Question.of(request, KEYS).asked(OLD["asked"]["film"])
    assert json.loads(json.dumps(asked)) == OLD["asked"]
    assert key_of(asked) == key_of(OLD["asked"]) == OLD["key"]


def test_a_piece_that_is_named_is_a_whole_path_for_the_engine_here_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "song.wav").write_bytes(b"")
    for service, named, asked in (
        ("local", "song.wav", str(tmp_path / "song.wav")),
        ("local", "https://example.com/song", "https://example.com/song"),
        ("https://service.example.com", "song.wav", "song.wav"),
    ):
        assert _ref_music(replace(old_request(), service=service, ref_music=named)) == asked


def test_the_question_of_a_journal_is_read_back_as_it_was() -> None:
    question = Question.from_journal(OLD["asked"], KEYS, "https://example.com/hook")
    assert question.request.notify_url == "https://example.com/hook"
    assert key_of(question.asked(OLD["asked"]["film"])) == OLD["key"]


@pytest.mark.parametrize("asked", [{}, {"request": {}}, {"request": []}, OLD["asked"] | {"request": None}])
def test_what_is_no_question_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="does not say what was asked"):
        Question.from_journal(asked, KEYS, None)


def test_a_title_that_is_the_timelines_name_is_no_part_of_the_question() -> None:
    film = OLD["asked"]["film"]
    asked = [("a", None), ("b", None), ("a", "Night"), ("b", "Night")]
    requests = [Request(Path(f"{name}.otio"), Path("out.otio"), title=title) for name, title in asked]
    questions = [Question.of(load_settings().complete(request), KEYS) for request in requests]
    assert len({key_of(question.asked(film)) for question in questions}) == 2


def test_a_service_far_away_needs_a_licence() -> None:
    request = load_settings().complete(Request(service="avmapping", license_range=(1,), license_duration=2))
    with pytest.raises(UsageError, match="licence"):
        service_request(request, "t")
    text = "[license]\nusage_platforms = [5]"
    request = settings_from(text, Path("/x.toml"), {}).complete(request.given or request)
    assert service_request(request, "t").license == {"range": [1], "duration": 2, "usage_platforms": [5]}


def test_budgets_that_contradict_each_other_are_refused() -> None:
    request = load_settings().complete(Request(budget_min=9, budget_max=3))
    with pytest.raises(UsageError, match="Swap"):
        service_request(request, "t")


def test_a_lowest_budget_above_the_usual_highest_raises_that() -> None:
    request = load_settings().complete(Request(budget_min=200_000))
    assert service_request(request, "t").parameters["music"]["budget_max"] == 200_000
