"""Objects of an AAF, made quickly.

pyaaf2 knows the AAF's classes, properties and definitions; but it looks every property up by name, keeps
every object by its path and grows the file's tree one entry at a time: minutes for a few thousand clips. So
it makes an empty AAF, with the definitions that we use, once; what it says there of numbers and names is
taken over, and our objects are written with it into a compound file in one go.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cache, lru_cache
from hashlib import sha1
from typing import Any, BinaryIO
from uuid import UUID, uuid5

import aaf2
from aaf2.auid import AUID
from aaf2.cfb import CompoundFileBinary
from aaf2.utils import mangle_name

from avm_otio.formats.aaf.compound_file import Storage, write

OPERATIONS = {
    "Audio Dissolve": ("0c3bea41-fc05-11d2-8a29-0050040ef7d2", "sound", 2, ("Level",)),
    "Audio Gain": ("9d2ea894-0968-11d3-8a38-0050040ef7d2", "sound", 1, ("Amplitude",)),
    "Audio Pan": ("9d2ea893-0968-11d3-8a38-0050040ef7d2", "sound", 1, ("Pan",)),
    "Audio Channel Combiner": (
        "6b46dd7a-132d-4856-ab21-8b751d8462ec",
        "sound",
        2,
        ("AvidParameterByteOrder", "AvidEffectID"),
    ),
    "Video Dissolve": ("0c3bea40-fc05-11d2-8a29-0050040ef7d2", "picture", 2, ("Level",)),
    "Motion Control": (
        "9d2ea890-0968-11d3-8a38-0050040ef7d2",
        "picture",
        1,
        ("SpeedRatio", "PARAM_SPEED_OFFSET_MAP_U"),
    ),
}
"""Effects by name: their number, of what, how many inputs, with which parameters.

Numbers: AAF Object Specification and Edit Protocol [off]; the combiner's, and the names, as Media Composer
and Pro Tools write them [file].
"""

PARAMETERS = {
    "Level": ("e4962320-2267-11d3-8a4c-0050040ef7d2", "Rational"),
    "Amplitude": ("e4962321-2267-11d3-8a4c-0050040ef7d2", "Rational"),
    "Pan": ("e4962322-2267-11d3-8a4c-0050040ef7d2", "Rational"),
    "SpeedRatio": ("72559a80-24d7-11d3-8a50-0050040ef7d2", "Rational"),
    "PARAM_SPEED_OFFSET_MAP_U": ("8d56827d-847e-11d5-935a-50f857c10000", "Rational"),
    "AvidParameterByteOrder": ("c0038672-a8cf-11d3-a05b-006094eb75cb", "aafUInt16"),
    "AvidEffectID": ("93994bd6-a81d-11d3-a05b-006094eb75cb", "AvidBagOfBits"),
}
"""Parameters by name: their number and what they are [off, file]."""

_LINEAR = AUID("5b6c85a4-0ede-11d3-80a9-006008143e6f")
_SPACE = UUID("6b1f8a34-52f7-4c0e-9f0a-64b4f5a7e2d1")
"""Names our mobs: any constant would do."""

_MOB_ID = bytes.fromhex("060a2b340101010501010f1013000000")
"""How every mob id begins: a UMID made without a clip's data (SMPTE ST 330), as Pro Tools' are [file]."""

Value = bytes | Storage | Sequence[Storage] | Mapping[bytes, Storage]
"""A property: its bytes, one object, a vector of them, or a set of them by key."""


@dataclass(frozen=True, slots=True)
class _Property:
    """How a property of a class is stored.

    Attributes:
        pid: Its number in this file.
        how: Its stored form (AAF Stored Format Specification, 5).
        name: What its objects' folders are called.
        data: What stands for it where it holds objects: that name.
    """

    pid: int
    how: int
    name: str
    data: bytes


def u16(number: int) -> bytes:
    """A 16-bit number."""
    return struct.pack("<H", number)


def u32(number: int) -> bytes:
    """A 32-bit number."""
    return struct.pack("<I", number)


def i64(number: int) -> bytes:
    """A position or a length."""
    return struct.pack("<q", number)


def rational(number: Fraction) -> bytes:
    """A rate or a ratio; beyond 32 bits the nearest that fits."""
    most = (1 << 31) - 1
    if number.denominator > most or abs(number.numerator) > most:
        number = number.limit_denominator(max(1, int(most / max(1.0, abs(float(number))))))
    return struct.pack("<ii", number.numerator, number.denominator)


@lru_cache(maxsize=65_536)
def text(words: str) -> bytes:
    """A string: UTF-16 with an end mark."""
    return words.encode("utf-16-le") + b"\0\0"


def mob_id(*parts: object) -> bytes:
    """A mob's number, the same for the same parts."""
    seed = "\0".join(map(str, parts)).encode("utf-8", "surrogatepass")
    return _MOB_ID + UUID(bytes=sha1(_SPACE.bytes + seed).digest()[:16], version=5).bytes_le


class Aaf:
    """An AAF to be.

    Args:
        now: When it is written.
    """

    def __init__(self, now: datetime) -> None:
        self._file = aaf2.open(None, "w")
        self._define(now)
        self._classes: dict[str, tuple[bytes, dict[str, _Property]]] = {}
        self._mobs: dict[bytes, Storage] = {}
        self.weak = self._weak_references()
        """What refers to a definition: data definitions, operations, ``linear``, ``aaf`` by name."""
        stamp = self._file.create.CompositionMob("now")
        stamp["LastModified"].value = now
        self.now = bytes(stamp["LastModified"].data)
        stamp.usage = "Usage_TopLevel"
        self.top_level = bytes(stamp["UsageCode"].data)
        self._indirect = {kind: self._indirection(kind) for kind in ("Rational", "aafInt32", "aafUInt16")}
        self._indirect |= {kind: self._indirection(kind) for kind in ("aafString", "AvidBagOfBits")}

    def made(self, name: str, **values: Value | None) -> Storage:
        """An object.

        Args:
            name: Its class.
            values: Its properties by name; ``None`` for one that it does not have.
        """
        found = self._classes.get(name)
        if found is None:
            found = self._classes[name] = self._class(name)
        class_id, properties = found
        heads, bodies, children = [], [], []
        for key, value in values.items():
            if value is None:
                continue
            stored = properties[key]
            if isinstance(value, bytes):
                data = value
            else:
                data = stored.data
                children += _held(stored, value)
            heads.append(struct.pack("<HHH", stored.pid, stored.how, len(data)))
            bodies.append(data)
        # Little-endian, version 32 of the stored format.
        stream = b"".join((struct.pack("<BBH", 0x4C, 32, len(heads)), *heads, *bodies))
        children.append(("properties", stream))
        return Storage(class_id, children)

    def add_mob(self, identity: bytes, mob: Storage) -> None:
        """Keep a mob, which goes into the file."""
        self._mobs[identity] = mob

    def indirect(self, kind: str, value: bytes) -> bytes:
        """A value that says of what type it is."""
        return self._indirect[kind] + value

    def tagged(self, **values: int | str) -> list[Storage]:
        """A list of named values, as Avid attaches them to everything [file]."""
        return [self._tag(name, value) for name, value in values.items()]

    def constant(self, parameter: str, kind: str, value: bytes) -> tuple[bytes, Storage]:
        """A parameter that stays the same, and its key in the set of parameters."""
        key = _parameter_key(parameter)
        return key, self.made("ConstantValue", Definition=key, Value=self.indirect(kind, value))

    def varying(self, parameter: str, points: Sequence[tuple[Fraction, bytes]]) -> tuple[bytes, Storage]:
        """A parameter over time: rationals at 0 … 1 of the whole."""
        key = _parameter_key(parameter)
        made = [
            self.made("ControlPoint", Value=self.indirect("Rational", value), Time=rational(at))
            for at, value in points
        ]
        linear = self.weak["linear"]
        return key, self.made("VaryingValue", Definition=key, Interpolation=linear, PointList=made)

    def save(self, file: BinaryIO) -> None:
        """Write it."""
        self._file.save()
        self._file.manager.remove_temp()
        self._file.cfb.close()
        # pyaaf2 takes a BytesIO for a new file.
        empty = CompoundFileBinary(io.BufferedReader(io.BytesIO(self._file.f.getvalue())), "rb")
        root = _loaded(empty.root)
        content = _child(_child(root, "Header-2"), "Content-3b03")
        _, properties = self._class("ContentStorage")
        mobs = properties["Mobs"]
        content.children = [
            *(child for child in content.children if child[0] != f"{mobs.name} index"),
            *_held(mobs, self._mobs),
        ]
        write(root, bytes(empty.class_id.bytes_le), file)

    def _define(self, now: datetime) -> None:
        file = self._file
        for name, (number, kind) in PARAMETERS.items():
            typed = file.dictionary.lookup_typedef(kind)
            file.dictionary.register_def(file.create.ParameterDef(AUID(number), name, "", typed))
        for name, (number, kind, inputs, parameters) in OPERATIONS.items():
            made = file.create.OperationDef(AUID(number), name, "")
            made.media_kind = kind
            made["NumberInputs"].value = inputs
            made["IsTimeWarp"].value = name == "Motion Control"
            made["Bypass"].value = 0
            made["OperationCategory"].value = "OperationCategory_Effect"
            file.dictionary.register_def(made)
            made["ParametersDefined"].extend(
                [file.dictionary.lookup_parameterdef(parameter) for parameter in parameters]
            )
        file.dictionary.register_def(file.create.InterpolationDef(_LINEAR, "LinearInterp", ""))
        made_by = file.header["IdentificationList"].value[0]
        made_by["CompanyName"].value = "avm_otio"
        made_by["ProductName"].value = "avm_otio"
        made_by["ProductVersionString"].value = "1"
        version = {"major": 1, "minor": 0, "tertiary": 0, "patchLevel": 0, "type": "VersionReleased"}
        made_by["ProductVersion"].value = version
        made_by["ToolkitVersion"].value = version
        file.content["EssenceData"].value = []  # a required property: none is inside
        made_by["Date"].value = now
        made_by["GenerationAUID"].value = uuid5(_SPACE, "generation")
        made_by["ProductID"].value = AUID(str(uuid5(_SPACE, "product")))
        file.header["LastModified"].value = now

    def _weak_references(self) -> dict[str, bytes]:
        """References to definitions, as pyaaf2 encodes them: that also enters them in the file's table."""
        file, found = self._file, {}
        for kind in ("Picture", "Sound", "Timecode", "DescriptiveMetadata"):
            found[kind.lower()] = file.create.Filler(kind, 1)["DataDefinition"].data
        for name in OPERATIONS:
            found[name] = file.create.OperationGroup(name, 1)["Operation"].data
        value = file.create.VaryingValue()
        value["Interpolation"].value = file.dictionary.lookup_interperlationdef(_LINEAR)
        found["linear"] = value["Interpolation"].data
        descriptor = file.create.WAVEDescriptor()
        descriptor["ContainerFormat"].value = file.dictionary.lookup_containerdef("AAF")
        found["aaf"] = descriptor["ContainerFormat"].data
        return {key: bytes(data) for key, data in found.items()}

    def _indirection(self, kind: str) -> bytes:
        """What stands before a value that says its type: byte order and the type's number."""
        return b"\x4c" + bytes(self._file.metadict.lookup_typedef(kind).auid.bytes_le)

    def _tag(self, name: str, value: int | str) -> Storage:
        data = (
            self.indirect("aafInt32", struct.pack("<i", value))
            if isinstance(value, int)
            else self.indirect("aafString", text(value))
        )
        return self.made("TaggedValue", Name=text(name), Value=data)

    def _class(self, name: str) -> tuple[bytes, dict[str, _Property]]:
        found = self._file.metadict.lookup_classdef(name)
        properties = {}
        for definition in found.all_propertydefs():
            # The SDK keeps parameters as a set, whatever their definition says; pyaaf2 knows that too.
            how = 0x3A if definition.property_name == "Parameters" else definition.store_format
            name = mangle_name(definition.property_name, definition.pid, 32 if how == 0x22 else 22)
            properties[definition.property_name] = _Property(definition.pid, how, name, text(name))
        return bytes(found.auid.bytes_le), properties


_MOB_KEY, _PARAMETER_KEY = 0x4401, 0x4C01
"""Which property of its members keys a set: a mob's id, a parameter's definition."""


def _held(stored: _Property, value: Any) -> list[tuple[str, Storage | bytes]]:
    """The objects that a property holds, as folders, and the list of them."""
    if isinstance(value, Storage):
        return [(stored.name, value)]
    count = len(value)
    # How many, the next free key, the last one (AAF Stored Format Specification, 5.3).
    index = struct.pack("<III", count, count, 0xFFFFFFFF)
    if isinstance(value, Mapping):
        key_size = len(next(iter(value), b""))
        key_pid = _MOB_KEY if key_size == 32 else _PARAMETER_KEY
        index += struct.pack("<HB", key_pid, key_size)
        index += b"".join(struct.pack("<II", at, 1) + key for at, key in enumerate(value))
        objects = list(value.values())
    else:
        index += struct.pack(f"<{count}I", *range(count))
        objects = list(value)
    named = [(f"{stored.name}{place}", child) for place, child in zip(_places(count), objects, strict=False)]
    return [*named, (f"{stored.name} index", index)]


@cache
def _few_places() -> tuple[str, ...]:
    return tuple(f"{{{at:x}}}" for at in range(64))


def _places(count: int) -> Sequence[str]:
    return _few_places() if count <= 64 else [f"{{{at:x}}}" for at in range(count)]


def _loaded(entry: Any) -> Storage:
    """A folder of a compound file that pyaaf2 wrote."""
    made = Storage(bytes(entry.data[80:96]))
    for found in entry.listdir():
        made.children.append((found.name, _loaded(found) if found.isdir() else found.open("r").read()))
    return made


def _child(storage: Storage, name: str) -> Storage:
    return next(child for key, child in storage.children if key == name and isinstance(child, Storage))


@cache
def _parameter_key(name: str) -> bytes:
    return bytes(AUID(PARAMETERS[name][0]).bytes_le)
