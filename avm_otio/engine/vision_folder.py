"""A vision model in a folder of the user's: CLIP-type encoders of pictures and texts, in ONNX.

A picture and a text that belong together have embeddings that point the same way. A picture is compared with
texts for all things that sound, and with others that claim none of them; what is likeliest is believed as far
as that goes. ``docs/engine.md`` says what a folder holds. Nothing is downloaded.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avm_otio.engine.vision_words import VisionWords
from avm_otio.errors import InputError

_PICTURES = ("image.onnx", "vision_model.onnx", "onnx/vision_model.onnx")
_TEXTS = ("text.onnx", "text_model.onnx", "onnx/text_model.onnx")
_EMBEDS = ("image_embeds", "text_embeds")
_PREPARED = "preprocessor_config.json"
_MEAN, _SPREAD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
"""By which CLIP's pictures are evened out, of red, green and blue: of its ``preprocessor_config.json``."""

_SHARPNESS = 100.0
"""How much one likeness counts beside another: the bound that CLIP's own reaches in training."""

_LEAST_APART = 1e-3
_SIDES = range(32, 1025)
_SIDE, _LENGTH = 224, 77
_PROMPT = "a photo of {}"

_WITH_A = """
    bird dog wolf cat lion bear rabbit squirrel horse pig cow sheep monkey frog snake car truck bus train
    motorcycle bicycle boat tractor helicopter clock telephone typewriter keyboard printer gun cannon
    piano guitar drum violin saw hammer door fan fountain waterfall volcano river
"""

THINGS: Mapping[str, str] = {name: f"a {name}" for name in _WITH_A.split()} | {
    "elephant": "an elephant",
    "aeroplane": "an aeroplane",
    "fire": "a burning fire",
    "rain": "heavy rain",
    "sea": "the sea with waves",
    "fireworks": "fireworks",
    "lightning": "lightning in the sky",
    "bell": "a church bell",
}
"""Things that sound, as the words of sounds name them, and what is said of a picture of one."""

_NO_THING = (
    "a person", "a face", "two people who talk", "a crowd of people", "a hand", "an empty room", "a wall",
    "a table with things on it", "a street", "a house", "a landscape", "the sky", "a forest", "a plant",
    "food", "clothes", "text on a screen", "a drawing", "a pattern", "darkness", "a plain colour", "a blur",
)  # fmt: skip
"""What pictures show that is none of these."""


class VisionFolder:
    """The model of a folder.

    Args:
        folder: The folder.

    Raises:
        InputError: Something is missing in it, or does not fit.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise InputError(f"There is no folder {folder}.", "Give the folder of a vision model.")
        self._folder = folder
        self.name = folder.resolve().name
        pictures, texts = self._file(_PICTURES), self._file(_TEXTS)
        words = VisionWords(folder)
        self._pictures = _Encoder(pictures)
        self.side, mean, spread = self._prepared()
        self._mean, self._spread = np.array(mean, np.float32), np.array(spread, np.float32)
        self._texts = self._encoded(_Encoder(texts), words)
        blank = self._embedded(np.zeros((1, self.side, self.side, 3), np.uint8))
        if blank.shape[1] != self._texts.shape[1]:
            raise self._refused(
                f"its pictures have {blank.shape[1]} numbers, its texts {self._texts.shape[1]}: "
                "they are not of one model"
            )

    @property
    def scaled(self) -> int:
        """The shorter side of a picture before its middle is cut out."""
        return self.side

    def likely(self, pictures: NDArray[np.uint8]) -> list[dict[str, float]]:
        """How likely each thing is in each picture.

        Args:
            pictures: Pictures × side × side × red, green, blue.
        """
        odds = _SHARPNESS * self._embedded(pictures) @ self._texts.T
        shares = np.exp(odds - odds.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        return [dict(zip(THINGS, map(float, row), strict=False)) for row in shares]

    def _embedded(self, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
        even = (pictures.astype(np.float32) / 255 - self._mean) / self._spread
        return self._unit(self._pictures, {self._pictures.only: even.transpose(0, 3, 1, 2)})

    def _encoded(self, encoder: _Encoder, words: VisionWords) -> NDArray[np.float32]:
        """The texts' embeddings, one at a time: a model may take no more."""
        takes = encoder.takes
        if not {"input_ids"} <= takes.keys() <= {"input_ids", "attention_mask"}:
            raise self._refused(
                f"{encoder.path.name} takes {', '.join(sorted(takes))}, not input_ids (and attention_mask)"
            )
        length = takes["input_ids"][-1]
        filled = length if isinstance(length, int) else 0
        rows = []
        for said in (*THINGS.values(), *_NO_THING):
            numbers = words.numbers(_PROMPT.format(said))
            if len(numbers) > (filled or _LENGTH):
                raise self._refused(f"{encoder.path.name} takes texts of {filled} pieces only")
            ids = np.array([numbers + [words.end] * (filled - len(numbers))], np.int64)
            mask = (np.arange(ids.shape[1]) < len(numbers)).astype(np.int64)[None]
            given = {"input_ids": ids, "attention_mask": mask}
            rows.append(self._unit(encoder, {name: given[name] for name in takes}))
        texts = np.concatenate(rows)
        if np.ptp(texts, axis=0).max() < _LEAST_APART:
            raise self._refused(f"{encoder.path.name} answers the same for every text")
        return texts

    def _unit(self, encoder: _Encoder, given: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Embeddings of length 1; what has none is like nothing."""
        found = encoder.run(given)
        if found.ndim != 2 or not np.isfinite(found).all():
            raise self._refused(
                f"{encoder.path.name} answers {' × '.join(map(str, found.shape))} numbers, not one embedding "
                "for each"
            )
        length = np.linalg.norm(found, axis=-1, keepdims=True)
        unit: NDArray[np.float32] = (found / np.maximum(length, 1e-12)).astype(np.float32)
        return unit

    def _prepared(self) -> tuple[int, Sequence[float], Sequence[float]]:
        """The side of pictures, and by which mean and spread they are evened out."""
        shape = self._pictures.takes[self._pictures.only]
        if len(shape) != 4 or (isinstance(shape[1], int) and shape[1] != 3):
            raise self._refused(f"{self._pictures.path.name} takes no pictures: batch × 3 × height × width")
        path = self._folder / _PREPARED
        try:
            stated = json.loads(path.read_text("utf-8")) if path.is_file() else {}
            crop = stated.get("crop_size", stated.get("size", _SIDE))
            side = int(min(crop.values()) if isinstance(crop, dict) else crop)
            mean, spread = stated.get("image_mean", _MEAN), stated.get("image_std", _SPREAD)
            if len(mean) != 3 or len(spread) != 3 or not all(float(each) > 0 for each in spread):
                raise ValueError("no three numbers")
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise self._refused(f"{_PREPARED} cannot be read ({error})") from error
        high, wide = shape[2:]
        side = high if isinstance(high, int) else side
        if side not in _SIDES or (isinstance(wide, int) and wide != side):
            raise self._refused(f"{self._pictures.path.name} takes pictures of {wide} × {high}, not a square")
        return side, mean, spread

    def _file(self, names: Sequence[str]) -> Path:
        for name in names:
            if (self._folder / name).is_file():
                return self._folder / name
        raise InputError(
            f"{self._folder} has no {names[0]}.",
            f"It is the encoder of {'pictures' if names is _PICTURES else 'texts'}, in ONNX; "
            f"{' or '.join(names[1:])} is taken, too.",
        )

    def _refused(self, why: str) -> InputError:
        return InputError(
            f"The vision model {self._folder} cannot be used: {why}.",
            "docs/engine.md says what such a folder holds.",
        )


class _Encoder:
    """A model in a file.

    Raises:
        InputError: It cannot be loaded, or onnxruntime is not installed.
    """

    def __init__(self, path: Path) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise InputError(
                "A vision model needs the package onnxruntime.", "Run: pip install 'avm-otio[see]'"
            ) from error
        self.path = path
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4  # it comes as an error anyway
        options.intra_op_num_threads = max(1, min(4, os.cpu_count() or 1))
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's errors share no class
            raise self._refused("cannot be loaded", error) from error
        self.takes = {each.name: each.shape for each in self._session.get_inputs()}
        self._kinds = {each.name: each.type for each in self._session.get_inputs()}
        self._answers = _answer_of([(each.name, each.shape) for each in self._session.get_outputs()])

    @property
    def only(self) -> str:
        """The name of what it takes, where that is one thing.

        Raises:
            InputError: It is more.
        """
        if len(self.takes) != 1:
            raise InputError(
                f"{self.path} takes {', '.join(sorted(self.takes))}, not a picture alone.",
                "Give the encoder of pictures alone, not the whole model.",
            )
        (name,) = self.takes
        return str(name)

    def run(self, given: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
        """What it answers."""
        fed = {name: self._as_taken(name, values) for name, values in given.items()}
        try:
            (found,) = self._session.run([self._answers], fed)
        except Exception as error:  # as above
            raise self._refused("cannot be run", error) from error
        return np.asarray(found, np.float32)

    def _as_taken(self, name: str, values: NDArray[Any]) -> NDArray[Any]:
        kind = {"tensor(float16)": np.float16, "tensor(int32)": np.int32}.get(self._kinds[name])
        return np.ascontiguousarray(values if kind is None else values.astype(kind))

    def _refused(self, why: str, error: Exception) -> InputError:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        return InputError(f"{self.path} {why}: {reason}", "docs/engine.md says what such a folder holds.")


def _answer_of(outputs: Sequence[tuple[str, Sequence[Any]]]) -> str:
    """Which of what a model answers is the embedding: by its name, else the first of two dimensions."""
    for name, _ in outputs:
        if name in _EMBEDS:
            return name
    return next((name for name, shape in outputs if len(shape) == 2), outputs[0][0])
