from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from avm_otio.engine import imagenet
from avm_otio.engine.library import Kind
from avm_otio.engine.seen import SURE, by_thing, things_in
from avm_otio.engine.spotting import spot_effects
from avm_otio.engine.traits import FilmTraits, Moment, PictureTraits, Sighting
from tests.engine.library_items import item

DOG_CLASSES = slice(151, 269)


def test_classes_of_one_thing_are_taken_together_and_what_is_unsure_is_not_claimed() -> None:
    likely = np.zeros(1000)
    likely[DOG_CLASSES] = 0.95 / 118
    assert [(thing.name, thing.confidence) for thing in things_in(by_thing(likely))] == [("dog", 0.95)]
    likely[DOG_CLASSES] = (SURE - 0.05) / 118
    assert things_in(by_thing(likely)) == ()


def test_a_sound_of_a_thing_is_laid_where_that_thing_is_seen_and_nowhere_else() -> None:
    items = [item(1, "Dog Whoosh", Kind.EFFECT)]
    cuts = tuple(Moment(at * 1_000_000, 0.8) for at in (10, 40))
    film = FilmTraits(60_000_000, PictureTraits(cuts))
    assert spot_effects(film, items) == ()
    seen = (Sighting(0, 30_000_000, "dog", 0.8),)
    (cue,) = spot_effects(FilmTraits(60_000_000, PictureTraits(cuts), seen=seen), items)
    assert cue.start_us == 10_000_000
    assert "it is seen there: dog (80 %)" in cue.reasons
    assert cue.confidence <= 0.8


def test_weights_are_read_without_calling_what_they_name(tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.touch, (tmp_path / "harmed",)

    with pytest.raises(ValueError, match="no weights"):
        imagenet.read_weights(pickle.dumps(Harm(), protocol=2))
    with pytest.raises(ValueError, match="no weights"):
        imagenet.read_weights(b"")
    assert not (tmp_path / "harmed").exists()


def test_a_convolution_keeps_same_as_tensorflow_has_it() -> None:
    seen = np.arange(36, dtype=np.float32).reshape(6, 6, 1)
    kernel = np.zeros((3, 3, 1, 1), np.float32)
    kernel[0, 0] = 1
    found = imagenet._convolved(seen, kernel, np.zeros(1, np.float32), stride=2)
    # Nothing is put before the first row and column: what is missing is put after the last.
    assert found[..., 0].tolist() == [[0, 2, 4], [12, 14, 16], [24, 26, 28]]


@pytest.mark.skipif(imagenet.weights_path() is None, reason="avm-otio[see] is not installed")
def test_the_network_answers_likelihoods() -> None:
    likely = imagenet.likely(np.full((1, 224, 224, 3), 127, np.uint8))
    assert likely.shape == (1, 1000)
    assert likely.sum() == pytest.approx(1.0, abs=1e-4)
