"""Which of a visitor's messages are questions to the knowledge, and which of them are the same.

Pure: texts and vectors in, groups out. RULE says in words what is left out.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

RULE: Final = (
    "Left out are greetings and small talk (nothing but words such as hello, thanks, okay or bye);"
    " fragments: fewer than three words (or four characters of a script without spaces) and no"
    " question mark; and remarks: they end in a full stop or exclamation mark, have no"
    " question mark, and no sentence begins by asking (what, how, can, ...) or requesting (tell me,"
    " show me, I need, ...). Everything else a visitor said is replayed."
)
_SMALL_TALK: Final = (files("domo_insights.evaluation") / "small_talk.txt").read_text("utf-8")
_PHRASES, _WORDS, _LEADS = (
    frozenset(part.split() if words else part.splitlines())
    for part, words in zip(_SMALL_TALK.split("\n\n"), (False, True, False), strict=True)
)
_QUESTION_MARKS: Final = re.compile("[?\uff1f\u061f\u2047-\u2049]")
_PHRASE: Final = re.compile(
    r"(?<!\S)(?:" + "|".join(sorted(map(re.escape, _PHRASES), key=len, reverse=True)) + r")(?!\S)"
)
_SENTENCE: Final = re.compile(r"[.!\n]+")
_LEAD: Final = re.compile(r"(?:" + "|".join(map(re.escape, sorted(_LEADS))) + r")(?!\S)")
_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"
)
_FILLERS: Final = _WORDS | {"and", "but", "so", "also", "then", "or", "well", "now", "und"}
_FEWEST_WORDS: Final = 3
_FEWEST_UNSPACED: Final = 4
_AT_ONCE: Final = 512


class Kind(StrEnum):
    """What a message is to a replay."""

    QUESTION = "question"
    SMALL_TALK = "small talk"
    FRAGMENT = "fragment"
    REMARK = "remark"


@dataclass(frozen=True, slots=True)
class Said:
    """A visitor's message. `unhappy`: it was not followed by what they wanted."""

    text: str
    conversation_id: str
    at: datetime
    unhappy: bool = False


@dataclass(slots=True)
class Question:
    """Messages that ask the same. `key` is the normalised text, `text` how it was first written."""

    text: str
    keys: list[str]
    said: list[Said] = field(default_factory=list)

    @property
    def asked(self) -> int:
        return len(self.said)

    @property
    def unhappy(self) -> int:
        return sum(one.unhappy for one in self.said)

    @property
    def last_asked_at(self) -> datetime:
        return max(one.at for one in self.said)

    @property
    def conversations(self) -> list[str]:
        """Where it was asked, unhappy ones first, then the latest."""
        ordered = sorted(self.said, key=lambda one: (one.unhappy, one.at), reverse=True)
        return list(dict.fromkeys(one.conversation_id for one in ordered))


def normalised(text: str) -> str:
    """Words in lower case, one space between them: no punctuation, symbols or marks of width."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = (c if unicodedata.category(c)[0] in "LMN" else " " for c in folded)
    return " ".join("".join(kept).split())


def kind(text: str) -> Kind:
    """What RULE makes of a message."""
    bare = normalised(text)
    if not any(c.isalpha() for c in bare):
        return Kind.FRAGMENT
    if _is_small_talk(bare):
        return Kind.SMALL_TALK
    if _QUESTION_MARKS.search(text):
        return Kind.QUESTION
    if _words(bare) < _FEWEST_WORDS:
        return Kind.FRAGMENT
    if text.rstrip().endswith((".", "!")) and not any(map(_asks, _SENTENCE.split(text))):
        return Kind.REMARK
    return Kind.QUESTION


def by_wording(messages: Iterable[Said]) -> list[Question]:
    """Messages of the same normalised text together, the most frequent first, then as they came."""
    found: dict[str, Question] = {}
    for one in messages:
        key = normalised(one.text)
        found.setdefault(key, Question(one.text, [key])).said.append(one)
    return sorted(found.values(), key=lambda question: -question.asked)


def same_cut(threshold: float) -> float:
    """From which cosine similarity two questions count as near-duplicates: at MiniLM's threshold
    of 0.35 that is 0.90, for a model whose similarities all lie high it is higher."""
    return threshold + 0.85 * (1 - threshold)


def merged(
    questions: Sequence[Question], vectors: NDArray[np.float32], cut: float
) -> tuple[list[Question], list[int]]:
    """Near-duplicates together, and the row of `vectors` that stands for each.

    `questions` are in the order of `by_wording` and `vectors` theirs, of length 1. The most
    frequent wording stands for a group; each other joins the group it is nearest to, when the
    similarity is at least `cut`.
    """
    heads: list[int] = []
    groups: dict[int, Question] = {}
    live = vectors[:, vectors.any(axis=0)] if len(vectors) else vectors
    for row, best, similarity in _nearest_head(live, heads, cut):
        mine = questions[row]
        if best is not None and similarity >= cut:
            groups[best].keys += mine.keys
            groups[best].said += mine.said
        else:
            groups[row] = Question(mine.text, list(mine.keys), list(mine.said))
    return list(groups.values()), list(groups)


def counts(messages: Iterable[Said]) -> tuple[list[Said], Counter[Kind]]:
    """The messages that are questions, and how many there are of each kind."""
    kept: list[Said] = []
    counted: Counter[Kind] = Counter()
    for one in messages:
        found = kind(one.text)
        counted[found] += 1
        if found is Kind.QUESTION:
            kept.append(one)
    return kept, counted


def _nearest_head(
    live: NDArray[np.float32], heads: list[int], cut: float
) -> Iterator[tuple[int, int | None, float]]:
    """For each row the nearest of the rows that became heads before it. Rows below `cut` become
    heads themselves; older heads are compared in blocks, those of the same block one by one."""
    for first in range(0, len(live), _AT_ONCE):
        block = live[first : first + _AT_ONCE]
        known = list(heads)
        far = block @ live[known].T if known else None
        inside = block @ block.T
        fresh: list[int] = []
        for offset in range(len(block)):
            best, similarity = None, -1.0
            if far is not None:
                column = int(far[offset].argmax())
                best, similarity = known[column], float(far[offset, column])
            if fresh:
                column = int(inside[offset, fresh].argmax())
                if inside[offset, fresh[column]] > similarity:
                    similarity = float(inside[offset, fresh[column]])
                    best = first + fresh[column]
            if similarity < cut:
                fresh.append(offset)
                heads.append(first + offset)
            yield first + offset, best, similarity


def _is_small_talk(bare: str) -> bool:
    return all(word in _WORDS for word in _PHRASE.sub(" ", bare).split())


def _asks(sentence: str) -> bool:
    """Whether a sentence begins by asking or requesting, small talk before that aside."""
    words = _PHRASE.sub(" ", normalised(sentence)).split()
    return any(
        _LEAD.match(" ".join(words[first:])) is not None
        for first in range(len(words))
        if all(word in _FILLERS for word in words[:first])
    )


def _words(bare: str) -> int:
    unspaced = len(_UNSPACED.findall(bare))
    return len(_UNSPACED.sub(" ", bare).split()) + unspaced * _FEWEST_WORDS // _FEWEST_UNSPACED
