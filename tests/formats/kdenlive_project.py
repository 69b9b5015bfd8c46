"""A project of Kdenlive taken apart: its producers, entries and effects."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from avm_otio.formats.kdenlive.write import document
from avm_otio.timeline.features import Feature, Loss
from avm_otio.timeline.model import (
    Clip,
    Media,
    Timeline,
    Track,
    TrackKind,
    Transition,
)
from avm_otio.timeline.time import RecordTime
from tests.models import seconds, settled

FOLDER = Path("/project")


RATE = Fraction(24)


BED = Media("bed.wav", "/media/bed.wav", duration=Fraction(60), sample_rate_hz=48_000, channels=2)


def opened(timeline: Timeline) -> tuple[ElementTree.Element, tuple[Loss, ...]]:
    text, losses = document(timeline, FOLDER)
    return ElementTree.fromstring(text), losses


def properties(element: ElementTree.Element) -> dict[str, str]:
    return {one.attrib["name"]: one.text or "" for one in element.findall("property")}


def by_id(project: ElementTree.Element, name: str) -> ElementTree.Element:
    return next(one for one in project if one.get("id") == name)


def entries(project: ElementTree.Element, playlist: str) -> list[tuple[int, int, ElementTree.Element]]:
    """First frame, first frame after it, and entry, of each clip of a playlist."""
    found, at = [], 0
    for one in by_id(project, playlist):
        if one.tag == "blank":
            at += int(one.attrib["length"])
        elif one.tag == "entry":
            length = int(one.attrib["out"]) - int(one.attrib["in"]) + 1
            found.append((at, at + length, one))
            at += length
    return found


def sequence(project: ElementTree.Element) -> ElementTree.Element:
    return next(one for one in project.iter("tractor") if "kdenlive:uuid" in properties(one))


def heard(*clips: Clip, transitions: tuple[Transition, ...] = (), rate: Fraction = RATE) -> Timeline:
    track = Track("A1", TrackKind.AUDIO, clips, transitions, channels=2)
    return settled(Timeline("cut", rate, (track,)))


def clip(first: int, last: int, media: Media = BED, **properties: object) -> Clip:
    """A clip by frames at 24."""
    start, end = RecordTime(seconds(first, RATE)), RecordTime(seconds(last, RATE))
    return replace(Clip(media.name, start, end, media, channels=(0, 1)), **properties)


def effects(project: ElementTree.Element, playlist: str = "playlist0.0") -> list[dict[str, str]]:
    [(_, _, entry)] = entries(project, playlist)
    return [properties(one) | one.attrib for one in entry.findall("filter")]


def features(losses: tuple[Loss, ...]) -> set[Feature]:
    return {loss.feature for loss in losses}


CAMERA = replace(
    BED, name="cam.mov", path="/media/cam.mov", channels=4, has_picture=True, rate=RATE, size=(1280, 720)
)


def producers(project: ElementTree.Element) -> list[dict[str, str]]:
    return [properties(one) for one in project if one.tag == "producer" and "audio_index" in properties(one)]
