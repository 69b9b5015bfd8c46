"""What the name of a sound claims to be there: a door, a dog, rain; or nothing, as “Deep Impact” does.

No list of things is ever whole: a library has its drakes and its lathes. So a name is believed to claim
nothing only where every word of it is known to say nothing of a thing; any other word is a claim.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from pathlib import PurePosixPath

from avm_otio.engine.thesaurus import Word, read, stems, things_in, wider_things, words_of
from avm_otio.engine.ucs import ucs_name

_NO_THINGS = frozenset(
    """
    ambience room presence whoosh pass transition impact boom slam thud crash stinger riser reverse click beep
    pop glitch tone impulse music bed suite band genre effects foleywork
    """.split()
)
"""What the thesaurus knows that is a way to sound, and no thing that sounds."""

_YET_A_THING = frozenset(
    """
    shatter shatters shattering shattered debris break breaks breaking broken collapse bodyfall slap
    smack clang clank clunk whack bash strike strikes struck flyby drive notification vocals choir
    choral vocal orchestra habitacion zimmer innenraum
    """.split()
)
"""Words for one of them that say a thing, too."""

_PLAIN = frozenset(
    """
    a an and at by for from in into of off on or out over the through to up down under with without no
    not one two three four five six seven eight nine ten single double triple multi multiple sound
    sounds sfx fx effect effects design designed designer element elements layer layers transition
    transitions trans logo title titles intro outro bumper promo trailer cinematic cinema film movie
    hybrid kit pack library collection vol volume series set part take version ver var variation alt
    final mix master stereo mono loop loops looped seamless oneshot sequence misc miscellaneous general
    generic various whoosh whooshes whooshing woosh swoosh swooshes swish swishes swipe sweep sweeps
    sweeper pass passes passby impact impacts hit hits hitting boom booms slam slams thud thuds thump
    thumps bang bangs crash crashes smash drum drums percussion percussive stinger stingers sting stab
    braam braams bram accent riser risers rise rises rising raise swell swells build builds buildup
    building uplift uplifter lift downlifter fall falling reverse reversed reverser crescendo ramp tick
    ticks ticking click clicks tap taps pop pops beep beeps blip blips snap snaps pulse pulses ping
    pings room rooms roomtone tone tones tonal tonl ambience ambiences ambient amb ambiance atmosphere
    atmospheres atmos atmo background bg presence drone drones dron pad bed air airy hall interior
    exterior int ext indoor glitch glitches miss stutter rumble rumbles rmbl sub bass synth synthetic
    synthesized texture textures granular gran morph mrph rhythm rhythmic rthm source srce stngr dist
    distortion distorted ethereal ethr eerie erie dsgn whsh swsh impt deep low lower lows high higher
    highs mid middle soft softer softly hard harder gentle light heavy heavier big bigger huge large
    larger small smaller tiny short shorter long longer fast faster quick quicker slow slower medium
    mega giant massive tight fat thin thick wide narrow dark darker bright brighter brightness warm cold
    cool dry wet dull sharp clean dirty gritty rough smooth simple complex subtle plain epic dramatic
    drama tension tense suspense suspenseful horror scary creepy mysterious mystery sci scifi futuristic
    future modern retro vintage classic digital analog analogue electronic tech noise noisy noises hiss
    hum buzz reverb reverberant echo echoes delay delayed filtered filter processed raw strong weak
    intense intensity aggressive punchy snappy crunchy crisp shimmer shimmery sparkle power powerful
    energy energetic quiet loud silent silence calm empty still close near far distant distance left
    right center centre start end ending open tail decay release attack swing flick flicker spin turn
    move moving movement motion steady constant slight minor major chord note notes key fifth octave
    pitch pitched harmonic dissonant abstract organic natural acoustic foley action fantasy comic
    cartoon funny happy sad hope hopeful dream dreamy space spacey magical mood moody emotion emotional
    suck sucker burst bursts blast blasts wobble warp warped zap zoom zooms
    """.split()
)
"""Words that say how a sound is, not of what."""

_PLAIN_CJK = tuple(
    """
    音效 轉場 转场 呼嘯 呼啸 揮動 挥动 撞擊 撞击 打擊 打击 衝擊 冲击 上升 漸強
    渐强 環境 环境 氛圍 氛围 室內 室内 點擊 点击 聲 声 音 低 高 深 快速 快 慢
    輕 轻 重 大 小 長 长 短 強 强 弱 亮 暗 緊張 紧张 電影 电影 科技 柔和
    乾淨 干净 循環 循环 空氣 空气 安靜 安静 的 一 二 三
    """.split()
)

_EVERYWHERE = 1 / 3
_LEAST_NAMES = 12
"""A word in so many of the names of a library, which has as many names, is its maker's and says nothing."""


def claims_of(path: str, common: frozenset[str] = frozenset()) -> frozenset[str]:
    """What a sound claims to be there, by its name and its folders.

    Args:
        path: Within the library, with slashes. Of folders only known things count: theirs are the names of
            collections, too.
        common: Words that say nothing in this library; see ``common_words``.

    Returns:
        Known things as the thesaurus calls them, unknown words as they stand; empty where it claims nothing.
    """
    found: set[str] = set()
    for word in read(_named(path)):
        if word.text not in common and not _is_plain(word):
            found |= _things(word) or (
                {word.text} if len(word.text) > 2 or not word.text.isascii() else set()
            )
    for folder in PurePosixPath(path).parent.parts:
        for word in read(folder):
            if not _is_plain(word):
                found |= _things(word)
    return frozenset(found)


def common_words(paths: Iterable[str]) -> frozenset[str]:
    """Words that say nothing since a third of a library's names have them: those of who made it."""
    names = [{word.text for word in read(_named(path)) if not word.things} for path in paths]
    if len(names) < _LEAST_NAMES:
        return frozenset()
    counted = Counter(word for words in names for word in words)
    return frozenset(word for word, many in counted.items() if many >= _EVERYWHERE * len(names))


def is_believed(claims: frozenset[str], words: str) -> bool:
    """Whether a text gives reason to believe in all that a sound claims.

    Who speaks of a dog speaks of an animal; who speaks of animals does not speak of a dog.
    """
    return claims <= _spoken(words) if claims else True


@lru_cache(maxsize=64)
def _spoken(words: str) -> frozenset[str]:
    things = things_in(words)
    wider = {above for thing in things for above in wider_things(thing)}
    return things | wider | set(words_of(words)) | {word.text for word in read(words)}


def _named(path: str) -> str:
    """A name without who made it and where it comes from."""
    stem = PurePosixPath(path).stem
    by_system = ucs_name(stem)
    return f"{by_system.category.words} {by_system.fx_name}" if by_system is not None else stem


def _things(word: Word) -> set[str]:
    """The things that a word names: all that it may mean, but for ways to sound."""
    return set(word.things) - _NO_THINGS


def _is_plain(word: Word) -> bool:
    """Whether a word says nothing of a thing."""
    if word.text in _YET_A_THING:
        return False
    if any(stem in _PLAIN for stem in stems(word.text)):
        return True
    if word.things and _NO_THINGS.issuperset(word.things):
        return True
    left = word.text
    if left[0] < "\u2e80":  # no Chinese
        return False
    for sign in sorted(_PLAIN_CJK, key=len, reverse=True):
        left = left.replace(sign, "")
    return not left
