from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from avm_otio.cli.main import run
from avm_otio.engine.seen import model_of, sightings, things_in
from avm_otio.engine.subjects import claims_of, is_believed
from avm_otio.engine.vision_folder import THINGS, VisionFolder
from avm_otio.errors import InputError
from tests.engine import onnx_models
from tests.engine.onnx_models import SIDE, make_folder

pytest.importorskip("onnxruntime", reason="avm-otio[see] is not installed")

RED, BLUE, GREY = (250, 5, 5), (5, 5, 250), (128, 128, 128)


def plain(*colours: tuple[int, int, int]) -> np.ndarray:
    return np.stack([np.full((SIDE, SIDE, 3), colour, np.uint8) for colour in colours])


def film_of(path: Path, *colours: tuple[int, int, int]) -> Path:
    """A shot of a second for each colour."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(25), options={"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for colour in colours:
            for _ in range(25):
                picture = np.full((64, 96, 3), colour, np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def test_what_a_picture_is_likest_to_is_claimed_and_what_is_unsure_is_not(tmp_path: Path) -> None:
    model = VisionFolder(make_folder(tmp_path / "tiny"))
    mixed = (160, 110, 120)
    red, blue, grey, unsure = model.likely(plain(RED, BLUE, GREY, mixed))
    assert [thing.name for thing in things_in(red)] == ["dog"]
    assert [thing.name for thing in things_in(blue)] == ["rain"]
    assert things_in(grey) == things_in(unsure) == ()
    assert sum(red.values()) == pytest.approx(1.0, abs=1e-3)


def test_a_sound_of_each_thing_is_believed_where_that_thing_is_seen() -> None:
    assert [name for name in THINGS if not is_believed(claims_of(f"{name.title()} 01.wav"), name)] == []


def test_each_shot_of_a_film_is_looked_at(tmp_path: Path) -> None:
    film = film_of(tmp_path / "film.mp4", RED, GREY, BLUE)
    model = model_of(make_folder(tmp_path / "tiny"))
    assert model is not None
    found = sightings(model, film, [0, 1_000_000, 2_000_000, 3_000_000], lambda: None)
    assert [(each.start_us, each.thing) for each in found] == [(0, "dog"), (2_000_000, "rain")]


def test_an_analysis_says_what_is_seen_and_by_which_model(tmp_path: Path) -> None:
    film, out = film_of(tmp_path / "film.mp4", RED, GREY), tmp_path / "analysis.json"
    folder = make_folder(tmp_path / "tiny")
    assert run(["engine", "analyse", str(film), "-o", str(out), "--vision-model", str(folder)]) == 0
    document = json.loads(out.read_text())
    assert document["seen_by"] == "tiny"
    assert [[thing["name"] for thing in shot["seen"]] for shot in document["shots"]] == [["dog"], []]


def test_a_tokenizer_in_two_files_is_read_too(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "tiny")
    whole = json.loads((folder / "tokenizer.json").read_text())["model"]
    (folder / "vocab.json").write_text(json.dumps(whole["vocab"]))
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *whole["merges"], ""]))
    (folder / "tokenizer.json").unlink()
    (red,) = VisionFolder(folder).likely(plain(RED))
    assert [thing.name for thing in things_in(red)] == ["dog"]


def _edit_tokenizer(folder: Path, **changes: object) -> None:
    path = folder / "tokenizer.json"
    tokenizer = json.loads(path.read_text())
    tokenizer["model"] |= changes
    path.write_text(json.dumps(tokenizer))


WRONG: dict[str, tuple[Callable[[Path], object], str]] = {
    "no pictures": (lambda folder: (folder / "image.onnx").unlink(), r"has no image\.onnx"),
    "no texts": (lambda folder: (folder / "text.onnx").unlink(), r"has no text\.onnx"),
    "no tokenizer": (lambda folder: (folder / "tokenizer.json").unlink(), "has no tokenizer"),
    "half a tokenizer": (
        lambda folder: (folder / "tokenizer.json").rename(folder / "vocab.json"),
        "has no tokenizer",
    ),
    "a damaged tokenizer": (lambda folder: (folder / "tokenizer.json").write_text("{"), "cannot be read"),
    "another kind": (lambda folder: _edit_tokenizer(folder, type="Unigram"), "of the kind Unigram"),
    "another's words": (lambda folder: _edit_tokenizer(folder, vocab={"a": 0}), "it is not CLIP's"),
    "no letters": (
        lambda folder: _edit_tokenizer(folder, vocab={"<|startoftext|>": 0, "<|endoftext|>": 1}),
        "lacks 'a</w>'",
    ),
    "no ONNX": (lambda folder: (folder / "image.onnx").write_bytes(b"film"), "cannot be loaded"),
    "an empty file": (lambda folder: (folder / "text.onnx").write_bytes(b""), "cannot be loaded"),
    "sound for pictures": (
        lambda folder: (folder / "image.onnx").write_bytes(onnx_models.picture_encoder(1)),
        "takes no pictures",
    ),
    "texts for pictures": (
        lambda folder: (folder / "image.onnx").write_bytes((folder / "text.onnx").read_bytes()),
        "takes no pictures",
    ),
    "pictures for texts": (
        lambda folder: (folder / "text.onnx").write_bytes((folder / "image.onnx").read_bytes()),
        "takes pixel_values, not input_ids",
    ),
    "two models": (lambda folder: make_folder(folder, numbers=4), "3 numbers, its texts 4"),
    "a table that is too short": (
        lambda folder: (folder / "text.onnx").write_bytes(
            onnx_models.text_encoder(np.ones((9, 3), np.float32))
        ),
        "cannot be run",
    ),
    "texts that are all nothing": (
        lambda folder: (folder / "text.onnx").write_bytes(
            onnx_models.text_encoder(np.zeros((99, 3), np.float32))
        ),
        "the same for every text",
    ),
    "no spread": (
        lambda folder: (folder / "preprocessor_config.json").write_text('{"image_std": [0, 1, 1]}'),
        "preprocessor_config",
    ),
    "no folder": (lambda folder: folder.rename(folder.with_name("elsewhere")), "There is no folder"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_folder_that_cannot_be_used_is_refused_in_words(tmp_path: Path, wrong: str) -> None:
    folder = make_folder(tmp_path / "tiny")
    spoil, why = WRONG[wrong]
    spoil(folder)
    with pytest.raises(InputError, match=why):
        VisionFolder(folder)


def test_the_command_line_says_what_is_wrong_before_it_looks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film, out = film_of(tmp_path / "film.mp4", RED), tmp_path / "analysis.json"
    (tmp_path / "empty").mkdir()
    asked = ["engine", "analyse", str(film), "-o", str(out), "--vision-model", str(tmp_path / "empty")]
    assert run(asked) == 3
    assert "has no image.onnx" in capsys.readouterr().err
    assert not out.exists()
