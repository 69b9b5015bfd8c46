"""What option ids mean to this engine, and the words by which a file's name or a wish says so.

The real service's tables are not public; these are the engine's own. Id 0 means “not known”. An English word
counts where a word of the text begins with it, a Chinese one wherever it stands.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import IntEnum

Table = Mapping[int, tuple[str, ...]]

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


class Role(IntEnum):
    """What an effect is good for: the engine's ``action_labels``."""

    WHOOSH = 1
    IMPACT = 2
    RISER = 3
    TICK = 4
    AMBIENCE = 5
    SPOT = 6


class Event(IntEnum):
    """What an effect is laid at: the engine's ``object_class``."""

    CUT = 1
    MOTION = 2
    SOUND = 3
    TENSION = 4
    STILL = 5


ROLES: Table = {
    Role.WHOOSH: ("whoosh", "swoosh", "swish", "swipe", "sweep", "pass", "flyby"),
    Role.IMPACT: ("impact", "hit", "boom", "slam", "punch", "thud", "thump", "bang", "crash", "drum"),
    Role.RISER: ("riser", "rise", "swell", "build", "uplift", "reverse"),
    Role.TICK: ("tick", "click", "tap", "pop", "beep", "blip", "snap", "button", "clock", "switch"),
    Role.AMBIENCE: (
        "room", "ambien", "ambian", "atmo", "tone", "wind", "rain", "stream", "river", "forest",
        "city", "crowd", "sea", "ocean", "night", "birds",
    ),
    Role.SPOT: (
        "step", "footstep", "door", "water", "splash", "drop", "glitch", "chime", "bell", "foley",
        "creak", "knock", "glass", "paper", "cloth",
    ),
}  # a row a line, to be read as a table  # fmt: skip

GENRES: Table = {
    1: ("ambient", "drone", "氛圍", "氛围"),
    2: ("cinematic", "epic", "trailer", "orchestra", "電影", "电影"),
    3: ("electro", "synth", "techno", "house", "電子", "电子"),
    4: ("folk", "acoustic", "country", "民謠", "民谣"),
    5: ("pop", "流行"),
    6: ("jazz", "swing", "爵士"),
    7: ("rock", "metal", "punk", "搖滾", "摇滚"),
    8: ("classic", "baroque", "古典"),
    9: ("hiphop", "hip", "rap", "trap", "嘻哈"),
    10: ("suspense", "thriller", "horror", "懸疑", "悬疑"),
    11: ("children", "kids", "playful", "兒童", "儿童"),
}

INSTRUMENTS: Table = {
    1: ("guitar", "吉他"),
    2: ("piano", "keys", "鋼琴", "钢琴"),
    3: ("synth", "合成器"),
    4: ("string", "violin", "cello", "弦樂", "弦乐"),
    5: ("ukulele", "烏克麗麗", "尤克里里"),
    6: ("bell", "box", "celesta", "glocken", "音樂盒", "音乐盒"),
    7: ("drum", "percussion", "pulse", "鼓"),
    8: ("pad", "drone"),
    9: ("flute", "wind", "brass", "horn", "管樂", "管乐"),
    10: ("voice", "vocal", "choir", "人聲", "人声"),
}

EMOTIONS: Table = {
    1: ("warm", "hope", "sunrise", "tender", "love", "romantic", "溫暖", "温暖", "愛", "爱"),
    2: ("calm", "quiet", "peace", "gentle", "soft", "relax", "slow", "平靜", "平静", "安靜", "安静"),
    3: ("dark", "gloom", "fog", "night", "mystery", "myster", "sad", "黑暗", "神秘", "悲"),
    4: ("happy", "bright", "joy", "fun", "cheer", "upbeat", "sunny", "快樂", "快乐", "歡", "欢"),
    5: ("tense", "tension", "suspense", "chase", "danger", "threat", "urgent", "緊張", "紧张"),
    6: ("playful", "wonder", "magic", "child", "cute", "comic", "俏皮", "可愛", "可爱"),
    7: ("epic", "power", "hero", "triumph", "rising", "grand", "史詩", "史诗", "壯", "壮"),
    8: ("drive", "energ", "sport", "action", "fast", "race", "動感", "动感", "運動", "运动"),
}


def words_of(text: str) -> tuple[str, ...]:
    """The English words of a text, in lower case; ``FastAirWhoosh_01`` has three."""
    return tuple(word.lower() for word in _WORD.findall(text))


def ids_in(text: str, table: Table) -> tuple[int, ...]:
    """The ids of a table that a text speaks of, in the order of the table."""
    words = words_of(text)
    return tuple(
        number
        for number, signs in table.items()
        if any(word.startswith(sign) for word in words for sign in signs if sign.isascii())
        or any(sign in text for sign in signs if not sign.isascii())
    )
