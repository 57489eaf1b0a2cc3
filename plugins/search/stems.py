"""What the forms of a word have in common, by language, where the database itself knows no languages.

A stem is no word and need not be one: it is right where the forms of one word share it and other words do not. Endings
are taken off in one or two rounds, the longest that fits first, as long as enough is left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from plugins.search.words import folded

REMEMBERED = 20_000
_VOWEL = re.compile("[aeiouy]")


class _Endings(NamedTuple):
    """Rounds of endings, each the longest first, and what becomes of them; `left` letters stay at least."""

    rounds: tuple[Mapping[str, str], ...]
    left: int = 3


def _endings(*rounds: str, left: int = 3) -> _Endings:
    """Endings between spaces; `=` parts one from what stands in its place."""
    return _Endings(tuple(_sorted(each.split()) for each in rounds), left)


def _sorted(parts: Iterable[str]) -> Mapping[str, str]:
    pairs = [(folded(ending), folded(instead)) for ending, _, instead in (part.partition("=") for part in parts)]
    return MappingProxyType(dict(sorted(pairs, key=lambda pair: -len(pair[0]))))


_NORDIC = "arnas ernas ornas arna erna orna enes ernes ene erne ande ende ens ets ar er or en et na as es a e n"
_BY_LANGUAGE: Mapping[str, _Endings] = MappingProxyType({
    "da": _endings(_NORDIC),
    "de": _endings("innen=in", "ern em en er es e"),
    "es": _endings(
        "aciones=a ación=a amientos=a amiento=a imientos=e imiento=e mente",
        "ábamos aremos eremos iremos aríamos asteis isteis iendo yendo ando aron ieron aban ían aba ía amos emos imos"
        " ados adas idos idas ado ada ido ida ará arán aré erá erán iré irá irán ar er ir es os as an en ó é í o a e s",
    ),
    "fr": _endings(
        "issements=i issement=i ements ement euses=eu euse=eu eux=eu ations=e ation=e aux=al",
        "issaient issait issant issons issez erions eriez erons eront erait erais erai eras erez eaient aient assent"
        " eantes eante eants eant antes ante ants ant eons iez eait ait eais ais ent ées ée és ez er ir ie is it es e é"
        " s x",
    ),
    "it": _endings(
        "azioni=a azione=a amenti=a amento=a imenti=i imento=i mente",
        "eremo iremo avamo evamo ivamo avano evano ivano ando endo arono erono irono iamo ava eva iva are ere ire ato"
        " ata ati ate uto uta uti ute ito ita iti ite ano ono he hi i e a o",
    ),
    "nb": _endings(_NORDIC),
    "nl": _endings("heden=heid", "eren ers en er es e s"),
    "nn": _endings(_NORDIC),
    "no": _endings(_NORDIC),
    "pt": _endings(
        "ações=a ação=a amentos=a amento=a imentos=i imento=i mente ões=ao ães=ao",
        "ávamos aremos eremos iremos ando endo indo aram eram iram avam iam ava ia amos emos imos ados adas idos idas"
        " ado ada ido ida ará arão erá erão irá irão ar er ir es os as am em ou ei o a e s",
    ),
    "ru": _endings(
        "ться ся сь",
        "иями ями ами ого его ому ему ыми ими ешь ишь ете ите ют ут ят ат ует ала ила али или ая яя ое ее ые ие ый ий"
        " ой ей ом ем ам ям ах ях ов ев ию ью ия ть ет ит ал ил ла ли а я о е и ы у ю ь",
    ),
    "sv": _endings(_NORDIC),
})  # fmt: skip


def stems_of(words: Iterable[str], language: str) -> list[str]:
    """The stems of folded words, each once, in the order in which they come; none where the language is not known."""
    stem = _stemmer(language.partition("-")[0].lower())
    return list(dict.fromkeys(map(stem, words))) if stem else []


@lru_cache(maxsize=64)
def _stemmer(code: str) -> Callable[[str], str] | None:
    if code == "en":
        return _english
    if code not in _BY_LANGUAGE:
        return None
    endings = _BY_LANGUAGE[code]
    evened = _evened_dutch if code == "nl" else _evened_german if code == "de" else str

    @lru_cache(maxsize=REMEMBERED)
    def stem(word: str) -> str:
        for each in endings.rounds:
            word = _without_ending(word, each, endings.left)
        return evened(word)

    return stem


def _without_ending(word: str, endings: Mapping[str, str], left: int) -> str:
    for ending, instead in endings.items():
        if word.endswith(ending) and len(word) - len(ending) >= left:
            return word[: -len(ending)] + instead
    return word


@lru_cache(maxsize=REMEMBERED)
def _english(word: str) -> str:
    """gardens, gardening, gardened: garden; run, runs, running: run; story, stories: stori; make, making: mak."""
    if len(word) < 4 or word == "news" or not word.isascii():
        return word
    word = _singular(word)
    if len(word) > 5 and word.endswith("eed"):
        word = word[:-1]
    for ending in ("ing", "ed"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) > 2 and _VOWEL.search(rest):
            is_doubled = rest[-1] == rest[-2] and (rest[-1] not in "aeiolsz" or (rest[-1] == "l" and len(rest) > 5))
            word = rest[:-1] if is_doubled else rest
            break
    if len(word) > 5 and word.endswith("ly"):
        word = word[:-2]
    if len(word) > 3 and word.endswith("e"):
        word = word[:-1]
    return word[:-1] + "i" if len(word) > 3 and word.endswith("y") else word


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return word[:-3] + "y" if len(word) > 4 else word[:-1]
    if word.endswith(("sses", "shes", "ches", "xes", "zzes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _evened_german(word: str) -> str:
    """Hauses and Tags without their s, which many words end in anyway."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and word[-2] in "bdfgklmnrt" else word


def _evened_dutch(word: str) -> str:
    """boom and bomen, kat and katten: what is doubled only for the sound of it."""
    word = re.sub(r"([aeou])\1(?=[^aeiou]$)", r"\1", word)
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiou" else word
