"""Who comes and how far they get: from somebody who says nothing to fourteen turns."""

from random import Random
from typing import Final

from domo_insights.sample.content import Product, Topic, common
from domo_insights.sample.dialogue import Dialogue

_LATER: Final = ("pricing_question", "security_question", "onboarding_question")
_TURNS: Final = (
    ("silent", 4),
    ("glance", 14),
    ("short", 33),
    ("usual", 33),
    ("long", 10),
    ("unhappy", 6),
)
"""The kinds of visits, and how many in a hundred are of each."""


def visit(rng: Random, product: Product, temper: float = 1.0) -> Dialogue:
    """What one visitor and the agent say to each other."""
    talk = Dialogue(rng, product, temper)
    kinds, weights = zip(*_TURNS, strict=True)
    kind = rng.choices(kinds, weights)[0]
    if kind == "silent":
        talk.reply(talk.pick(product.greetings))
        if talk.chance(0.6):
            talk.reply(talk.pick(common().nudges))
        return talk
    if kind == "glance":
        talk.open(greeted=False)
        topic = _journey(rng, product, 1)[0]
        talk.question(topic)
        if talk.chance(0.8):
            talk.reply(talk.pick(topic.answers))
        return talk
    turns = {"short": (1, 2), "usual": (2, 4), "long": (5, 7), "unhappy": (1, 3)}[kind]
    if kind == "unhappy":
        talk.temper *= 6
    topics = _journey(rng, product, rng.randint(*turns))
    customer = topics[0].intent == "support_issue"
    talk.open(True, customer)
    for topic in topics:
        talk.ask(topic, customer)
    talk.close(customer)
    return talk


def rehearsal(rng: Random, product: Product) -> Dialogue:
    """An owner trying out their own agent."""
    talk = Dialogue(rng, product)
    talk.reply(talk.pick(product.greetings))
    talk.exchange(talk.pick(common().trying), "neutral", "small_talk")
    for topic in _journey(rng, product, rng.randint(1, 2)):
        talk.exchange(
            (talk.pick(topic.questions), talk.pick(topic.answers)), "neutral", topic.intent
        )
    return talk


def _journey(rng: Random, product: Product, wanted: int) -> list[Topic]:
    """Different topics in the order people ask: what it does first, terms and setup later.

    Somebody with a support issue is a customer, and asks for that alone.
    """
    weights = {"support_issue": 0.8, "small_talk": 0.5}
    pool = list(product.topics)
    chosen: list[Topic] = []
    while pool and len(chosen) < wanted:
        odds = [weights.get(t.intent, 1.0) * (0.6 if t.gap else 1.0) for t in pool]
        topic = rng.choices(pool, odds)[0]
        pool.remove(topic)
        if topic.intent == "support_issue":
            if chosen:
                continue
            return [topic]
        chosen.append(topic)
    return sorted(chosen, key=lambda t: (t.intent in _LATER) + rng.uniform(-0.6, 0.6))
