"""What a clip that was read from OTIO says otherwise now, written into its own JSON form."""

from __future__ import annotations

from fractions import Fraction

from avm_otio.formats.otio.json_form import Document, Json, range_json, reference_of, said_under, time_of
from avm_otio.formats.otio.metadata import NAMESPACE, note, uncut
from avm_otio.formats.otio.read import mix_in
from avm_otio.timeline.model import Clip, Mix, Timeline
from avm_otio.timeline.time import nearest_frame, snap_rate

_AS_IT_IS = Mix()
_ONE = Fraction(1)


def fresh(raw: Json) -> Document:
    """An object as it was read, with lists and notes of its own that may be changed."""
    made = _own(raw)
    for key in ("effects", "markers"):
        if key in raw:
            made[key] = [_own(inside) for inside in raw[key]]
    if "media_references" in raw:
        made["media_references"] = {key: _own(media) for key, media in raw["media_references"].items()}
    return made


def _own(raw: Json) -> Document:
    made = dict(raw)
    if "metadata" in made:
        made["metadata"] = dict(made["metadata"])
    return made


def changed(clip: Clip, raw: Json, rate: Fraction, *, is_heard: bool) -> Document:
    """A clip as it was read, but for what it says otherwise now.

    Args:
        clip: What it says now.
        raw: What it was read from.
        rate: Frames a second of the timeline.
        is_heard: Whether its sound lies on a sound track of its own: so that the two are linked.
    """
    was_cut = "cut_from" in said_under(raw, NAMESPACE)
    made = fresh(uncut(raw) if was_cut and clip.cut_from is None else raw)
    if bool(made["enabled"]) is not clip.enabled:
        made["enabled"] = clip.enabled
    before = said_under(made, NAMESPACE)
    noted = dict(before)
    if clip.mix != mix_in(made, before, rate):
        _note_mix(noted, clip.mix, stays=clip.cut_from is not None)
    if clip.cut_from is not None and not was_cut:
        noted["cut_from"] = _cut(made, clip, clip.cut_from, before)
    noted.pop("replaced_by", None)
    if clip.replaced_by is not None:
        noted["replaced_by"] = str(clip.replaced_by)
    if is_heard:
        noted["link"] = clip.link
    if noted != before:
        note(made, noted)
    return made


def sound_of_picture(clip: Clip, raw: Json) -> Document:
    """The sound of a picture that was read: the same, without what is for the eye."""
    ours = said_under(raw, NAMESPACE)
    noted = {key: ours[key] for key in ("nest", "source") if key in ours}
    _note_mix(noted, clip.mix)
    noted |= {"link": clip.link, "source_channels": list(clip.channels)}
    made = fresh(raw)
    made["effects"] = [effect for effect in made["effects"] if "time_scalar" in effect]
    made["markers"], made["metadata"] = [], {}
    made["enabled"] = clip.enabled
    note(made, noted)
    return made


def _cut(made: Document, piece: Clip, whole: Clip, noted: Json) -> Document:
    """Make a clip as it was read a piece of itself; its edges go to its own nearest frames.

    Returns:
        What the piece remembers of the whole.
    """
    span = made["source_range"] or _all_of(made, whole)
    rate = snap_rate(span["duration"]["rate"])
    length = round(span["duration"]["value"])
    begin, stop = (min(length, nearest_frame(at - whole.start, rate)) for at in (piece.start, piece.end))
    skipped = begin * piece.speed if piece.speed >= 0 else (length - stop) * -piece.speed
    made["source_range"] = range_json(time_of(span["start_time"]) * rate + skipped, stop - begin, rate)
    start = span["start_time"]
    kept = {"start": start["value"], "start_rate": start["rate"], "duration": length}
    before = {key: value for key, value in noted.items() if key != "version"}
    return kept | ({"noted": before} if before else {})


def _all_of(made: Json, whole: Clip) -> Json:
    """The range of a clip that says none: all of its media, or of its nest."""
    reference = reference_of(made)
    if reference is not None and reference["available_range"] is not None:
        found: Json = reference["available_range"]
        return found
    rate = whole.content.rate if isinstance(whole.content, Timeline) else _ONE
    return range_json(0, whole.duration * rate, rate)


def _note_mix(noted: Document, mix: Mix, *, stays: bool = False) -> None:
    """Note gain, fades and pan, those that do nothing only where something is noted already.

    Args:
        noted: What stands under our key; changed.
        mix: The gain and the fades.
        stays: Whether what is noted stays even where all of it does nothing.
    """
    keys = [[str(key.at), key.gain_db] for key in mix.keys]
    values = (("gain_db", mix.gain_db), ("fade_in_us", mix.fade_in_us), ("fade_out_us", mix.fade_out_us))
    for name, value in (*values, ("gain_keys", keys), ("pan", mix.pan)):
        if value or (name in noted and (stays or mix != _AS_IT_IS)):
            noted[name] = value
        else:
            noted.pop(name, None)
