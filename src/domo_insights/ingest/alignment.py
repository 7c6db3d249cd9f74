"""Which utterance is which line of the transcript: by position, with the words as a guide."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_UNSPACED: Final = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff"
"""Scripts written without spaces: each of their letters counts as a word."""
_WORD: Final = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
_LIKENESS: Final = 0.9
"""What equal words add to a pair: less than a pair, so that position decides before text."""
_NEARNESS: Final = 0.05
_MAX_CELLS: Final = 40_000
"""Above this many comparisons the rest is paired by position alone."""
_ALIKE: Final = 0.6


@dataclass(frozen=True, slots=True)
class Line:
    """One thing said by one role. `before` counts what other roles had said until then."""

    text: str
    before: int = 0

    @property
    def words(self) -> tuple[str, ...]:
        text = self.text.casefold().strip()
        return tuple(_WORD.findall(text)) or ((text,) if text else ())


@dataclass(frozen=True, slots=True)
class Alignment:
    """`pairs`: index of a transcript line -> index of its utterance.

    `inside`: transcript lines that only continue in the utterance of their neighbour.
    """

    pairs: dict[int, int]
    inside: frozenset[int]


def align(lines: Sequence[Line], utterances: Sequence[Line]) -> Alignment:
    """Pair the transcript lines of one role with its utterances, each at most once.

    Order is kept, as many as possible are paired, and among the ways to do so the one with the
    likest words wins. What then is left on both sides and reads alike was only out of order.
    """
    said = [line.words for line in lines]
    heard = [line.words for line in utterances]
    if said == heard:
        return Alignment({i: i for i in range(len(said))}, frozenset())
    pairs = _ends(said, heard) if len(said) * len(heard) > _MAX_CELLS else {}
    rest_l, rest_u = _left(said, heard, pairs)
    if len(rest_l) * len(rest_u) > _MAX_CELLS:
        pairs |= dict(zip(rest_l, rest_u, strict=False))
    else:
        gain = [
            [_gain(said[i], heard[j], lines[i].before - utterances[j].before) for j in rest_u]
            for i in rest_l
        ]
        pairs |= {rest_l[i]: rest_u[j] for i, j in _best(gain)}
        pairs |= _out_of_order(said, heard, pairs)
    return Alignment(pairs, _continuing(said, heard, pairs))


def likeness(a: tuple[str, ...], b: tuple[str, ...]) -> float:
    """0 for unlike words, 1 for the same ones in the same order, near 1 for a cut-off text."""
    if a == b:
        return 1.0
    short, long = sorted((a, b), key=len)
    if short and long[: len(short)] == short:
        return 0.95
    shared = sum((Counter(a) & Counter(b)).values())
    return 0.9 * 2 * shared / (len(a) + len(b))


def _gain(a: tuple[str, ...], b: tuple[str, ...], apart: int) -> float:
    return 1 + _LIKENESS * likeness(a, b) + _NEARNESS / (1 + abs(apart))


def _left(
    said: Sequence[object], heard: Sequence[object], pairs: dict[int, int]
) -> tuple[list[int], list[int]]:
    """The transcript lines and the utterances that no pair holds."""
    taken = set(pairs.values())
    lines = [i for i in range(len(said)) if i not in pairs]
    return lines, [j for j in range(len(heard)) if j not in taken]


def _ends(said: Sequence[tuple[str, ...]], heard: Sequence[tuple[str, ...]]) -> dict[int, int]:
    """The equal beginnings and ends."""
    pairs: dict[int, int] = {}
    shorter = min(len(said), len(heard))
    head = 0
    while head < shorter and said[head] == heard[head]:
        pairs[head] = head
        head += 1
    tail = 1
    while tail <= shorter - head and said[-tail] == heard[-tail]:
        pairs[len(said) - tail] = len(heard) - tail
        tail += 1
    return pairs


def _best(gain: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """The order-keeping pairs with the highest sum of gains (Needleman and Wunsch)."""
    rows, columns = len(gain), len(gain[0]) if gain else 0
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        row, below, gains = best[i], best[i + 1], gain[i]
        for j in range(columns - 1, -1, -1):
            row[j] = max(gains[j] + below[j + 1], below[j], row[j + 1])
    found: list[tuple[int, int]] = []
    i = j = 0
    while i < rows and j < columns:
        if best[i][j] == gain[i][j] + best[i + 1][j + 1]:
            found.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return found


def _out_of_order(
    said: Sequence[tuple[str, ...]], heard: Sequence[tuple[str, ...]], pairs: dict[int, int]
) -> dict[int, int]:
    """Pairs among the left-overs whose words are alike, likest first."""
    lines, free = _left(said, heard, pairs)
    alike = sorted((-likeness(said[i], heard[j]), i, j) for i in lines for j in free)
    extra: dict[int, int] = {}
    used: set[int] = set()
    for score, i, j in alike:
        if -score >= _ALIKE and i not in extra and j not in used:
            extra[i] = j
            used.add(j)
    return extra


def _continuing(
    said: Sequence[tuple[str, ...]], heard: Sequence[tuple[str, ...]], pairs: dict[int, int]
) -> frozenset[int]:
    """Unpaired lines whose words go on, before or after a paired line, inside its utterance."""
    inside: set[int] = set()
    for line, utterance in pairs.items():
        words = said[line]
        for step in (1, -1):
            at = line + step
            while 0 <= at < len(said) and at not in pairs and at not in inside and said[at]:
                joined = words + said[at] if step == 1 else said[at] + words
                if not _within(joined, heard[utterance]):
                    break
                inside.add(at)
                words, at = joined, at + step
    return frozenset(inside)


def _within(part: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    length = len(part)
    return any(whole[i : i + length] == part for i in range(len(whole) - length + 1))
