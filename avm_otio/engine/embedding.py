"""What words mean by their company: static word vectors, where the package ``wordllama`` is installed.

Its files are read directly: the package's own loader asks the network, and needs packages that nothing else
here does. Without it the thesaurus alone says what words mean.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avm_otio.engine.byte_pairs import joined, ranks_of

_WEIGHTS = "weights/l2_supercat_256.safetensors"
_TOKENS = "tokenizers/l2_supercat_tokenizer_config.json"
_BEGINS = "\u2581"
"""What stands before a word in the tokens' vocabulary."""

_MOST_HEADER = 1 << 20

Floats = NDArray[np.float32]


class Embedding:
    """Vectors of words.

    Args:
        folder: The package's folder.
    """

    def __init__(self, folder: Path) -> None:
        model = json.loads((folder / _TOKENS).read_text("utf-8"))["model"]
        self._ids: Mapping[str, int] = model["vocab"]
        self._ranks = ranks_of(model["merges"])
        self._table = _table(folder / _WEIGHTS)

    def vectors(self, words: Sequence[str]) -> Floats:
        """A vector of length 1 for each word; zeros where nothing of it is known. Shape (words, size)."""
        found = np.zeros((len(words), self._table.shape[1]), np.float32)
        for row, word in enumerate(words):
            tokens = self._tokens(word.replace("_", " "))
            if tokens:
                found[row] = self._table[tokens].astype(np.float32).mean(axis=0)
        length = np.linalg.norm(found, axis=1, keepdims=True)
        unit: Floats = np.divide(found, length, out=found, where=length > 0)
        return unit

    def _tokens(self, text: str) -> list[int]:
        """The tokens of a text."""
        parts = joined(_BEGINS + text.replace(" ", _BEGINS), self._ranks)
        return [number for part in parts for number in self._numbers(part)]

    def _numbers(self, part: str) -> Iterable[int]:
        if part in self._ids:
            return (self._ids[part],)
        bytes_of_it = (f"<0x{byte:02X}>" for byte in part.encode("utf-8", "replace"))
        return [self._ids[name] for name in bytes_of_it if name in self._ids]


def embedding_name() -> str:
    """Which vectors are installed; empty where there are none. Nothing is loaded for it."""
    place = _place()
    weights = place / _WEIGHTS if place is not None else None
    return f"{_WEIGHTS}:{weights.stat().st_size}" if weights is not None and weights.is_file() else ""


@cache
def embedding() -> Embedding | None:
    """The installed vectors, loaded once; ``None`` where there are none, or none that can be read."""
    place = _place()
    try:
        return None if place is None else Embedding(place)
    except (OSError, ValueError, KeyError, TypeError, struct.error):
        return None


def _place() -> Path | None:
    """Where the package lies; nothing of it is run."""
    try:
        spec = find_spec("wordllama")
    except (ImportError, ValueError):
        return None
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    return Path(places[0]) if places else None


def _table(path: Path) -> NDArray[np.float16]:
    """The only table of a safetensors file, left on the disk."""
    with path.open("rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        if size > _MOST_HEADER:
            raise ValueError(f"{path} is no safetensors file")
        header: dict[str, Any] = json.loads(file.read(size))
    (entry,) = (value for name, value in header.items() if name != "__metadata__")
    if entry["dtype"] != "F16":
        raise ValueError(f"{path} holds {entry['dtype']}, not F16")
    start = 8 + size + entry["data_offsets"][0]
    table: NDArray[np.float16] = np.memmap(path, np.float16, "r", start, tuple(entry["shape"]))
    return table
