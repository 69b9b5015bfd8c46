"""Where the edits of a list begin and end: clips, the dissolves between them, and fades.

An edit list says a dissolve by the edit that it leads to: the clip that comes in begins where the dissolve
begins, and the one before it ends there. So every transition's cut moves to its beginning; what is seen and
heard is the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction

from avm_otio.formats.edl import FORMAT
from avm_otio.formats.edl.common import MOST_TRANSITION_FRAMES
from avm_otio.timeline.features import Feature
from avm_otio.timeline.losses import Losses
from avm_otio.timeline.model import SAMPLE_RATE_HZ, Clip, Timeline, Track, TrackKind, Transition
from avm_otio.timeline.time import from_micros, nearest_frame, to_micros


@dataclass(slots=True)
class Piece:
    """A clip as its edits say it; frames of record time.

    Attributes:
        clip: The clip.
        first: Its first frame on the timeline.
        start: Where its own edit begins.
        end: Where the next edit takes over.
        fade_in: Frames of the dissolve into it; 0 for a cut.
        fade_out: Frames of the dissolve from it to black.
        origin: What it dissolves from; ``None`` for black.
        joint: The transition into it, if it is one.
        leaving: The transition to black, if it is one.
    """

    clip: Clip
    first: int
    start: int
    end: int
    fade_in: int = 0
    fade_out: int = 0
    origin: Piece | None = None
    joint: Transition | None = None
    leaving: Transition | None = None


@dataclass(slots=True)
class Plan:
    """The edits of one track; what a list has no room for is reported to ``losses``."""

    timeline: Timeline
    track: Track
    losses: Losses

    @property
    def rate(self) -> Fraction:
        """Frames a second."""
        return self.timeline.rate

    def pieces(self) -> list[Piece]:
        """The clips that are on, with their dissolves and fades as far as a list has room for them."""
        pieces: list[Piece] = []
        at = 0
        for clip in self.track.clips:
            if not clip.enabled:
                self.losses.add(Feature.DISABLED, clip, "disabled, left out")
                continue
            first, last = clip.frames(self.rate)
            first = max(first, at)
            if first >= last:
                self.losses.add(Feature.TIME, clip, "shorter than a frame, left out")
                continue
            at = last
            pieces.append(Piece(clip, first, first, last))
            self._report_time(clip, first, last)
        cuts = {nearest_frame(each.at, self.rate): each for each in self.track.transitions}
        written: set[int] = set()
        before: Piece | None = None
        for index, piece in enumerate(pieces):
            follower = pieces[index + 1].first if index + 1 < len(pieces) else None
            self._head(piece, before, cuts, written)
            if follower != piece.end or follower not in cuts:
                self._tail(piece, follower, cuts, written)
            before = piece
        for cut, transition in cuts.items():
            if cut not in written:
                self.losses.add(Feature.TRANSITION, transition, "transition written as a cut")
        return pieces

    def _head(
        self, piece: Piece, before: Piece | None, cuts: dict[int, Transition], written: set[int]
    ) -> None:
        """How a clip comes in: a dissolve from its neighbour or from black, a fade, or a cut."""
        joint = cuts.get(piece.first)
        joins = before is not None and before.end == piece.first
        if joint is not None:
            start, frames = self._span(joint)
            room = 0 if before is None else before.start + max(1, before.fade_in) if joins else before.end
            if before is not None and not joins:
                room += before.fade_out
            if start >= room and 0 < frames <= piece.end - start:
                written.add(piece.first)
                self._report_joint(joint, frames)
                piece.start, piece.fade_in, piece.joint = start, frames, joint
                if joins and before is not None:
                    piece.origin, before.end = before, start
                    if before.clip.mix.fade_out_us:
                        self.losses.add(
                            Feature.FADE, before.clip, "fade out not written: a dissolve stands there"
                        )
                if piece.clip.mix.fade_in_us:
                    self.losses.add(Feature.FADE, piece.clip, "fade in not written: a dissolve stands there")
                return
        piece.fade_in = self._fade(piece, piece.clip.mix.fade_in_us, "in", piece.end - piece.start)

    def _tail(
        self, piece: Piece, follower: int | None, cuts: dict[int, Transition], written: set[int]
    ) -> None:
        """How a clip goes: into black, by a fade, or with a cut."""
        leaving = cuts.get(piece.end) if follower != piece.end else None
        least = piece.start + max(1, piece.fade_in)
        if leaving is not None:
            start, frames = self._span(leaving)
            if start >= least and frames > 0 and (follower is None or start + frames <= follower):
                written.add(piece.end)
                self._report_joint(
                    replace(leaving, before=Fraction(0), after=leaving.before + leaving.after), frames
                )
                piece.end, piece.fade_out, piece.leaving = start, frames, leaving
                return
        piece.fade_out = self._fade(piece, piece.clip.mix.fade_out_us, "out", piece.end - least)
        piece.end -= piece.fade_out

    def _span(self, joint: Transition) -> tuple[int, int]:
        """First frame and length of a transition."""
        start = nearest_frame(joint.at - joint.before, self.rate)
        end = nearest_frame(joint.at + joint.after, self.rate)
        return start, min(end - start, MOST_TRANSITION_FRAMES)

    def _fade(self, piece: Piece, length_us: int, way: str, room: int) -> int:
        """Frames of a fade; what of it a list has no room for is reported."""
        if not length_us:
            return 0
        clip = piece.clip
        if self.track.kind is TrackKind.VIDEO:
            self.losses.add(
                Feature.FADE, clip, f"fade {way} of its sound not written: the list is of picture"
            )
            return 0
        frames = max(0, min(nearest_frame(from_micros(length_us), self.rate), room, MOST_TRANSITION_FRAMES))
        if to_micros(frames / self.rate) != length_us:
            message = f"written as {frames} frames" if frames else "not written"
            self.losses.add(Feature.FADE, clip, f"fade {way} of {length_us / 1e6:g} s {message}")
        return frames

    def _report_joint(self, joint: Transition, frames: int) -> None:
        messages = []
        if joint.before:
            messages.append("its cut is written where it begins")
        if abs(frames / self.rate - joint.before - joint.after) * SAMPLE_RATE_HZ >= 1:
            messages.append(f"written as {frames} frames")
        if joint.kind != "SMPTE_Dissolve" and code_of(joint) == "D":
            messages.append("written as a dissolve")
        if messages:
            self.losses.add(Feature.TRANSITION, joint, ", ".join(messages))

    def _report_time(self, clip: Clip, first: int, last: int) -> None:
        """Report a clip that lies, or whose source begins, a sample or more off its frame."""
        off = [abs(clip.start - first / self.rate), abs(clip.end - last / self.rate)]
        if clip.media is not None:
            off.append(abs(clip.media_in - nearest_frame(clip.media_in, self.rate) / self.rate))
        if max(off) * SAMPLE_RATE_HZ >= 1:
            self.losses.add(Feature.TIME, clip, "moved to the nearest frame")


def code_of(joint: Transition | None) -> str:
    """The code of a transition: a wipe's where one was read, else a dissolve's."""
    kept = joint.kept if joint is not None else ()
    found = [each.text for each in kept if each.format == FORMAT.name and each.label == "wipe"]
    return found[0] if found and re.fullmatch(r"W\d{3}", found[0]) else "D"
