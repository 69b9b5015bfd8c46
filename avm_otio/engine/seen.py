"""What is in a picture, where the model is sure of it: classes of ImageNet, as things that sound.

Below the threshold nothing is claimed. A class whose thing does not sound (a cup, a lens cap) is not listed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avm_otio.engine import imagenet
from avm_otio.engine.analysis import At, Thing
from avm_otio.engine.traits import Sighting
from avm_otio.media.containers import FAULTS
from avm_otio.media.picture import open_pictures
from avm_otio.media.probe import MediaInfo, probe

SURE = 0.75
"""The likelihood of all classes of a thing together from which on it counts as seen."""

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


def sightings(film: Path, edges_us: Sequence[int], check: Callable[[], None]) -> tuple[Sighting, ...]:
    """What is seen in the middle of each shot of a film.

    Args:
        film: The film.
        edges_us: Where shots begin, and where the last one ends.
        check: Called before each look; may raise to break off.
    """
    look = Sight(probe(film))
    found = []
    for start_us, end_us in pairwise(edges_us):
        check()
        (things,) = look([At(frame=0, timecode="", at_us=(start_us + end_us) // 2)])
        found += [Sighting(start_us, end_us, thing.name, thing.confidence) for thing in things]
    return tuple(found)


class Sight:
    """Looks at frames of one film.

    Args:
        info: The film.
    """

    def __init__(self, info: MediaInfo) -> None:
        self._info = info

    def __call__(self, frames: Sequence[At]) -> list[tuple[Thing, ...]]:
        """What is seen at each of some frames, the surest first; mostly nothing."""
        pictures = open_pictures(self._info, imagenet.SIDE, lambda note: None)
        found: list[tuple[Thing, ...]] = []
        try:
            for at in frames:
                square = _square(pictures, at)
                found.append(() if square is None else things_in(imagenet.likely(square[None])[0]))
        finally:
            pictures.close()
        return found


def things_in(likely: NDArray[Any]) -> tuple[Thing, ...]:
    """The things of which a model is sure.

    Args:
        likely: How likely each class is.
    """
    shares = {name: float(likely[list(_numbers(classes))].sum()) for name, classes in _CLASSES.items()}
    sure = [(share, name) for name, share in shares.items() if share >= SURE]
    return tuple(Thing(name=name, confidence=round(min(share, 1.0), 2)) for share, name in sorted(sure)[::-1])


def _numbers(classes: str) -> list[int]:
    found: list[int] = []
    for part in classes.split():
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def _square(pictures: Any, at: At) -> NDArray[np.uint8] | None:
    """The middle of a frame, as the model wants it; ``None`` where none is seen."""
    try:
        frame = pictures.frame_at(Fraction(at.at_us, 1_000_000))
    except FAULTS:
        return None
    if frame is None:
        return None
    side = imagenet.SIDE * 8 // 7  # as it was trained: an eighth is cut off
    scale = side / min(frame.width, frame.height)
    wide, high = max(side, round(frame.width * scale)), max(side, round(frame.height * scale))
    seen = frame.reformat(wide, high, format="rgb24", interpolation="AREA").to_ndarray()
    top, left = (high - imagenet.SIDE) // 2, (wide - imagenet.SIDE) // 2
    square: NDArray[np.uint8] = seen[top : top + imagenet.SIDE, left : left + imagenet.SIDE]
    return square
