"""Writing compound files: storages and streams, a file system in one file.

Source: [MS-CFB], whose sections are named below. Whatever is written is known beforehand, so it is laid down
once, from front to back: that is what makes an AAF quick to write.
"""

from __future__ import annotations

import struct
from array import array
from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache
from typing import BinaryIO

_SECTOR = 4096
"""Bytes a sector; what goes with major version 4 (2.2), and what the AAF SDK writes."""

_MINI_SECTOR = 64
_MINI_CUTOFF = 4096
"""A stream shorter than this lies in the mini stream (2.2)."""

_END = 0xFFFFFFFE
_FREE = 0xFFFFFFFF
_FAT_SECTOR = 0xFFFFFFFD
_DIFAT_SECTOR = 0xFFFFFFFC
_NOBODY = 0xFFFFFFFF

_A_SECTOR_OF_IDS = _SECTOR // 4
_IDS_IN_HEADER = 109
_MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
_ENTRY = struct.Struct("<64sHBBIII16sIQQIQ")
_STORAGE, _STREAM, _ROOT = 1, 2, 5
_RED, _BLACK = 0, 1


@dataclass(slots=True)
class Storage:
    """A folder.

    Attributes:
        class_id: Of what sort, 16 bytes.
        children: What is in it, by name (at most 31 characters): folders, and streams as their bytes.
    """

    class_id: bytes = bytes(16)
    children: list[tuple[str, Storage | bytes]] = field(default_factory=list)


def write(root: Storage, file_class: bytes, file: BinaryIO) -> None:
    """Write a compound file.

    Args:
        root: What is in it.
        file_class: The class id of the header.
        file: Where to; empty.
    """
    file.write(bytes(_SECTOR))
    mini_chains, entries = array("I"), bytearray()
    long_streams: list[tuple[int, bytes]] = []
    entries += _ENTRY.pack(
        *_name("Root Entry"), _ROOT, _BLACK, *[_NOBODY] * 3, root.class_id, 0, 0, 0, _END, 0
    )
    waiting = deque([(0, root)])
    while waiting:
        at, storage = waiting.popleft()
        children = sorted(storage.children, key=_order)
        if not children:
            continue
        first = len(entries) // _ENTRY.size
        links = _tree(len(children))
        struct.pack_into("<I", entries, at * _ENTRY.size + 76, first + (len(children) // 2))
        for place, ((name, child), (left, right, color)) in enumerate(zip(children, links, strict=True)):
            left_id = _NOBODY if left < 0 else first + left
            right_id = _NOBODY if right < 0 else first + right
            start, size = 0, 0
            if isinstance(child, Storage):
                waiting.append((first + place, child))
                kind, class_id = _STORAGE, child.class_id
            else:
                kind, class_id, size = _STREAM, bytes(16), len(child)
                if size >= _MINI_CUTOFF:
                    long_streams.append((first + place, child))
                elif size:
                    start = len(mini_chains)
                    count = -(-size // _MINI_SECTOR)
                    mini_chains.extend(range(start + 1, start + count))
                    mini_chains.append(_END)
                    file.write(child)
                    file.write(bytes(count * _MINI_SECTOR - size))
                else:
                    start = _END
            entries += _ENTRY.pack(
                *_name(name), kind, color, left_id, right_id, _NOBODY, class_id, 0, 0, 0, start, size
            )
    _finish(file, file_class, entries, mini_chains, long_streams)


def _finish(
    file: BinaryIO,
    file_class: bytes,
    entries: bytearray,
    mini_chains: array[int],
    long_streams: list[tuple[int, bytes]],
) -> None:
    """Write what follows the mini stream: long streams, tables, directory, and at last the header."""
    fat = array("I")

    def chained(size: int) -> int:
        """Take the next sectors; where they begin."""
        if not size:
            return _END
        start, count = len(fat), -(-size // _SECTOR)
        fat.extend(range(start + 1, start + count))
        fat.append(_END)
        file.write(bytes(count * _SECTOR - size))
        return start

    mini_size = len(mini_chains) * _MINI_SECTOR
    struct.pack_into("<IQ", entries, 116, chained(mini_size), mini_size)
    for at, data in long_streams:
        file.write(data)
        struct.pack_into("<I", entries, at * _ENTRY.size + 116, chained(len(data)))
    mini_count = -(-len(mini_chains) * 4 // _SECTOR)
    mini_chains.extend([_FREE] * (mini_count * _A_SECTOR_OF_IDS - len(mini_chains)))
    file.write(_little(mini_chains))
    mini_start = chained(mini_count * _SECTOR)
    unused = _ENTRY.pack(bytes(64), 0, 0, 0, *[_NOBODY] * 3, bytes(16), 0, 0, 0, 0, 0)
    while len(entries) % _SECTOR:
        entries += unused
    file.write(entries)
    entries_start = chained(len(entries))
    fat_count, difat_count = _table_sizes(len(fat))
    difat_start = len(fat) + fat_count
    fat_ids = list(range(len(fat), len(fat) + fat_count))
    fat.extend([_FAT_SECTOR] * fat_count)
    fat.extend([_DIFAT_SECTOR] * difat_count)
    fat.extend([_FREE] * (fat_count * _A_SECTOR_OF_IDS - len(fat)))
    file.write(_little(fat))
    for number in range(difat_count):
        begin = _IDS_IN_HEADER + number * (_A_SECTOR_OF_IDS - 1)
        some = array("I", fat_ids[begin : begin + _A_SECTOR_OF_IDS - 1])
        some.extend([_FREE] * (_A_SECTOR_OF_IDS - 1 - len(some)))
        some.append(difat_start + number + 1 if number + 1 < difat_count else _END)
        file.write(_little(some))
    here = array("I", fat_ids[:_IDS_IN_HEADER])
    here.extend([_FREE] * (_IDS_IN_HEADER - len(here)))
    file.seek(0)
    file.write(_MAGIC + file_class)
    # 2.2: minor and major version, byte order, 2^12 bytes a sector, 2^6 a mini sector.
    file.write(struct.pack("<5H6x", 62, 4, 0xFFFE, 12, 6))
    file.write(struct.pack("<5I", len(entries) // _SECTOR, fat_count, entries_start, 0, _MINI_CUTOFF))
    file.write(struct.pack("<2I", mini_start if mini_count else _END, mini_count))
    file.write(struct.pack("<2I", difat_start if difat_count else _END, difat_count))
    file.write(_little(here))


def _table_sizes(sectors: int) -> tuple[int, int]:
    """How many sectors the FAT and the DIFAT take, which count themselves too."""
    fat = difat = 0
    while True:
        needed = -(-(sectors + fat + difat) // _A_SECTOR_OF_IDS)
        beyond = max(0, needed - _IDS_IN_HEADER)
        more = -(-beyond // (_A_SECTOR_OF_IDS - 1))
        if (needed, more) == (fat, difat):
            return fat, difat
        fat, difat = needed, more


def _little(ids: array[int]) -> bytes:
    return struct.pack(f"<{len(ids)}I", *ids)


@lru_cache(maxsize=4096)
def _name(name: str) -> tuple[bytes, int]:
    """A name as an entry has it: text, and its length in bytes with the end mark (2.6.1)."""
    text = name.encode("utf-16-le")
    return text, len(text) + 2


def _order(child: tuple[str, Storage | bytes]) -> tuple[int, str]:
    """The order of siblings: shorter names first, else by their capitals (2.6.4)."""
    return len(child[0]), child[0].upper()


@lru_cache(maxsize=256)
def _tree(count: int) -> list[tuple[int, int, int]]:
    """A red-black tree over siblings in order: left and right child (-1 for none) and color of each.

    Split in the middle over and over, all paths differ by at most one step; so it is enough that the lowest
    row, where it is not full, is red (2.6.4). The root is ``count // 2``.
    """
    links = [(-1, -1, _BLACK)] * count
    depth = count.bit_length()
    is_full = count + 1 == 1 << depth
    ranges = [(0, count, 1)]
    while ranges:
        low, high, level = ranges.pop()
        middle = (low + high) // 2
        left = (low + middle) // 2 if low < middle else -1
        right = (middle + 1 + high) // 2 if middle + 1 < high else -1
        links[middle] = left, right, _RED if level == depth and not is_full and level > 1 else _BLACK
        if left >= 0:
            ranges.append((low, middle, level + 1))
        if right >= 0:
            ranges.append((middle + 1, high, level + 1))
    return links
