"""Reading names of sounds: whole words, in several languages, and the things that they speak of.

``tables/thesaurus.txt`` says which words mean one thing, which thing is a case of which, and what a sound of
it does. Nothing here matches a part of a word: ``window`` is no wind.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

STOP_WORDS = frozenset(
    """
    a an the of in on at to for from with without and or by as is it its this that into over under off out up
    down no not some any very through between near my your his her our their i you he she we they be are was
    der die das ein eine und mit von im auf le la les un une des du de et avec el los las y con il lo gli e di
    wav aif aiff mp3 flac ogg file sound sounds audio recording take final mix master stereo mono left right
    lr ms khz hz bit version ver vol volume
    """.split()
)
"""Words that choose nothing: articles, prepositions, and what every file's name may say."""

_LETTERS = re.compile(
    "[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+"  # Chinese, Japanese: without blanks
    "|[A-Z]?[a-z]+|[A-Z]+(?![a-z])"
    r"|[^\W\d_A-Za-z\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+"
)
_FOLDED = str.maketrans({"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "œ": "oe", "ł": "l", "đ": "d"})
_LEAST_COMPOUND = 7
_UMLAUTS = (("ae", "a"), ("oe", "o"), ("ue", "u"))
_LINE = re.compile(r"(?P<thing>\w+)(?: < (?P<wider>\w+))?: ?(?P<words>.*)")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text.

    Attributes:
        text: In lower case, without accents; two words that mean one thing stand together with ``_``.
        things: What it speaks of, if that is known.
    """

    text: str
    things: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Thesaurus:
    """What words mean.

    Attributes:
        things: The things that each word speaks of.
        english: The English words: only these are looked up without their endings.
        german: The German words: only these are looked for within longer ones.
        does: What a sound of each thing does: a role, or a kind.
        wider: What each thing is a case of.
    """

    things: Mapping[str, tuple[str, ...]]
    english: frozenset[str]
    german: frozenset[str]
    does: Mapping[str, str]
    wider: Mapping[str, str]


def plain(text: str) -> str:
    """A text without accents, its letters as they are else."""
    if text.isascii():
        return text
    taken_apart = unicodedata.normalize("NFKD", text.translate(_FOLDED))
    return unicodedata.normalize("NFC", "".join(c for c in taken_apart if not unicodedata.combining(c)))


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text as they stand, in lower case: ``FastAirWhoosh_01`` has three. Digits are none."""
    return tuple(word.lower() for word in _LETTERS.findall(plain(text)))


@lru_cache(maxsize=4096)
def read(text: str) -> tuple[Word, ...]:
    """The words of a text that choose something, and what they speak of, in their order."""
    return tuple(_read(text))


def things_in(text: str) -> frozenset[str]:
    """The things of which a text speaks."""
    return frozenset(thing for word in read(text) for thing in word.things)


def wider_things(thing: str) -> Iterator[str]:
    """What a thing is a case of, and what that is one of."""
    wider = thesaurus().wider
    while thing in wider:
        thing = wider[thing]
        yield thing


def stems(word: str) -> Iterator[str]:
    """A word, and what it is without the usual English endings."""
    yield word
    if not word.isascii() or len(word) < 4:
        return
    for ending, instead in (
        ("ies", "y"), ("es", ""), ("s", ""), ("ing", ""), ("ing", "e"), ("ed", ""), ("ed", "e"), ("ers", ""),
        ("er", ""), ("y", ""), ("ly", ""),
    ):  # a list to read  # fmt: skip
        stem = word.removesuffix(ending)
        if stem == word or len(stem) < 3:
            continue
        yield stem + instead
        if not instead and ending != "y" and len(stem) > 3 and stem[-1] == stem[-2]:
            yield stem[:-1]


@cache
def thesaurus() -> Thesaurus:
    """The program's own; loaded once."""
    things: dict[str, list[str]] = {}
    english: set[str] = set()
    german: set[str] = set()
    does: dict[str, str] = {}
    wider: dict[str, str] = {}
    section = ""
    for line in (files("avm_otio.engine") / "tables" / "thesaurus.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif match := _LINE.fullmatch(line):
            thing, above = match["thing"], match["wider"]
            does[thing] = section
            if above:
                wider[thing] = above
            for language, words in enumerate(match["words"].split(";")):
                for word in words.split():
                    forms = _forms(word) if language else {word}
                    (english if language == 0 else german if language == 1 else set()).update(forms)
                    for form in forms:
                        kinds = things.setdefault(form, [])
                        if thing not in kinds:
                            kinds.append(thing)
    by_word = {word: tuple(found) for word, found in things.items()}
    return Thesaurus(by_word, frozenset(english), frozenset(german), does, wider)


def _forms(word: str) -> set[str]:
    """How a word that is written with ae, oe, ue may stand where it has an umlaut that lost its dots."""
    folded = word
    for pair, letter in _UMLAUTS:
        folded = folded.replace(pair, letter)
    return {word, folded}


def _read(text: str) -> Iterator[Word]:
    things = thesaurus().things
    words = words_of(text)
    at = 0
    while at < len(words):
        word = words[at]
        pair = "_".join(words[at : at + 2])
        if pair not in things and word.endswith("s"):  # "alarms clock", as categories are called
            pair = "_".join((word[:-1], *words[at + 1 : at + 2]))
        triple = "_".join(words[at : at + 3])
        long = triple if triple in things else pair
        if long in things and long != word:
            yield Word(long, things[long])
            at += long.count("_") + 1
            continue
        at += 1
        if not word.isascii():
            yield from _without_blanks(word, things)
        elif word not in STOP_WORDS and len(word) > 1:
            yield Word(word, _meaning(word))


def _meaning(word: str) -> tuple[str, ...]:
    """What a word speaks of: itself, without its English ending, or as a German word made of two."""
    words = thesaurus()
    if word in words.things:
        return words.things[word]
    for stem in stems(word):
        if stem in words.english:
            return words.things[stem]
    for at in range(3, len(word) - 2) if len(word) >= _LEAST_COMPOUND else ():
        head, tail = word[:at], word[at:]
        if tail in words.german:
            for first in (head, head.removesuffix("s"), head.removesuffix("n"), head.removesuffix("en")):
                if first in words.german:
                    return tuple(dict.fromkeys((*words.things[tail], *words.things[first])))
    return ()


def _without_blanks(run: str, things: Mapping[str, tuple[str, ...]]) -> Iterator[Word]:
    """The words of a run of Chinese: the longest that are known; what is left by itself."""
    at, rest = 0, ""
    while at < len(run):
        found = next(
            (run[at : at + n] for n in range(min(6, len(run) - at), 0, -1) if run[at : at + n] in things), ""
        )
        if found and rest:
            yield Word(rest)
            rest = ""
        if found:
            yield Word(found, things[found])
        else:
            rest += run[at]
        at += len(found) or 1
    if rest:
        yield Word(rest)
