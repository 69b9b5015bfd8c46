"""What option ids mean to this engine, and the words by which a file's name or a wish says so.

The real service's tables are not public; these are the engine's own. Id 0 means “not known”. An English word
counts where the text has it as a whole word, or with an ending, a Chinese one wherever it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from avm_otio.engine.thesaurus import stems, words_of

__all__ = ["EMOTIONS", "GENRES", "INSTRUMENTS", "Event", "Role", "Table", "ids_in", "words_of"]

Table = Mapping[int, tuple[str, ...]]


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
    SPOTTED = 6


GENRES: Table = {
    1: ("ambient", "drone", "氛圍", "氛围"),
    2: ("cinematic", "epic", "trailer", "orchestra", "orchestral", "film", "電影", "电影"),
    3: (
        "electro",
        "electronic",
        "electronica",
        "edm",
        "synth",
        "synthwave",
        "techno",
        "house",
        "電子",
        "电子",
    ),
    4: ("folk", "acoustic", "country", "民謠", "民谣"),
    5: ("pop", "indie", "流行"),
    6: ("jazz", "jazzy", "swing", "blues", "爵士"),
    7: ("rock", "metal", "punk", "grunge", "搖滾", "摇滚"),
    8: ("classic", "classical", "baroque", "romantic", "古典"),
    9: ("hiphop", "hip", "rap", "trap", "lofi", "嘻哈"),
    10: ("suspense", "suspenseful", "thriller", "horror", "懸疑", "悬疑"),
    11: ("children", "child", "kids", "kid", "playful", "兒童", "儿童"),
}

INSTRUMENTS: Table = {
    1: ("guitar", "吉他"),
    2: ("piano", "pianos", "keys", "鋼琴", "钢琴"),
    3: ("synth", "synthesizer", "synthesiser", "synths", "合成器"),
    4: ("string", "strings", "violin", "cello", "viola", "quartet", "弦樂", "弦乐"),
    5: ("ukulele", "烏克麗麗", "尤克里里"),
    6: ("bell", "box", "celesta", "glockenspiel", "vibraphone", "marimba", "音樂盒", "音乐盒"),
    7: ("drum", "drums", "percussion", "pulse", "鼓"),
    8: ("pad", "drone"),
    9: (
        "flute",
        "wind",
        "woodwind",
        "brass",
        "horn",
        "trumpet",
        "clarinet",
        "saxophone",
        "sax",
        "oboe",
        "管樂",
        "管乐",
    ),
    10: ("voice", "vocal", "vocals", "choir", "choral", "人聲", "人声"),
}

EMOTIONS: Table = {
    1: (
        "warm",
        "warmth",
        "hope",
        "hopeful",
        "sunrise",
        "tender",
        "love",
        "loving",
        "romantic",
        "romance",
        "溫暖",
        "温暖",
        "愛",
        "爱",
    ),
    2: (
        "calm",
        "quiet",
        "peace",
        "peaceful",
        "gentle",
        "soft",
        "relax",
        "relaxed",
        "slow",
        "serene",
        "平靜",
        "平静",
        "安靜",
        "安静",
    ),
    3: (
        "dark",
        "darkness",
        "gloom",
        "gloomy",
        "fog",
        "night",
        "mystery",
        "mysterious",
        "sad",
        "sadness",
        "melancholy",
        "somber",
        "黑暗",
        "神秘",
        "悲",
    ),
    4: (
        "happy",
        "happiness",
        "bright",
        "joy",
        "joyful",
        "fun",
        "funny",
        "cheer",
        "cheerful",
        "upbeat",
        "sunny",
        "快樂",
        "快乐",
        "歡",
        "欢",
    ),
    5: (
        "tense",
        "tension",
        "suspense",
        "chase",
        "danger",
        "dangerous",
        "threat",
        "threatening",
        "urgent",
        "urgency",
        "ominous",
        "緊張",
        "紧张",
    ),
    6: (
        "playful",
        "wonder",
        "wonders",
        "magic",
        "magical",
        "child",
        "children",
        "cute",
        "comic",
        "comical",
        "quirky",
        "俏皮",
        "可愛",
        "可爱",
    ),
    7: (
        "epic",
        "power",
        "powerful",
        "hero",
        "heroes",
        "heroic",
        "triumph",
        "triumphant",
        "rising",
        "grand",
        "史詩",
        "史诗",
        "壯",
        "壮",
    ),
    8: (
        "drive",
        "driving",
        "energy",
        "energetic",
        "sport",
        "action",
        "fast",
        "race",
        "racing",
        "動感",
        "动感",
        "運動",
        "运动",
    ),
}


def ids_in(text: str, table: Table) -> tuple[int, ...]:
    """The ids of a table that a text speaks of, in the order of the table."""
    words = {stem for word in words_of(text) for stem in stems(word)}
    return tuple(
        number
        for number, signs in table.items()
        if any(sign in words if sign.isascii() else sign in text for sign in signs)
    )
