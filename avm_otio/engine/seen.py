"""What is in a picture, where a model is sure of it: things that sound.

The model is EfficientNet, whose classes of ImageNet stand for things (those that do not sound, a cup, a lens
cap, are not listed), or a folder of the user's. Below the threshold nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from avm_otio.engine import imagenet
from avm_otio.engine.analysis import At, Thing
from avm_otio.engine.traits import Sighting
from avm_otio.media.containers import FAULTS
from avm_otio.media.picture import open_pictures
from avm_otio.media.probe import MediaInfo, probe

SURE = 0.75
"""The likelihood of a thing, of all its classes together, from which on it counts as seen."""

_CLASSES: dict[str, str] = {
    "bird": "7-24 80-100 127-146",
    "dog": "151-268",
    "wolf": "269-272",
    "fox": "277-280",
    "cat": "281-285",
    "lion": "291",
    "tiger": "292",
    "bear": "294-297",
    "bee": "309",
    "rabbit": "330-332",
    "squirrel": "335",
    "horse": "339",
    "pig": "341-343",
    "cow": "345",
    "sheep": "348-349",
    "monkey": "365-384",
    "elephant": "385-386",
    "frog": "30-32",
    "snake": "52-68",
    "car": "407 436 468 511 609 627 656 661 751 817 734",
    "truck": "555 569 675 717 864 867",
    "bus": "654 779 874",
    "train": "466 547 705 820 829",
    "motorcycle": "665 670",
    "bicycle": "444 671",
    "aeroplane": "404 895",
    "boat": "472 510 554 576 625 628 780 814 871 914",
    "tractor": "866",
    "clock": "409 530 892",
    "telephone": "487 528 707",
    "typewriter": "878",
    "keyboard": "508",
    "printer": "742",
    "gun": "413 763 764",
    "cannon": "471",
    "piano": "579 881",
    "guitar": "402 546",
    "drum": "541",
    "violin": "889",
    "saw": "491",
    "hammer": "587",
    "washing machine": "897",
    "fan": "545",
    "fountain": "562",
    "volcano": "980",
    "sea": "978",
}
"""Things and their classes, numbered as ImageNet's thousand are in alphabetical order of their synsets."""


class Model(Protocol):
    """Says how likely things are in pictures.

    Attributes:
        name: What it is called.
        side: The side of its pictures, in pixels.
    """

    name: str
    side: int

    @property
    def scaled(self) -> int:
        """The shorter side of a picture before its middle is cut out."""

    def likely(self, pictures: NDArray[np.uint8]) -> list[dict[str, float]]:
        """How likely each thing is in each picture: pictures × side × side × red, green, blue."""


class _ImageNet:
    name, side, scaled = imagenet.NAME, imagenet.SIDE, imagenet.SIDE * 8 // 7
    # as it was trained: an eighth is cut off

    def likely(self, pictures: NDArray[np.uint8]) -> list[dict[str, float]]:
        return [by_thing(classes) for classes in imagenet.likely(pictures)]


@lru_cache(maxsize=1)
def model_of(folder: Path | None) -> Model | None:
    """The model of a folder, else the one that is installed; ``None`` where there is none.

    Raises:
        InputError: The folder holds none that can be used.
    """
    if folder is not None:
        from avm_otio.engine.vision_folder import VisionFolder

        return VisionFolder(folder)
    return None if imagenet.weights_path() is None else _ImageNet()


def sightings(
    model: Model, film: Path, edges_us: Sequence[int], check: Callable[[], None]
) -> tuple[Sighting, ...]:
    """What is seen in the middle of each shot of a film.

    Args:
        model: What looks.
        film: The film.
        edges_us: Where shots begin, and where the last one ends.
        check: Called before each look; may raise to break off.
    """
    look = Sight(model, probe(film))
    found = []
    for start_us, end_us in pairwise(edges_us):
        check()
        (things,) = look([At(frame=0, timecode="", at_us=(start_us + end_us) // 2)])
        found += [Sighting(start_us, end_us, thing.name, thing.confidence) for thing in things]
    return tuple(found)


class Sight:
    """Looks at frames of one film.

    Args:
        model: What looks.
        info: The film.
    """

    def __init__(self, model: Model, info: MediaInfo) -> None:
        self._model = model
        self._info = info

    def __call__(self, frames: Sequence[At]) -> list[tuple[Thing, ...]]:
        """What is seen at each of some frames, the surest first; mostly nothing."""
        pictures = open_pictures(self._info, self._model.side, lambda note: None)
        found: list[tuple[Thing, ...]] = []
        try:
            for at in frames:
                square = self._square(pictures, at)
                found.append(() if square is None else things_in(self._model.likely(square[None])[0]))
        finally:
            pictures.close()
        return found

    def _square(self, pictures: Any, at: At) -> NDArray[np.uint8] | None:
        """The middle of a frame, as the model wants it; ``None`` where none is seen."""
        try:
            frame = pictures.frame_at(Fraction(at.at_us, 1_000_000))
        except FAULTS:
            return None
        if frame is None:
            return None
        side, scaled = self._model.side, self._model.scaled
        scale = scaled / min(frame.width, frame.height)
        wide, high = max(scaled, round(frame.width * scale)), max(scaled, round(frame.height * scale))
        seen = frame.reformat(wide, high, format="rgb24", interpolation="AREA").to_ndarray()
        top, left = (high - side) // 2, (wide - side) // 2
        square: NDArray[np.uint8] = seen[top : top + side, left : left + side]
        return square


def by_thing(likely: NDArray[Any]) -> dict[str, float]:
    """How likely things are, by how likely each class of ImageNet is."""
    return {name: float(likely[list(_numbers(classes))].sum()) for name, classes in _CLASSES.items()}


def things_in(likely: Mapping[str, float]) -> tuple[Thing, ...]:
    """The things of which a model is sure, the surest first.

    Args:
        likely: How likely each thing is.
    """
    sure = [(share, name) for name, share in likely.items() if share >= SURE]
    return tuple(Thing(name=name, confidence=round(min(share, 1.0), 2)) for share, name in sorted(sure)[::-1])


def _numbers(classes: str) -> list[int]:
    found: list[int] = []
    for part in classes.split():
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found
