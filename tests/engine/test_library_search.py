"""Searching a library: by words, by sound, by what sounds are; on the command line and over HTTP."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import opentimelineio as otio
import pytest

from avm_otio.cli.main import run
from avm_otio.engine import embedding as embeddings
from avm_otio.engine.catalogue import Catalogue, Filter
from avm_otio.engine.embedding import Embedding
from avm_otio.engine.items import item_of
from avm_otio.engine.server import running
from avm_otio.engine.signature import SIZE
from avm_otio.engine.sound_words import SURE, SoundWords, fields_of
from avm_otio.engine.word_index import WordIndex
from avm_otio.licences import Licences
from avm_otio.tags import NO_TAGS
from tests.engine.engine_films import make_film
from tests.engine.search_names import FOREIGN, FURTHER, HELD_OUT, NAMES, QUESTIONS
from tests.media.sounds import noise, wav

HEADERS = {"authorization": "Token any", "accept-language": "en"}
FACTS: dict[str, Any] = {
    "channels": 2,
    "sample_rate_hz": 48_000,
    "suffix": ".wav",
    "loudness_lufs": -20.0,
    "is_rising": False,
}
FACTS |= dict.fromkeys(("begins_us", "attack_us", "peak_us", "tail_us"), 0)
FACTS |= {"duration_us": 2_000_000, "ends_us": 2_000_000, "tempo_bpm": None, "key": None}
FACTS |= {"brightness_hz": 500.0, "energy_db": [], "tags": {}}
"""A sound like any other."""


@pytest.fixture(scope="module")
def by_thesaurus() -> WordIndex:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("avm_otio.engine.word_index.embedding", lambda: None)
        return WordIndex.of(fields_of(name, NO_TAGS) for name in NAMES)


def answered(index: WordIndex, questions: Sequence[tuple[str, str]], most: int) -> int:
    """How many questions have a fitting name among the first so many."""
    count = 0
    for words, fitting in questions:
        order = np.argsort(-index.scores(words), kind="stable")[:most]
        count += any(re.search(fitting, NAMES[row]) for row in order)
    return count


def test_questions_find_what_is_meant_by_the_thesaurus_alone(
    by_thesaurus: WordIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("avm_otio.engine.word_index.embedding", lambda: None)
    assert len(QUESTIONS) == len(HELD_OUT) == 30
    assert answered(by_thesaurus, QUESTIONS, 3) + answered(by_thesaurus, HELD_OUT, 3) >= 54
    assert answered(by_thesaurus, HELD_OUT, 3) >= 27
    assert answered(by_thesaurus, FURTHER, 3) >= 27
    assert answered(by_thesaurus, FOREIGN, 3) >= 9


def test_words_without_meaning_find_nothing(by_thesaurus: WordIndex) -> None:
    for words in ("", "the a of", "xyzzy", "  "):
        assert not by_thesaurus.scores(words).any()


def test_an_index_of_words_is_the_same_once_it_was_packed(by_thesaurus: WordIndex) -> None:
    again = WordIndex.unpacked(by_thesaurus.packed())
    for words, _ in QUESTIONS[:5]:
        assert again.scores(words) == pytest.approx(by_thesaurus.scores(words), abs=2e-3)


def test_sounds_are_ranked_by_words_with_scores() -> None:
    items = [item_of(n, name, FACTS, Licences(Path())) for n, name in enumerate(NAMES)]
    ranked = SoundWords(items).ranked("door slam")
    assert "Door Slam" in ranked[0].item.path
    assert ranked[0].score >= SURE
    assert [each.score for each in ranked] == sorted((each.score for each in ranked), reverse=True)
    assert SoundWords(items).ranked("the") == SoundWords([]).ranked("door") == ()


def test_a_hundred_thousand_sounds_are_searched_at_once() -> None:
    """Under 100 ms on a machine with nothing else to do: here there is ten times that."""
    shown = [item_of(n, name, FACTS, Licences(Path())) for n, name in enumerate(NAMES)]
    chance = np.random.default_rng(1)
    few = Catalogue.of((item, item.path, [0] * SIZE) for item in shown)
    times = 100_000 // len(shown) + 1
    many = Catalogue(
        paths=[b"%d/%b" % (n, path) for n in range(times) for path in few.paths],
        numbers=np.tile(few.numbers, (times, 1)),
        bpm=np.tile(few.bpm, times),
        categories=few.categories,
        licences=few.licences,
        signatures=chance.standard_normal((times * len(few), SIZE)).astype(np.float32),
        words=_many_times(few.words, times),
    )
    assert len(many) >= 100_000
    many.find("door slam")
    for asked in (
        {"words": "rain on a window"},
        {"like": [5] * SIZE},
        {"words": "dog", "where": Filter(kind="effect")},
    ):
        started = time.perf_counter()
        assert many.find(**asked)
        assert time.perf_counter() - started < 1.0


def _many_times(words: WordIndex, times: int) -> WordIndex:
    """The same texts, so many times."""
    spans = list(zip(words.starts[:-1], words.starts[1:], strict=True))
    rows = [words.rows[a:b] + n * len(words) for a, b in spans for n in range(times)]
    weights = [words.weights[a:b] for a, b in spans for _ in range(times)]
    return WordIndex(
        words.terms, words.things, words.starts * times, np.concatenate(rows), np.concatenate(weights),
        np.tile(words.length, times), words.vectors,
    )  # in the order of its fields  # fmt: skip


def test_vectors_are_read_from_their_files(tmp_path: Path) -> None:
    """A table and tokens in the package's form, made here: words are taken apart by rank, and averaged."""
    folder = tmp_path / "wordllama"
    (folder / "weights").mkdir(parents=True)
    (folder / "tokenizers").mkdir()
    vocab = {"\u2581": 0, "a": 1, "b": 2, "\u2581a": 3, "\u2581ab": 4, "<0x63>": 5}
    model = {"vocab": vocab, "merges": ["\u2581 a", "\u2581a b", "a b"]}
    tokens = folder / "tokenizers/l2_supercat_tokenizer_config.json"
    tokens.write_text(json.dumps({"model": model}), encoding="utf-8")
    table = np.eye(6, 4, dtype=np.float16)
    table[4] = (0, 3, 4, 0)
    header = json.dumps({"w": {"dtype": "F16", "shape": [6, 4], "data_offsets": [0, 48]}}).encode()
    weights = folder / "weights/l2_supercat_256.safetensors"
    weights.write_bytes(len(header).to_bytes(8, "little") + header + table.tobytes())
    vectors = Embedding(folder).vectors(["ab", "a", "c", "zz"])
    assert vectors[0] == pytest.approx([0, 0.6, 0.8, 0])
    assert vectors[1] == pytest.approx([0, 0, 0, 1])
    assert np.linalg.norm(vectors[2]) == pytest.approx(1)


def test_vectors_that_cannot_be_read_are_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(embeddings, "_place", lambda: tmp_path)
    embeddings.embedding.cache_clear()
    assert embeddings.embedding() is None
    assert embeddings.embedding_name() == ""
    embeddings.embedding.cache_clear()


# The command line and the addresses, over a library of real files.


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sounds")
    for name, seconds, seed in (
        ("DOORWood_Cellar Slam_AB_LIB.wav", 0.5, 1),
        ("Rain Steady.wav", 0.9, 2),
        ("Whoosh Fast.wav", 0.3, 3),
    ):
        wav(folder / name, noise(seconds, seed=seed))
    for take in (1, 2, 3):
        wav(folder / f"thump {take}.wav", struck(90.0, take))
        wav(folder / f"ting {take}.wav", struck(3000.0, take))
    return folder


def struck(hertz: float, take: int) -> np.ndarray:
    """Takes of one sound: not quite the same each time."""
    chance = np.random.default_rng(take)
    at = np.arange(int(0.4 * 48_000 * (1 + 0.05 * take))) / 48_000
    tone = np.sin(2 * np.pi * hertz * (1 + 0.02 * chance.standard_normal()) * at) * np.exp(-at / 0.08)
    tone = 0.5 * tone + 0.003 * chance.standard_normal(len(at))
    return np.repeat(tone[:, None], 2, axis=1).astype(np.float32)


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.getbasetemp() / "library-cache"
    monkeypatch.setenv("AVM_CACHE_DIR", str(folder))
    return folder


def events_of(capsys: pytest.CaptureFixture[str], *words: object) -> list[dict[str, object]]:
    assert run(["library", *map(str, words), "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def sounds(events: list[dict[str, object]]) -> list[object]:
    return [event["path"] for event in events if event["event"] == "sound"]


@pytest.mark.usefixtures("cache")
def test_index_tells_how_many_sounds_there_are(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    done = events_of(capsys, "index", "--library", library)[-1]
    assert (done["event"], done["sounds"]) == ("done", 9)
    assert events_of(capsys, "index", "--library", library)[-1]["listened"] == 0


@pytest.mark.usefixtures("cache")
def test_search_finds_by_words_and_keeps_a_bin(
    library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bin_file = tmp_path / "doors.otio"
    events = events_of(capsys, "search", "wooden", "door", "slamming", "--library", library, "-o", bin_file)
    assert sounds(events) == ["DOORWood_Cellar Slam_AB_LIB.wav"]
    assert events[0]["category"] == "DOORWood"
    assert events[0]["roles"] == ["impact", "spot"]
    kept = otio.adapters.read_from_file(str(bin_file))
    assert isinstance(kept, otio.schema.SerializableCollection)
    (clip,) = kept
    assert clip.name == "Cellar Slam"
    assert clip.media_reference.target_url.endswith("DOORWood_Cellar%20Slam_AB_LIB.wav")
    assert clip.duration().to_seconds() == pytest.approx(0.5)


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("name", ["thump", "ting"])
def test_other_takes_of_a_sound_are_found_by_its_sound(
    library: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    within = events_of(
        capsys, "search", "--like", library / f"{name} 2.wav", "--most", 2, "--library", library
    )
    assert sorted(map(str, sounds(within))) == [f"{name} 1.wav", f"{name} 3.wav"]
    foreign = wav(tmp_path / "other name.wav", struck(90.0 if name == "thump" else 3000.0, 7))
    outside = events_of(capsys, "search", "--like", foreign, "--most", 3, "--library", library)
    assert sorted(map(str, sounds(outside))) == [f"{name} {take}.wav" for take in (1, 2, 3)]


@pytest.mark.usefixtures("cache")
def test_list_lets_through_what_was_asked_for(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sounds(events_of(capsys, "list", "--category", "door", "--library", library)) == [
        "DOORWood_Cellar Slam_AB_LIB.wav"
    ]
    assert sounds(events_of(capsys, "list", "--role", "whoosh", "--library", library)) == ["Whoosh Fast.wav"]
    assert sounds(events_of(capsys, "list", "--min-length", "0.8", "--library", library)) == [
        "Rain Steady.wav"
    ]
    assert sounds(events_of(capsys, "list", "--kind", "ambience", "--library", library)) == [
        "Rain Steady.wav"
    ]
    assert sounds(events_of(capsys, "list", "--channels", 6, "--library", library)) == []
    assert len(sounds(events_of(capsys, "list", "--library", library))) == 9


@pytest.mark.usefixtures("cache")
def test_show_tells_all_of_one_sound(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (event,) = events_of(capsys, "show", "cellar", "--library", library)
    assert event["title"] == "Cellar Slam"
    assert event["energy_db"]
    assert run(["library", "show", "thump", "--library", str(library)]) == 2
    assert "3 sounds are called 'thump'" in capsys.readouterr().err
    assert run(["library", "show", "violin", "--library", str(library)]) == 2


@pytest.mark.usefixtures("cache")
def test_a_play_list_is_one_that_players_read(
    library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rain.m3u8"
    events_of(capsys, "play-list", "rain", "-o", path, "--library", library)
    head, info, file = path.read_text(encoding="utf-8").splitlines()
    assert (head, info) == ("#EXTM3U", "#EXTINF:1,Rain Steady")
    assert Path(file) == library / "Rain Steady.wav"


@pytest.mark.usefixtures("cache")
def test_a_frame_offers_how_it_sounds_and_what_the_picture_does(
    library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = make_film(tmp_path / "silent.mp4", frames=60, cuts=(30,))
    cut = events_of(
        capsys, "search", "--for-frame", f"{silent}@00:00:01:06", "--library", library, "--most", 1
    )
    assert cut[0]["event"] == "frame"
    assert "cuts there" in str(cut[0]["reasons"])
    assert sounds(cut) == ["Whoosh Fast.wav"]
    ting = np.concatenate([np.zeros(24_000), struck(3000.0, 9)[:, 0], np.zeros(48_000)]).astype(np.float32)
    heard = make_film(tmp_path / "heard.mov", frames=48, cuts=(), sound=ting)
    like = events_of(capsys, "search", "--for-frame", f"{heard}@0.7", "--library", library, "--most", 3)
    assert "it sounds there" in str(like[0]["reasons"])
    assert "ting" in str(sounds(like))
    assert run(["library", "search", "--for-frame", f"{silent}@00:01:00:00", "--library", str(library)]) != 0
    assert run(["library", "search", "--for-frame", "film.mov", "--library", str(library)]) == 2


@pytest.mark.usefixtures("cache")
def test_a_search_for_nothing_is_refused(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["library", "search", "--library", str(library)]) == 2
    assert "Say what you look for" in capsys.readouterr().err
    assert run(["library", "search", "door", "-o", "x.txt", "--library", str(library)]) == 2


@pytest.fixture(scope="module")
def base_url(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(data_dir=tmp_path_factory.mktemp("data"), library=library, token="secret") as url:
        yield url


def get(base_url: str, place: str, token: str = "secret", **query: str) -> httpx.Response:
    headers = {"authorization": f"Token {token}", "accept-language": "en"}
    return httpx.get(f"{base_url}/library/{place}", params=query, headers=headers)


def test_the_engine_answers_a_search(base_url: str) -> None:
    (sound,) = get(base_url, "sounds/", words="door slam", most="1").json()["sounds"]
    assert sound["path"] == "DOORWood_Cellar Slam_AB_LIB.wav"
    assert "file" not in sound
    assert httpx.get(sound["url"]).status_code == 200
    assert get(base_url, f"sounds/{sound['id']}/").json() == sound | {"score": 1.0}
    alike = get(base_url, "sounds/", like="thump 1.wav", most="2").json()["sounds"]
    assert sorted(each["path"] for each in alike) == ["thump 2.wav", "thump 3.wav"]
    short = get(base_url, "sounds/", max_length="0.35", kind="effect").json()["sounds"]
    assert [each["path"] for each in short] == ["Whoosh Fast.wav"]


def test_the_engine_refuses_what_is_no_search(base_url: str) -> None:
    assert get(base_url, "sounds/", token="wrong", words="door").status_code == 401
    for query in ({"most": "0"}, {"most": "x"}, {"kind": "noise"}, {"min_length": "nan"}, {"colour": "red"}):
        answer = get(base_url, "sounds/", **query)
        assert answer.status_code == 400
        assert answer.json()["message"]
    assert get(base_url, "sounds/", like="/etc/passwd").status_code == 404
    assert get(base_url, "sounds/77/").status_code == 404
