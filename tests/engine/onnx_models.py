"""A vision model so small that its embeddings are known, written as ONNX's protobuf without a library.

A picture's embedding is its mean red, green and blue. A text's is the sum over its pieces: ``dog`` is red,
``rain`` is blue, what begins a text is a little grey, all else nothing.
"""

from __future__ import annotations

import json
import string
from pathlib import Path

import numpy as np

FLOAT, INT64 = 1, 7
SIDE = 32
_MERGES = ["o g</w>", "d og</w>", "t r", "r a", "i n</w>", "ra in</w>"]
_PIECES = [pair.replace(" ", "") for pair in _MERGES]


def make_folder(folder: Path, *, numbers: int = 3) -> Path:
    """A folder as the engine takes it.

    Args:
        folder: Where to.
        numbers: How many a text's embedding has.
    """
    folder.mkdir(parents=True, exist_ok=True)
    letters = [*string.ascii_lowercase]
    vocabulary = [
        *letters,
        *(f"{each}</w>" for each in letters),
        *_PIECES,
        "<|startoftext|>",
        "<|endoftext|>",
    ]
    ids = {piece: number for number, piece in enumerate(vocabulary)}
    table = np.zeros((len(vocabulary), numbers), np.float32)
    table[ids["dog</w>"], 0] = table[ids["rain</w>"], 2] = 10
    table[ids["<|startoftext|>"]] = 0.1
    (folder / "image.onnx").write_bytes(picture_encoder())
    (folder / "text.onnx").write_bytes(text_encoder(table))
    tokenizer = {"model": {"type": "BPE", "vocab": ids, "merges": _MERGES}, "added_tokens": []}
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    plain = {"image_mean": [0, 0, 0], "image_std": [1, 1, 1], "size": {"shortest_edge": SIDE}}
    (folder / "preprocessor_config.json").write_text(json.dumps(plain))
    return folder


def picture_encoder(channels: int = 3) -> bytes:
    """The mean of each channel."""
    nodes = [
        _node("GlobalAveragePool", ["pixel_values"], "pooled"),
        _node("Flatten", ["pooled"], "image_embeds"),
    ]
    shape: list[int | str] = ["batch", channels, SIDE, SIDE]
    return _model(
        nodes, [], _value("pixel_values", FLOAT, shape), _value("image_embeds", FLOAT, ["batch", 3])
    )


def text_encoder(table: np.ndarray) -> bytes:
    """The sum over pieces of what stands for each in a table."""
    nodes = [
        _node("Gather", ["table", "input_ids"], "each"),
        _node("ReduceSum", ["each", "axis"], "text_embeds", keepdims=0),
    ]
    kept = [_tensor("table", FLOAT, table), _tensor("axis", INT64, np.array([1], np.int64))]
    taken = _value("input_ids", INT64, ["batch", "length"])
    return _model(nodes, kept, taken, _value("text_embeds", FLOAT, ["batch", table.shape[1]]))


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


def _field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    content = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _node(kind: str, takes: list[str], makes: str, **attributes: int) -> bytes:
    found = b"".join(_field(1, name) for name in takes) + _field(2, makes) + _field(4, kind)
    for name, value in attributes.items():
        found += _field(5, _field(1, name) + _field(3, value) + _field(20, 2))
    return found


def _tensor(name: str, kind: int, values: np.ndarray) -> bytes:
    sizes = b"".join(_field(1, size) for size in values.shape)
    return sizes + _field(2, kind) + _field(8, name) + _field(9, values.tobytes())


def _value(name: str, kind: int, shape: list[int | str]) -> bytes:
    sizes = b"".join(_field(1, _field(1 if isinstance(size, int) else 2, size)) for size in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, kind) + _field(2, sizes)))


def _model(nodes: list[bytes], kept: list[bytes], taken: bytes, made: bytes) -> bytes:
    graph = b"".join(_field(1, node) for node in nodes) + _field(2, "tiny")
    graph += b"".join(_field(5, tensor) for tensor in kept) + _field(11, taken) + _field(12, made)
    return _field(1, 8) + _field(7, graph) + _field(8, _field(2, 13))
