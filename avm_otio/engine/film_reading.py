"""All that needs a film decoded: its shape, picture, sound, speech, what is seen, its noise reduced.

Each is a task whose answer is plain values, so that it is done here or in a program beside this one. The
program exists so that a film which ends its reader ends nothing else, that memory comes back to the system,
and that the engine answers meanwhile: it reads a task as JSON from each line of its input, and writes what
came of it as a line of JSON.
"""

from __future__ import annotations

import json
import queue
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

from avm_otio.engine.decoding import FilmShape, checked, film_shape, luma_frames, sound_blocks
from avm_otio.engine.denoise import denoise_to
from avm_otio.engine.film_analysis import analyse_picture
from avm_otio.engine.programs import Answer, Program
from avm_otio.engine.sound_analysis import analyse_sound
from avm_otio.engine.traits import Moment, PictureTraits, Sighting, SoundTraits, Span
from avm_otio.errors import AvmError, MediaError
from avm_otio.files import make_folder
from avm_otio.media.speech import hear_speech
from avm_otio.services import FilmType

Check = Callable[[], None]
Values = dict[str, Any]

_MODULE = "avm_otio.engine.film_reading"
_MOST_AT_ONCE = 2
"""Programs for one film: its picture in one, its sound in the other."""


@dataclass(frozen=True, slots=True)
class Task:
    """Something that needs a film decoded.

    Attributes:
        what: One of ``TASKS``.
        film: The film's file.
        more: What else it takes, as JSON has it.
    """

    what: str
    film: Path
    more: Mapping[str, Any]


class Reader(Protocol):
    """Carries out tasks."""

    def read(self, tasks: Sequence[Task], check: Check) -> list[Values]:
        """What came of each.

        Args:
            tasks: Of one film.
            check: Called now and then; may raise to break off.

        Raises:
            AvmError: One of them cannot be done.
        """

    def close(self) -> None:
        """Break off what runs."""


class Here:
    """Reads films in this process."""

    def read(self, tasks: Sequence[Task], check: Check) -> list[Values]:
        """As a reader does."""
        return [TASKS[task.what](task.film, check, **task.more) for task in tasks]

    def close(self) -> None:
        """Nothing is left running."""


class Apart:
    """Reads films in programs beside this one, ended after each film; those that saw its shape alone stay."""

    def __init__(self) -> None:
        self._running: set[Program] = set()
        self._idle: queue.SimpleQueue[Program] = queue.SimpleQueue()
        self._shapes = threading.BoundedSemaphore(_MOST_AT_ONCE)

    def read(self, tasks: Sequence[Task], check: Check) -> list[Values]:
        """As a reader does; of films that come at once, so many shapes are looked at at a time."""
        check()
        if all(task.what == "shape" for task in tasks):
            with self._shapes:
                return self._done(tasks, check)
        return self._done(tasks, check)

    def _done(self, tasks: Sequence[Task], check: Check) -> list[Values]:
        waiting: queue.SimpleQueue[tuple[int, Task]] = queue.SimpleQueue()
        for numbered in enumerate(tasks):
            waiting.put(numbered)
        found: dict[int, Values] = {}

        def work() -> None:
            program = self._taken()
            stays = False
            try:
                with suppress(queue.Empty):
                    while True:
                        number, task = waiting.get_nowait()
                        found[number] = _asked(program, task, check)
                stays = all(task.what == "shape" for task in tasks)
            finally:
                self._running.discard(program)
                if stays:
                    self._idle.put(program)
                else:
                    program.__exit__()

        with ThreadPoolExecutor(min(_MOST_AT_ONCE, len(tasks)), thread_name_prefix="reading") as pool:
            for each in [pool.submit(work) for _ in range(min(_MOST_AT_ONCE, len(tasks)))]:
                each.result()
        return [found[number] for number in range(len(tasks))]

    def close(self) -> None:
        """Break off what runs, and end what waits."""
        for program in tuple(self._running):
            program.end()
        with suppress(queue.Empty):
            while True:
                self._idle.get_nowait().__exit__()

    def _taken(self) -> Program:
        try:
            program = self._idle.get_nowait()
        except queue.Empty:
            program = Program(_MODULE)
        self._running.add(program)
        return program


def _asked(program: Program, task: Task, check: Check) -> Values:
    """What a program makes of a task; one that ends is asked once more, since memory may have run out."""
    question = {"what": task.what, "film": str(task.film), "more": dict(task.more)}
    answer: Answer | None = None
    for _ in range(2):
        answer = answer or program.asked(question)
        check()
    if answer is None:
        raise MediaError(
            "The film ended the program that reads it, twice.", "Make a new file of it, and send that."
        )
    if "refused" in answer:
        raise MediaError(*answer["refused"])
    values: Values = answer["done"]
    return values


def _shape(film: Path, check: Check) -> Values:
    shape = film_shape(film)
    return {"type": shape.type.value, "duration": str(shape.duration), "zero": str(shape.zero)}


def _picture(film: Path, check: Check) -> Values:
    return asdict(analyse_picture(checked(luma_frames(film), check)))


def _sound(film: Path, check: Check) -> Values:
    return asdict(analyse_sound(checked(sound_blocks(film, film_shape(film).zero), check)))


def _speech(film: Path, check: Check) -> Values:
    return {"spoken": hear_speech(film, check).spoken}


def _seen(film: Path, check: Check, *, edges_us: Sequence[int], vision_model: str | None) -> Values:
    from avm_otio.engine.seen import model_of, sightings

    model = model_of(None if vision_model is None else Path(vision_model))
    found = () if model is None else sightings(model, film, edges_us, check)
    return {"seen": [asdict(each) for each in found]}


def _denoise(film: Path, check: Check, *, to: str) -> Values:
    zero = film_shape(film).zero
    make_folder(Path(to).parent)
    denoise_to(Path(to), lambda: checked(sound_blocks(film, zero), check))
    return {}


TASKS: Mapping[str, Callable[..., Values]] = {
    "shape": _shape,
    "picture": _picture,
    "sound": _sound,
    "speech": _speech,
    "seen": _seen,
    "denoise": _denoise,
}


def shape_of(values: Values) -> FilmShape:
    """What kind of film it is, from a task's answer."""
    return FilmShape(FilmType(values["type"]), Fraction(values["duration"]), Fraction(values["zero"]))


def picture_of(values: Values) -> PictureTraits:
    """What the picture does, from a task's answer; without what only a close look finds."""
    return PictureTraits(
        cuts=_moments(values["cuts"]),
        busiest=_moments(values["busiest"]),
        stills=tuple(Span(**each) for each in values["stills"]),
        motion=values["motion"],
        most_motion=values["most_motion"],
        frames=values["frames"],
    )


def sound_of(values: Values) -> SoundTraits:
    """What the sound is like, from a task's answer."""
    return SoundTraits(**{**values, "onsets": _moments(values["onsets"])})


def _moments(values: Sequence[Values]) -> tuple[Moment, ...]:
    return tuple(Moment(**each) for each in values)


def speech_of(values: Values) -> tuple[Span, ...]:
    """Where somebody speaks, from a task's answer."""
    return tuple(Span(*each) for each in values["spoken"])


def sightings_of(values: Values) -> tuple[Sighting, ...]:
    """What is seen, from a task's answer."""
    return tuple(Sighting(**each) for each in values["seen"])


def main() -> None:
    """Carry out one task a line until there are no more."""
    for line in sys.stdin:
        try:
            asked = json.loads(line)
            done = TASKS[asked["what"]](Path(asked["film"]), lambda: None, **asked["more"])
            answer: Answer = {"done": done}
        except AvmError as error:
            answer = {"refused": [error.what, error.hint]}
        except Exception as error:  # whatever is wrong with one film is wrong with that one
            message = f"The analysis failed ({type(error).__name__})."
            answer = {"refused": [message, "Send another film."]}
        print(json.dumps(answer, separators=(",", ":")), flush=True)  # noqa: T201  # this is its answer


if __name__ == "__main__":
    main()
