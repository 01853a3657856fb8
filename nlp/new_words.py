"""Words that no dictionary holds: pieces that stand together (cohesion) in ever other company (freedom).

The dictionary cuts a name that it does not know (of an estate, a policy, a line) into pieces. Where the same
pieces follow one another far more often than chance has it, and what stands before and after them varies,
they are one word (Sproat and Shih 1990; Huang and Powers 2003).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nlp.bursts import without_masks
from nlp.grams import Ints
from nlp.segment import cut, is_person_name, normalise

MOST_PIECES = 5
LONGEST = 8  # characters
# By eye on the first 60 of the messages of 2017-2020: with less cohesion, phrases come in (不知道, 多次向).
LEAST_COUNT = 8
LEAST_COHESION = 7.0  # of pieces with a single character among them: what is left of an unknown name
LEAST_COHESION_OF_WORDS = 9.0  # of whole words, which go together for other reasons too
LEAST_FREEDOM = 1.5
# No name begins or ends with these: grammar sticks to what it serves.
_GRAMMAR = frozenset(
    "的了着过是在有和与及或就都也还又更最很太不没无未被把让给向对从到于以之其这那哪该此每各几多请我你您他她它们等个些内"
)
# The hundred commonest of 2020 (Ministry of Public Security), and the compound ones in use.
_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜"
    "崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤"
)
_COMPOUND_SURNAMES = ("欧阳", "司马", "诸葛", "上官", "司徒", "东方", "慕容", "令狐", "皇甫", "尉迟")
_TITLES = (
    "先生", "女士", "小姐", "同志", "书记", "市长", "区长", "县长", "镇长", "局长", "院长", "校长", "主任",
    "经理", "老师", "医生", "律师", "警官", "队长", "总", "某", "某某",
)  # fmt: skip
# What looks like a person's name but ends so is a place or a work.
_PLACE_ENDINGS = tuple("路街巷道桥区县市镇乡村园苑府城湾庭居里坊台阁轩墅广厦楼站线湖山河江港岛院校")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWord:
    """A word, how often it stands in the texts, and the place of the first of these among them.

    `cohesion` is the least pointwise mutual information of two parts of it, in bits; `freedom` the lesser
    entropy of what stands before and behind it, in bits.
    """

    word: str
    count: int
    cohesion: float
    freedom: float
    first: int


@dataclass(frozen=True, slots=True)
class _Level:
    """Runs of n pieces: `runs` (n_pieces,) which run begins at each piece, -1 none or a rare one."""

    runs: Ints
    counts: Ints


def new_words(texts: Iterable[str]) -> list[NewWord]:
    """Return the new words of the (masked) texts, the most frequent first; names of persons are left out.

    Time and memory grow with the text: about 40 bytes of memory for each of its characters.
    """
    names, ids, rows = _cut_all(texts)
    if not len(ids):
        return []
    levels = [_level_of(ids, ids >= 0)]
    found: list[NewWord] = []
    for length in range(2, MOST_PIECES + 1):
        level = _longer(levels[0], levels[-1], length)
        if not len(level.counts):
            break
        levels.append(level)
        found += _words_of(levels, names, ids, rows)
    return sorted(_longest(found), key=lambda one: (-one.count, one.word))


def _cut_all(texts: Iterable[str]) -> tuple[list[str], Ints, Ints]:
    """Return the pieces by number, the number of each piece in turn (-1 for what ends a word), its text."""
    numbers: dict[str, int] = {}
    ids: list[int] = []
    rows: list[int] = []
    for row, text in enumerate(texts):
        pieces = [*cut(normalise(without_masks(text))), "\n"]
        ids += [numbers.setdefault(piece, len(numbers)) if _is_chinese(piece) else -1 for piece in pieces]
        rows += [row] * len(pieces)
    return list(numbers), np.array(ids, dtype=np.int64), np.array(rows, dtype=np.int64)


def _is_chinese(piece: str) -> bool:
    return all("\u4e00" <= character <= "\u9fff" for character in piece)


def _level_of(keys: Ints, is_run: npt.NDArray[np.bool_]) -> _Level:
    """Number the runs by `keys`; keep those that are frequent enough."""
    at = np.flatnonzero(is_run)
    _, inverse, counts = np.unique(keys[at], return_inverse=True, return_counts=True)
    kept = counts >= LEAST_COUNT
    numbers = np.where(kept, np.cumsum(kept) - 1, -1)
    runs = np.full(len(keys), -1, dtype=np.int64)
    runs[at] = numbers[inverse]
    return _Level(runs, counts[kept])


def _longer(pieces: _Level, shorter: _Level, length: int) -> _Level:
    """Return the runs of one piece more than `shorter` has."""
    last = np.full(len(pieces.runs), -1, dtype=np.int64)
    last[: -(length - 1)] = pieces.runs[length - 1 :]
    return _level_of(shorter.runs << 32 | last, (shorter.runs >= 0) & (last >= 0))


def _words_of(levels: list[_Level], names: list[str], ids: Ints, rows: Ints) -> Iterator[NewWord]:
    """Yield the new words among the runs of the last level."""
    level, length = levels[-1], len(levels)
    at = np.flatnonzero(level.runs >= 0)
    runs = level.runs[at]
    _, first = np.unique(runs, return_index=True)
    starts = at[first]
    cohesion = _cohesion(levels, starts, int((ids >= 0).sum()))
    freedom = np.minimum(
        _entropy(runs, _neighbours(ids, at - 1), len(level.counts)),
        _entropy(runs, _neighbours(ids, at + length), len(level.counts)),
    )
    likely = (cohesion >= LEAST_COHESION) & (freedom >= LEAST_FREEDOM)
    for run in np.flatnonzero(likely).tolist():
        pieces = [names[piece] for piece in ids[starts[run] : starts[run] + length].tolist()]
        if _is_word(pieces, cohesion[run]):
            yield NewWord(
                word="".join(pieces),
                count=int(level.counts[run]),
                cohesion=round(float(cohesion[run]), 1),
                freedom=round(float(freedom[run]), 1),
                first=int(rows[starts[run]]),
            )


def _cohesion(levels: list[_Level], starts: Ints, n_pieces: int) -> npt.NDArray[np.float64]:
    """Return the least mutual information over all ways to part each run in two."""
    length = len(levels)
    whole = levels[-1].counts / n_pieces
    parted = [
        levels[cut_at - 1].counts[levels[cut_at - 1].runs[starts]]
        * levels[length - cut_at - 1].counts[levels[length - cut_at - 1].runs[starts + cut_at]]
        for cut_at in range(1, length)
    ]
    likeliest: npt.NDArray[np.float64] = np.max(np.array(parted, dtype=np.float64), axis=0) / n_pieces**2
    cohesion: npt.NDArray[np.float64] = np.log2(whole / likeliest)
    return cohesion


def _neighbours(ids: Ints, at: Ints) -> Ints:
    """Return the piece at each place; at an end of text or a mark, one that is like no other."""
    inside = (at >= 0) & (at < len(ids))
    found = np.where(inside, ids[np.clip(at, 0, len(ids) - 1)], -1)
    return np.where(found < 0, len(ids) + np.arange(len(at)), found)


def _entropy(runs: Ints, neighbours: Ints, n_runs: int) -> npt.NDArray[np.float64]:
    """Return the entropy of the neighbours of each run, in bits."""
    keys, counts = np.unique(runs << 32 | neighbours, return_counts=True)
    owners = keys >> 32
    shares = counts / np.bincount(runs, minlength=n_runs)[owners]
    return np.bincount(owners, -shares * np.log2(shares), minlength=n_runs).astype(np.float64)


def _is_word(pieces: list[str], cohesion: float) -> bool:
    word = "".join(pieces)
    least = LEAST_COHESION if any(len(piece) == 1 for piece in pieces) else LEAST_COHESION_OF_WORDS
    return (
        cohesion >= least
        and len(word) <= LONGEST
        and "的" not in word
        and not (_GRAMMAR & {word[0], word[-1]})
        and cut(word) != [word]
        and not any(len(piece) > 1 and is_person_name(piece) for piece in pieces)
        and not _is_person(pieces)
    )


def _is_person(pieces: list[str]) -> bool:
    """Return whether the pieces can be a surname with a name of one or two characters, or with a title."""
    word = "".join(pieces)
    named = word[:2] in _COMPOUND_SURNAMES or word[0] in _SURNAMES
    if not named or word.endswith(_PLACE_ENDINGS):
        return False
    return word.endswith(_TITLES) or len(word) <= (4 if word[:2] in _COMPOUND_SURNAMES else 3)


def _longest(found: list[NewWord]) -> Iterator[NewWord]:
    """Leave out what is nearly always part of a longer word: 海湾国 of 海湾国际."""
    parts: dict[str, int] = {}
    for one in found:
        for start in range(len(one.word)):
            for end in range(start + 2, len(one.word) + (start > 0)):
                part = one.word[start:end]
                parts[part] = max(parts.get(part, 0), one.count)
    for one in found:
        if parts.get(one.word, 0) < math.ceil(one.count / 2):
            yield one
