"""Who opens what: the editors by name, the files that each takes, and what sound files it needs."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from avm_otio.errors import UsageError


class SoundFiles(StrEnum):
    """What sound files a dialect can point at."""

    ANY = "any"
    """Whatever the editor decodes."""
    MONO = "mono"
    """One 48 kHz 24-bit WAV a channel."""
    SPOTTED = "spotted"
    """One 48 kHz 24-bit Broadcast WAV a clip, cut to what is used, with its record time as time reference."""


@dataclass(frozen=True, slots=True)
class Editor:
    """One editor.

    Attributes:
        name: What ``--for`` takes.
        title: What people call it.
        suffixes: What is written for it; the first where nothing is said.
        sound: What sound files its file can point at.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    sound: SoundFiles = SoundFiles.ANY


EDITORS = {
    editor.name: editor
    for editor in (
        Editor("otio", "any program with OpenTimelineIO", (".otio", ".otioz")),
        Editor("resolve", "DaVinci Resolve", (".otio", ".otioz")),
        Editor("premiere", "Adobe Premiere Pro", (".xml", ".otio", ".otioz")),
        Editor("fcp", "Final Cut Pro", (".fcpxml",)),
        Editor("avid", "Avid Media Composer", (".aaf",), SoundFiles.MONO),
        Editor("protools", "Pro Tools", (".txt",), SoundFiles.SPOTTED),
        Editor("reaper", "Reaper", (".rpp",), SoundFiles.SPOTTED),
        Editor("kdenlive", "Kdenlive", (".kdenlive", ".otio", ".otioz")),
        Editor("blender", "Blender", (".otio", ".otioz")),
        Editor("edl", "any program that reads a CMX3600 list", (".edl",)),
    )
}
"""What ``--for`` takes."""


def editor_named(name: str) -> Editor:
    """The editor of a name.

    Raises:
        UsageError: There is none; the message has the nearest.
    """
    found = EDITORS.get(name.lower())
    if found is None:
        close = get_close_matches(name.lower(), EDITORS, n=1)
        hint = f"Did you mean {close[0]}? " if close else ""
        raise UsageError(f"There is no editor “{name}”.", f"{hint}There are {', '.join(EDITORS)}.")
    return found


def editor_for(suffix: str) -> Editor | None:
    """Whose file a suffix is where nothing else is said: the first that lists it, if any does."""
    return next((editor for editor in EDITORS.values() if suffix in editor.suffixes), None)
