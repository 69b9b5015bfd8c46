"""What ``score --dry-run`` says: what would be sent, to whom, and what it would use up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from avm_otio.cli.job_words import licence_lines, size_text
from avm_otio.cli.output import Output
from avm_otio.config.load import load_settings
from avm_otio.jobs.journal import State

if TYPE_CHECKING:
    from avm_otio.jobs.forecast import Forecast

_LANGUAGES = {"en": "English", "zh": "Chinese"}


def report_forecast(out: Output, ahead: Forecast) -> None:
    """Report a forecast."""
    out.event("done", dry_run=True, **ahead.as_dict())
    for line in _lines(ahead):
        out.result(line)


def _lines(ahead: Forecast) -> Iterator[str]:
    film, question = ahead.film, ahead.question
    shown = f"{film.width}×{film.height}, {'with sound' if film.has_sound else 'silent'}"
    size = f"{'about ' if ahead.is_estimate else ''}{size_text(film.size_bytes)}"
    own = "" if film.reencoded else f", your own file {film.path.name} as it is"
    yield f"Film      {ahead.name}, {ahead.record[0]} to {ahead.record[1]}: {ahead.length} long"
    yield f"          {film.frames} frames at {_rate(ahead)} fps, {shown}, {size}{own}"
    names = ", ".join(service.name for service in question.request.services)
    to = "the engine on this machine" if ahead.is_free else question.service
    yield f"Asks      {to} for {names}"
    language = _LANGUAGES.get(question.language, question.language)
    yield f"          in {language}, prices in {question.currency}"
    for name, given in question.request.parameters.items():
        options = ", ".join(f"{key} {value}" for key, value in given.items() if value not in (None, [], ""))
        if options:
            yield f"          {name}: {options}"
    if not ahead.is_free:
        lines = list(licence_lines({"license": question.request.license}, load_settings().name_option))
        for number, line in enumerate(lines):
            yield f"{'Licence' if not number else '':<10}{line}"
    if ahead.wait_s is not None and ahead.analyses:
        minutes, seconds = divmod(round(ahead.wait_s), 60)
        yield f"Takes     about {minutes} min {seconds:02d} s, from earlier waits on this machine"
    yield f"Uses up   {_uses(ahead)}"
    yield "Nothing was sent."


def _uses(ahead: Forecast) -> str:
    if ahead.is_free:
        return "nothing: nothing leaves this machine"
    if ahead.state is State.UNSURE:
        return (
            f"perhaps 1 analysis: a paid call of {ahead.job} was interrupted; its answer is looked for first,"
            " and nothing is sent again unasked"
        )
    if not ahead.analyses:
        return f"nothing: this was asked before, and is paid for ({ahead.job})"
    sent = "" if ahead.sends_film else "; the service has the film already"
    return f"1 analysis{sent}. Prices of what it offers are known once it answers: see avm-otio cost"


def _rate(ahead: Forecast) -> str:
    from fractions import Fraction

    from avm_otio.timeline.time import format_rate

    return format_rate(Fraction(ahead.rate))
