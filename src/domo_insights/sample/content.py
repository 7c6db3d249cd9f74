"""The hand-written words of the sample data, read from content/*.toml."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

Pair = tuple[str, str]
"""What the visitor says, and what the agent answers."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing visitors ask about. A gap is a question the knowledge base cannot answer."""

    intent: str
    questions: tuple[str, ...]
    answers: tuple[str, ...]
    source: str
    follow_ups: tuple[Pair, ...]
    confusion: Pair | None
    disappointments: tuple[str, ...]
    delight: tuple[str, ...]
    gap: bool
    in_knowledge: bool


@dataclass(frozen=True, slots=True)
class Video:
    """A video of a demo; the transcript is empty unless the status is `completed`."""

    title: str
    seconds: int
    status: str
    transcript: str


@dataclass(frozen=True, slots=True)
class Product:
    """An invented product and everything people say about it."""

    name: str
    description: str
    agent: str
    personality: str
    greetings: tuple[str, ...]
    cta_text: str
    cta_link: str
    companies: tuple[str, ...]
    byes: tuple[str, ...]
    booking: tuple[Pair, ...]
    intros: tuple[Pair, ...]
    objections: tuple[Pair, ...]
    delight: tuple[str, ...]
    gripes: tuple[Pair, ...]
    slots: dict[str, tuple[str, ...]]
    topics: tuple[Topic, ...]
    videos: tuple[Video, ...]


@dataclass(frozen=True, slots=True)
class Common:
    """What visitors and agents of any product say."""

    hellos: tuple[Pair, ...]
    asides: tuple[str, ...]
    first_words: frozenset[str]
    fine: tuple[str, ...]
    glad: tuple[str, ...]
    cool: tuple[str, ...]
    acknowledged: tuple[str, ...]
    apologies: tuple[str, ...]
    misheard: tuple[str, ...]
    corrections: tuple[str, ...]
    pokes: tuple[str, ...]
    back: tuple[str, ...]
    nudges: tuple[str, ...]
    goodbyes: tuple[str, ...]
    settled: tuple[str, ...]
    cold_goodbyes: tuple[str, ...]
    cold_answers: tuple[str, ...]
    trying: tuple[Pair, ...]
    visit_names: tuple[str, ...]
    test_names: tuple[str, ...]
    perception: tuple[str, ...]


@cache
def common() -> Common:
    """The words that belong to no product."""
    read = _read("common")
    pairs: dict[str, Any] = {key: _pairs(read[key]) for key in ("hellos", "trying")}
    names, notes = read["names"], read["perception"]["notes"]
    plain = {
        key: tuple(value)
        for key, value in read.items()
        if isinstance(value, list) and key not in pairs and key != "first_words"
    }
    return Common(
        **pairs,
        **plain,
        first_words=frozenset(read["first_words"]),
        visit_names=tuple(names["visits"]),
        test_names=tuple(names["tests"]),
        perception=tuple(notes),
    )


@cache
def product(key: str) -> Product:
    """The product described in content/`key`.toml."""
    read = _read(key)
    pairs: dict[str, Any] = {
        name: _pairs(read[name]) for name in ("booking", "intros", "objections", "gripes")
    }
    lists = {name: tuple(read[name]) for name in ("greetings", "companies", "byes", "delight")}
    return Product(
        name=read["name"],
        description=read["description"],
        agent=read["agent_name"],
        personality=read["agent_personality"],
        cta_text=read["cta_text"],
        cta_link=read["cta_link"],
        slots={name: tuple(values) for name, values in read["slots"].items()},
        topics=tuple(_topic(item) for item in read["topics"]),
        videos=tuple(
            Video(v["title"], v["seconds"], v["status"], v.get("transcript", ""))
            for v in read["videos"]
        ),
        **pairs,
        **lists,
    )


def _read(key: str) -> dict[str, Any]:
    text = files("domo_insights.sample").joinpath("content", f"{key}.toml").read_text("utf-8")
    return tomllib.loads(text)


def _pairs(items: list[list[str]]) -> tuple[Pair, ...]:
    return tuple((said, answer) for said, answer in items)


def _topic(item: dict[str, Any]) -> Topic:
    confusion = item.get("confused")
    gap = item.get("gap", False)
    return Topic(
        intent=item["intent"],
        questions=tuple(item["q"]),
        answers=tuple(item[key] for key in ("a", "a2") if key in item),
        source=item["source"],
        follow_ups=_pairs(item.get("follow", [])),
        confusion=(confusion[0], confusion[1]) if confusion else None,
        disappointments=tuple(item.get("bad", [])),
        delight=tuple(item.get("joy", [])),
        gap=gap,
        in_knowledge=not gap and item.get("chunk", True),
    )
