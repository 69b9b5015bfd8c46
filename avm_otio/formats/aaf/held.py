"""pyaaf2 held to what a file can hold.

It believes every size and count that a file states: one damaged byte makes it ask for all memory there is,
or count to four thousand million. Here each is compared with the bytes that are there, before it is used.
"""

from __future__ import annotations

import io
import os
import struct
from typing import Any

from aaf2 import cfb, properties, types
from aaf2.exceptions import CompoundFileBinaryError

_SET_HEAD, _SET_ENTRY = 15, 24
"""Bytes of the index of a set of objects: its head, and each entry with the shorter of the two keys."""

_WEAK_HEAD, _WEAK_ENTRY = 9, 16
"""The same of an array of references."""

_HEADER = struct.Struct("<30xH40xI")
"""Of a compound file's header: the power of two that a sector's size is, and the sectors of the DIFAT."""


def hold() -> None:
    """Let pyaaf2 refuse what no file can hold, from now on; once is enough."""
    cfb.Stream = _Stream
    properties.property_formats |= {
        properties.SF_STRONG_OBJECT_REFERENCE_SET: _Set,
        properties.SF_WEAK_OBJECT_REFERENCE_VECTOR: _WeakVector,
        properties.SF_WEAK_OBJECT_REFERENCE_SET: _WeakSet,
    }
    types.TypeDefFixedArray.decode = _decoded


def check_header(head: bytes, size: int) -> None:
    """Refuse a compound file whose header tells of more sectors than it has.

    Args:
        head: How the file begins.
        size: Its size in bytes.

    Raises:
        CompoundFileBinaryError: It does.
    """
    if len(head) >= _HEADER.size:
        shift, sectors = _HEADER.unpack_from(head)
        if sectors << min(shift, 63) > size:
            raise CompoundFileBinaryError(f"a table of {sectors} sectors in {size} bytes")


class _Stream(cfb.Stream):  # type: ignore[misc]  # pyaaf2 has no types
    __slots__ = ()

    def __init__(self, storage: Any, entry: Any, mode: str = "r") -> None:
        if isinstance(getattr(storage.f, "raw", None), io.FileIO) and not storage.f.writable():
            size = os.fstat(storage.f.fileno()).st_size
            if entry.byte_size > size:
                raise CompoundFileBinaryError(f"a stream of {entry.byte_size} bytes in {size} bytes")
        super().__init__(storage, entry, mode)


class _Set(properties.StrongRefSetProperty):  # type: ignore[misc]  # pyaaf2 has no types
    def read_index(self) -> None:
        _check_count(self, _SET_HEAD, _SET_ENTRY)
        super().read_index()


class _WeakVector(properties.WeakRefVectorProperty):  # type: ignore[misc]  # pyaaf2 has no types
    def read_index(self) -> None:
        _check_count(self, _WEAK_HEAD, _WEAK_ENTRY)
        super().read_index()


class _WeakSet(properties.WeakRefSetProperty):  # type: ignore[misc]  # pyaaf2 has no types
    def read_index(self) -> None:
        _check_count(self, _WEAK_HEAD, _WEAK_ENTRY)
        super().read_index()


def _check_count(of: Any, head: int, each: int) -> None:
    entry = of.parent.dir.get(f"{of.index_name} index")
    if entry is None or entry.byte_size < head:
        return  # pyaaf2 says so itself
    count = int.from_bytes(entry.open("r").read(4), "little")
    if head + count * each > entry.byte_size:
        raise CompoundFileBinaryError(f"{count} references in {entry.byte_size} bytes")


_pyaaf2_decoded = types.TypeDefFixedArray.decode


def _decoded(self: Any, data: bytes) -> Any:
    if self.size > len(data):
        raise CompoundFileBinaryError(f"an array of {self.size} values in {len(data)} bytes")
    return _pyaaf2_decoded(self, data)
