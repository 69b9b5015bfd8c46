"""The words that a vision model's pictures are compared with, as the numbers that its text encoder takes.

The tokenizer is that of CLIP: lower case, byte pairs, a word's last piece with ``</w>``. It is read from its
files; the prompts are our own, so that plain English letters are all there is to take apart.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from avm_otio.engine.byte_pairs import Ranks, joined, ranks_of
from avm_otio.errors import InputError

_BEGIN, _END, _WORD_END = "<|startoftext|>", "<|endoftext|>", "</w>"
_LARGEST = 32 * 1024**2
_WHOLE, _VOCABULARY, _MERGES = "tokenizer.json", "vocab.json", "merges.txt"


class VisionWords:
    """Texts as numbers.

    Args:
        folder: Where ``tokenizer.json`` lies, or ``vocab.json`` and ``merges.txt``.

    Raises:
        InputError: There is no such tokenizer, or it is of another kind.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            self._ids, self._ranks = self._read()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._refused(f"cannot be read ({type(error).__name__})") from error
        if not {_BEGIN, _END} <= self._ids.keys():
            raise self._refused(f"has no {_BEGIN} and {_END}: it is not CLIP's")

    def numbers(self, text: str) -> list[int]:
        """A text, with what begins and ends it.

        Raises:
            InputError: The vocabulary lacks a letter of it.
        """
        found = [self._ids[_BEGIN]]
        for word in text.lower().split():
            for piece in joined([*word[:-1], word[-1] + _WORD_END], self._ranks):
                if piece not in self._ids:
                    raise self._refused(f"lacks {piece!r}, of “{text}”")
                found.append(self._ids[piece])
        return [*found, self._ids[_END]]

    @property
    def end(self) -> int:
        """What ends a text, and fills it up to a length."""
        return self._ids[_END]

    def _read(self) -> tuple[Mapping[str, int], Ranks]:
        whole = self._folder / _WHOLE
        if whole.is_file():
            tokenizer = _json(whole)
            model = tokenizer["model"]
            if (kind := model.get("type", "BPE")) != "BPE":
                raise self._refused(f"is of the kind {kind}; only CLIP's byte pairs are read")
            added = {each["content"]: each["id"] for each in tokenizer.get("added_tokens", ())}
            return {**model["vocab"], **added}, ranks_of(model["merges"])
        if not ((self._folder / _VOCABULARY).is_file() and (self._folder / _MERGES).is_file()):
            raise InputError(
                f"{self._folder} has no tokenizer: neither {_WHOLE}, nor {_VOCABULARY} and {_MERGES}.",
                "Copy it from where the model comes from.",
            )
        lines = (self._folder / _MERGES).read_text("utf-8").splitlines()
        merges: Sequence[str] = [line for line in lines if line and not line.startswith("#version")]
        return _json(self._folder / _VOCABULARY), ranks_of(merges)

    def _refused(self, why: str) -> InputError:
        return InputError(
            f"The tokenizer of {self._folder} {why}.", "Give the files that belong to the model."
        )


def _json(path: Path) -> Any:
    if path.stat().st_size > _LARGEST:
        raise ValueError(f"{path} is too large")
    return json.loads(path.read_text("utf-8"))
