"""An analysis as a picture: shots with thumbnails, transitions, motion, light and sound, on one scale.

Drawn with the colours, letters and pages of ``-o timeline.svg``.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from itertools import pairwise

import numpy as np

from avm_otio.engine.analysis import COLUMN_US, Analysed, OnsetFound, ShotFound
from avm_otio.formats.svg.layout import GAP, LANE, LEFT, MARGIN, WIDTH, Page, page_length, pages
from avm_otio.formats.svg.theme import FONT, style
from avm_otio.formats.svg.words import fitted, text, title, width
from avm_otio.media.thumbnails import Thumbnails
from avm_otio.report import Report
from avm_otio.timeline.model import Media
from avm_otio.timeline.time import format_rate, format_timecode, nominal_rate

_HEAD, _RULER, _BETWEEN = 66, 24, 20
_PICTURE, _WORDS, _MOTION, _LIGHT, _SOUND, _ONSETS = 76, 34, 44, 44, 58, 26
_LANES = (
    ("Picture", "shots and transitions", _PICTURE),
    ("Camera", "and what is seen", _WORDS),
    ("Motion", "camera, things", _MOTION),
    ("Brightness", "mean colour below", _LIGHT),
    ("Sound", "waveform and speech", _SOUND),
    ("Onsets", "and what they resemble", _ONSETS),
)
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
_LABEL = 84
"""Pixels that a timecode takes on the ruler."""

_MOST_THUMBNAILS = 160
_LEAST = 20
"""Pixels below which a shot has no thumbnail."""

_LINES = 144
_KINDS = {"transient": "e", "tonal": "m", "noise": "d"}
_MOST_ONSETS = 4000
_EXTRA = (
    ".wave{fill:none;stroke:#46998a;stroke-width:1}"
    ".mix{fill:#fff;fill-opacity:.32;stroke:#fff;stroke-width:1.2}.black{fill:#000}.white{fill:#fff}"
    ".plain{fill:#808080}.bolt{fill:#ffd84a;stroke:#1f2328;stroke-width:.6}"
)


def drawn(analysed: Analysed, report: Report, theme: str = "auto") -> str:
    """The picture, as SVG.

    Args:
        analysed: What was found.
        report: Receives progress.
        theme: ``light``, ``dark``, or ``auto``: as whoever looks at it has it.
    """
    return _Drawing(analysed, report).drawn(theme)


class _Drawing:
    def __init__(self, analysed: Analysed, report: Report) -> None:
        self._document, self._info, self._wave = analysed.document, analysed.info, analysed.wave
        self._report = report
        self._rate = Fraction(self._document.film.rate)
        duration = Fraction(self._document.film.duration_us, 1_000_000)
        self._pages = list(pages(duration, page_length(duration)))
        has_sound = self._document.sound is not None
        self._lanes = _LANES if has_sound else _LANES[:4]
        self._thumbs: dict[tuple[int, float], bytes] = {}

    def drawn(self, theme: str) -> str:
        """All of it."""
        self._look()
        tall = _RULER + sum(height + GAP for _, _, height in self._lanes) + _BETWEEN
        parts = [*self._heading()]
        for number, page in enumerate(self._pages):
            parts += self._page(page, _HEAD + number * tall)
        foot = _HEAD + len(self._pages) * tall
        legend, height = _legend(foot, has_sound=self._document.sound is not None)
        parts += legend
        size = f"viewBox='0 0 {WIDTH} {height}' width='{WIDTH}' height='{height}'"
        names = "xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'"
        ground = f"<rect width='{WIDTH}' height='{height}' rx='8' class='ground'/>"
        sheet = f"<style>{style(theme)}{_EXTRA}</style>"
        return f"<svg {names} {size} {FONT}>{sheet}{ground}{''.join(parts)}</svg>\n"

    def _heading(self) -> Iterator[str]:
        film, sound = self._document.film, self._document.sound
        yield text(MARGIN, 34, fitted(film.name, WIDTH - 2 * MARGIN, 19, bold=True), 19, "t h")
        first, last = film.start_timecode, self._timecode(film.frames)
        kinds = [each.kind for each in self._document.transitions]
        parts = [f"{first} to {last}", f"{film.width}×{film.height}", f"{format_rate(self._rate)} fps"]
        for many, one, more in (
            (len(self._document.shots), "shot", "shots"),
            (kinds.count("dissolve"), "dissolve", "dissolves"),
            (len(kinds) - kinds.count("dissolve"), "fade", "fades"),
            (len(self._document.flashes), "flash", "flashes"),
        ):
            if many:
                parts.append(f"{many} {one if many == 1 else more}")
        if sound is None:
            parts.append("no sound")
        else:
            spoken = sum(each.end_us - each.start_us for each in sound.speech)
            parts.append(f"speech {round(100 * spoken / max(1, film.duration_us))} %")
            if sound.loudness_lufs is not None:
                parts.append(f"{sound.loudness_lufs:.1f} LUFS")
            if sound.tempo_bpm is not None:
                parts.append(f"{sound.tempo_bpm:.0f} bpm")
        yield text(MARGIN, 54, " · ".join(parts), 11.5, "s")

    def _page(self, page: Page, top: float) -> Iterator[str]:
        y, tops = top + _RULER, []
        for name, about, height in self._lanes:
            tops.append(y)
            yield text(MARGIN, y + min(18, height / 2 + 4), name, 11.5, "t")
            if height >= 32:
                yield text(MARGIN, y + 33, fitted(about, LEFT - 2 * MARGIN, 10), 10, "s")
            else:
                yield text(MARGIN + width(name, 11.5) + 8, y + height / 2 + 4, about, 10, "s")
            right = page.x(page.end)
            wide = right - LEFT
            yield f"<rect x='{LEFT}' y='{y}' width='{wide:.1f}' height='{height}' rx='2' class='lane'/>"
            y += height + GAP
        for frame in self._ticks(page):
            x = page.x(frame / self._rate)
            yield f"<line x1='{x:.1f}' y1='{top + 5}' x2='{x:.1f}' y2='{y - GAP}' class='tick'/>"
            if x + _LABEL < WIDTH:
                yield text(x + 4, top + 14, self._timecode(frame), 10, "s")
        shots = [shot for shot in self._document.shots if self._edges(page, shot) is not None]
        draw: list[Callable[[Page, float, float], Iterator[str]]] = [
            partial(self._pictures, shots), partial(self._words, shots), self._motion,
            partial(self._light, shots), self._sound, self._onsets,
        ]  # fmt: skip
        for lane, at, (_, _, height) in zip(draw, tops, self._lanes, strict=False):
            yield from lane(page, at, height)
        yield from self._transitions(page, tops[0], _PICTURE)

    def _edges(self, page: Page, shot: ShotFound) -> tuple[float, float] | None:
        start, end = self._span(shot.first.at_us, shot.last.at_us)
        return page.within(start, end)

    def _span(self, start_us: int, last_us: int) -> tuple[Fraction, Fraction]:
        """From a frame to the end of another, seconds."""
        end = Fraction(last_us, 1_000_000) + 1 / self._rate
        return Fraction(start_us, 1_000_000), min(end, Fraction(self._document.film.duration_us, 1_000_000))

    def _slots(self) -> list[tuple[int, float, Fraction]]:
        """Where thumbnails go: shot, place in it in pixels, and the time that is shown."""
        film, scale = self._document.film, self._pages[0].scale
        wide = self._thumb_width()
        while True:
            found = []
            for shot in self._document.shots:
                start, end = self._span(shot.first.at_us, shot.last.at_us)
                room = float(end - start) * scale
                if room < _LEAST:
                    continue
                count = max(1, int(room // wide))
                for number in range(count):
                    at = start + (end - start) * (2 * number + 1) / (2 * count)
                    found.append((shot.number, float(at - start) * scale, at))
            if len(found) <= _MOST_THUMBNAILS or wide > 4 * film.frames:
                return found[:: -(-len(found) // _MOST_THUMBNAILS)] if found else []
            wide *= 1.5

    def _thumb_width(self) -> float:
        film = self._document.film
        return max(40.0, min(2.4, film.width / max(1, film.height)) * (_PICTURE - 4))

    def _look(self) -> None:
        slots = self._slots()
        media = Media("film", str(self._info.path), has_picture=True)
        with self._report.step("Drawing the picture", len(slots)) as advance, Thumbnails() as small:
            for done, (number, place, at) in enumerate(slots, 1):
                jpeg = small.at(media, self._info, at, _LINES)
                if jpeg is not None:
                    self._thumbs[number, place] = jpeg
                advance(done, len(slots))

    def _pictures(self, shots: Sequence[ShotFound], page: Page, y: float, height: float) -> Iterator[str]:
        wide = self._thumb_width()
        for shot in shots:
            edges = self._edges(page, shot)
            assert edges is not None
            start = page.x(Fraction(shot.first.at_us, 1_000_000))
            left, right = edges
            clip = f"s{shot.number}-{int(page.start)}"
            room = max(right - left - 1, 0.8)
            yield (
                f"<clipPath id='{clip}'><rect x='{left + 0.5:.1f}' y='{y + 1}' width='{room:.1f}' "
                f"height='{height - 2}' rx='3'/></clipPath><g clip-path='url(#{clip})'>"
                f"<rect x='{left:.1f}' y='{y}' width='{right - left:.1f}' height='{height}' "
                f"fill='{shot.colour or '#808080'}'/>"
            )
            own = sorted(place for number, place in self._thumbs if number == shot.number)
            for number, place in enumerate(own):
                begin = (own[number - 1] + place) / 2 if number else 0.0
                end = (place + own[number + 1]) / 2 if number + 1 < len(own) else room + left - start + 1
                x, slot = start + begin, max(end - begin, min(wide, 20))
                if x > page.x(page.end) or x + slot < LEFT:
                    continue
                data = base64.b64encode(self._thumbs[shot.number, place]).decode("ascii")
                yield (
                    f"<image x='{x:.1f}' y='{y + 1}' width='{slot:.1f}' height='{height - 2}' "
                    f"preserveAspectRatio='xMidYMid slice' xlink:href='data:image/jpeg;base64,{data}'/>"
                )
            yield f"{title(_about(shot))}</g>"
            if right - left > 26:
                label = str(shot.number)
                yield (
                    f"<rect x='{left + 4:.1f}' y='{y + 5}' width='{width(label, 10) + 8:.1f}' height='14' "
                    f"rx='3' fill='#000' fill-opacity='.55'/>"
                    f"<text x='{left + 8:.1f}' y='{y + 15.5}' font-size='10' fill='#fff'>{label}</text>"
                )

    def _transitions(self, page: Page, y: float, height: float) -> Iterator[str]:
        foot = y + height - 1
        for each in self._document.transitions:
            edges = page.within(*self._span(each.first.at_us, each.last.at_us))
            if edges is None:
                continue
            left, right = edges[0], max(edges[1], edges[0] + 2)
            about = f"{each.kind}{f' ({each.colour})' if each.colour else ''}, {each.frames} frames"
            name = title(f"{each.first.timecode}: {about}")
            if each.kind == "dissolve":
                yield (
                    f"<path class='mix' d='M{left:.1f} {y + 1}L{right:.1f} {foot}V{y + 1}"
                    f"L{left:.1f} {foot}Z'>"
                    f"{name}</path>"
                )
                continue
            begin, end = (left, right) if each.kind == "fade out" else (right, left)
            yield (
                f"<path class='{each.colour or 'plain'}' fill-opacity='.8' stroke='#888' stroke-width='.8' "
                f"d='M{begin:.1f} {foot}L{end:.1f} {foot}V{y + 1}Z'>{name}</path>"
            )
        for flash in self._document.flashes:
            at = Fraction(flash.at.at_us, 1_000_000)
            if not page.start <= at < page.end:
                continue
            x = page.x(at)
            yield (
                f"<path class='bolt' d='M{x + 2:.1f} {y + 22}l-6 11h4l-2 10 8 -13h-4.5l3 -8z'>"
                f"{title(f'{flash.at.timecode}: flash')}</path>"
            )

    def _words(self, shots: Sequence[ShotFound], page: Page, y: float, height: float) -> Iterator[str]:
        for shot in shots:
            edges = self._edges(page, shot)
            assert edges is not None
            room = edges[1] - edges[0] - 6
            x = edges[0] + 4
            moves = fitted(shot.camera.words or "stands", room, 10.5)
            if moves and not (moves.endswith("…") and len(moves) < 5):
                yield text(x, y + 14, moves, 10.5, "t" if shot.camera.words else "s")
            about = ", ".join(thing.name for thing in shot.seen)
            if not about and shot.things >= 0.12:
                about = "things move"
            shown = fitted(about, room, 10)
            if shown and not (shown.endswith("…") and len(shown) < 5):
                yield text(x, y + 28, shown, 10, "t h" if shot.seen else "s")
            if edges[0] > LEFT + 1:
                x = edges[0]
                yield f"<line x1='{x:.1f}' y1='{y + 3}' x2='{x:.1f}' y2='{y + height - 3}' class='tick'/>"

    def _motion(self, page: Page, y: float, height: float) -> Iterator[str]:
        curves = self._document.by_second
        camera, things = np.sqrt(curves.camera), np.sqrt(curves.things)
        half = (height - 6) / 2
        yield f"<g class='v'>{self._area(page, camera, y + 2 + half, half)}</g>"
        yield f"<g class='e'>{self._area(page, things, y + 4 + half, -half)}</g>"

    def _light(self, shots: Sequence[ShotFound], page: Page, y: float, height: float) -> Iterator[str]:
        bar = 11
        for shot in shots:
            edges = self._edges(page, shot)
            assert edges is not None
            left, right = edges
            yield (
                f"<rect x='{left:.1f}' y='{y + height - bar}' width='{max(right - left, 0.6):.1f}' "
                f"height='{bar}' fill='{shot.colour or '#808080'}'>{title(shot.colour)}</rect>"
            )
        light = np.array(self._document.by_second.brightness)
        yield f"<g class='a'>{self._area(page, light, y + height - bar - 2, height - bar - 4)}</g>"

    def _area(self, page: Page, values: Sequence[float] | np.ndarray, foot: float, tall: float) -> str:
        """A curve of seconds on a page, filled down (or up) to its foot."""
        first, end = int(page.start), min(len(values), int(page.end) + 1)
        if end <= first:
            return ""
        group = max(1, (end - first) // LANE)
        places = [
            (page.x(min(page.end, Fraction(2 * at + 1, 2))), float(np.max(values[at : min(end, at + group)])))
            for at in range(first, end, group)
        ]
        left, right = page.x(page.start), page.x(page.end)
        places = [(left, places[0][1]), *places, (right, places[-1][1])]
        line = "L".join(f"{x:.1f} {foot - tall * min(value, 1.0):.1f}" for x, value in places)
        return (
            f"<path class='w' fill-opacity='.55' d='M{left:.1f} {foot:.1f}L{line}L{right:.1f} {foot:.1f}Z'/>"
        )

    def _sound(self, page: Page, y: float, height: float) -> Iterator[str]:
        sound = self._document.sound
        assert sound is not None
        middle = y + height / 2
        wave = self._wave
        columns = int(page.x(page.end) - LEFT)
        edges = [
            min(len(wave), int((page.start + Fraction(n) / Fraction(page.scale)) * 1_000_000 / COLUMN_US))
            for n in range(columns + 1)
        ]
        tops = [
            float(min(1.0, wave[a : max(b, a + 1)].max(initial=0.0))) ** 0.6 * (height / 2 - 2)
            for a, b in pairwise(edges)
        ]
        if tops:
            path = "".join(
                f"M{LEFT + n:.0f} {middle - top:.1f}v{2 * top:.1f}" for n, top in enumerate(tops) if top > 0.2
            )
            path = path or f"M{LEFT} {middle}h0"
            yield f"<path d='{path}' class='wave'/>"
        for spoken in sound.speech:
            within = page.within(Fraction(spoken.start_us, 1_000_000), Fraction(spoken.end_us, 1_000_000))
            if within is not None:
                wide = max(within[1] - within[0], 0.5)
                name = title(
                    f"{spoken.first.timecode}: speech, {(spoken.end_us - spoken.start_us) / 1e6:.1f} s"
                )
                yield (
                    f"<rect x='{within[0]:.1f}' y='{y}' width='{wide:.1f}' height='{height}' class='speech'>"
                    f"{name}</rect>"
                )

    def _onsets(self, page: Page, y: float, height: float) -> Iterator[str]:
        sound = self._document.sound
        assert sound is not None
        shown = [
            onset for onset in sound.onsets if page.start * 1_000_000 <= onset.at.at_us < page.end * 1_000_000
        ]
        if len(shown) > _MOST_ONSETS:
            shown = sorted(shown, key=lambda onset: -onset.strength)[:_MOST_ONSETS]
        for onset in shown:
            yield _tick(onset, page, y, height)

    def _timecode(self, frame: int) -> str:
        film = self._document.film
        first = self._info.video.start_timecode or 0 if self._info.video is not None else 0
        return format_timecode(first + frame, self._rate, film.drop_frame)

    def _ticks(self, page: Page) -> Iterator[int]:
        """Frames that the ruler names: as far apart as their labels need."""
        step = next((step for step in _STEPS_S if step * page.scale >= _LABEL), _STEPS_S[-1])
        each = step * nominal_rate(self._rate)
        if float(page.end - page.start) * page.scale < _LABEL or step > page.end - page.start:
            each = max(1, each)
        frame = -(-int(page.start * self._rate) // each) * each
        while frame / self._rate <= page.end:
            yield frame
            frame += each


def _tick(onset: OnsetFound, page: Page, y: float, height: float) -> str:
    x = page.x(Fraction(onset.at.at_us, 1_000_000))
    tall = 4 + (height - 6) * onset.strength
    about = f"{onset.at.timecode}: {onset.resembles} ({round(100 * onset.confidence)} %)"
    return (
        f"<g class='{_KINDS[onset.resembles]}'><rect x='{x - 0.8:.1f}' y='{y + height - 1 - tall:.1f}' "
        f"width='1.6' height='{tall:.1f}' class='w'>{title(about)}</rect></g>"
    )


def _about(shot: ShotFound) -> str:
    camera = shot.camera.words or "the camera stands"
    seen = "".join(f"; {thing.name} {round(100 * thing.confidence)} %" for thing in shot.seen)
    return (
        f"Shot {shot.number}: {shot.first.timecode} to {shot.last.timecode}, {shot.frames} frames; {camera}; "
        f"motion {round(100 * shot.motion)} %, brightness {round(100 * shot.brightness)} %{seen}"
    )


def _legend(y: float, *, has_sound: bool) -> tuple[list[str], int]:
    """What the signs mean, and where that ends."""
    box = "width='20' height='11' rx='2'"
    signs: list[tuple[str, str]] = [
        ("<g class='v'><rect {at} " + box + " class='w' fill-opacity='.55'/></g>", "camera moves"),
        ("<g class='e'><rect {at} " + box + " class='w' fill-opacity='.55'/></g>", "things move"),
        ("<g class='a'><rect {at} " + box + " class='w' fill-opacity='.55'/></g>", "brightness"),
    ]
    if has_sound:
        signs.append(("<rect {at} " + box + " class='speech'/>", "speech"))
        signs += [
            (f"<g class='{kind}'><rect {{near}} width='3' height='11' class='w'/></g>", name)
            for name, kind in _KINDS.items()
        ]
    parts, x = [], float(LEFT)
    for sign, name in signs:
        places = {"at": f"x='{x:.1f}' y='{y}'", "near": f"x='{x + 12:.1f}' y='{y}'"}
        parts += [sign.format(**places), text(x + 26, y + 9.5, name, 10.5, "s")]
        x += 26 + width(name, 10.5) + 18
    return parts, round(y + 26)
