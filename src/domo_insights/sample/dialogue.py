"""A small grammar that makes conversations of the hand-written content."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final, TypeVar

from domo_insights.sample.content import Pair, Product, Topic, common

T = TypeVar("T")
_MISTAKES: Final = 0.035
"""How often the agent answers something that was not asked."""
_SLOT: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Line:
    """Something said. `role` is user or replica; `sentiment` and `intent` are what an attentive
    listener would write down, `plain` whether they would be sure of it. An empty `role` is an
    agent's answer that never came.
    """

    role: str
    text: str
    sentiment: str = "neutral"
    intent: str | None = None
    plain: bool = True


@dataclass(slots=True)
class Dialogue:
    """A conversation in the making. `booked`: the visitor asked for the next step."""

    rng: Random
    product: Product
    temper: float = 1.0
    lines: list[Line] = field(default_factory=list)
    booked: bool = False
    farewell: bool = False
    _slots: dict[str, str] = field(default_factory=dict)
    _said: set[str] = field(default_factory=set)
    _carry: str = ""
    _sour: bool = False
    _asked: bool = False

    def say(self, text: str, sentiment: str, intent: str, plain: bool = True) -> str:
        """The visitor speaks, after a short reaction to what came before."""
        filled = self._filled(text)
        words = f"{self._carry} {filled}".strip()
        self._carry = ""
        self.lines.append(Line("user", words, sentiment, intent, plain))
        return filled

    def reply(self, text: str) -> None:
        self.lines.append(Line("replica", self._filled(text)))

    def exchange(self, pair: Pair, sentiment: str, intent: str, plain: bool = True) -> None:
        said, answer = pair
        self.say(said, sentiment, intent, plain)
        self.reply(answer)

    def pick(self, items: Sequence[T]) -> T:
        """One of `items`, if possible one that this conversation has not had."""
        fresh = [item for item in items if str(item) not in self._said] or list(items)
        chosen = self.rng.choice(fresh)
        self._said.add(str(chosen))
        return chosen

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def _filled(self, text: str) -> str:
        def value(match: re.Match[str]) -> str:
            name = match[1]
            if name == "agent":
                return self.product.agent
            if name not in self._slots:
                self._slots[name] = self.rng.choice(self.product.slots[name])
            return self._slots[name]

        return _SLOT.sub(value, text)

    def open(self, greeted: bool, customer: bool = False) -> None:
        """The agent's greeting, and whatever comes before the first question.

        A customer with a problem does not say why they came to look at the product.
        """
        self.reply(self.pick(self.product.greetings))
        roll = self.rng.random()
        if greeted and roll < 0.2:
            self.exchange(self.pick(common().hellos), "neutral", "greeting")
        elif greeted and roll < 0.68 and not customer:
            mood = "positive" if self.chance(0.2) else "neutral"
            self.exchange(self.pick(self.product.intros), mood, "introduction")

    def ask(self, topic: Topic, customer: bool = False) -> None:
        """One question of `topic` with its answer, and what follows from it."""
        asked = self.question(topic)
        roll = self.rng.random()
        if roll < _MISTAKES * self.temper:
            self._misunderstood(topic, asked)
        elif roll < _MISTAKES * self.temper + 0.035:
            self._kept_waiting(topic, asked)
        else:
            self.reply(self.pick(topic.answers))
        if topic.gap:
            self._disappointed(topic)
        else:
            self._digest(topic, customer)

    def question(self, topic: Topic) -> str:
        question = self.pick(topic.questions)
        troubled = topic.intent == "support_issue"
        sentiment = (
            "negative" if self.chance(0.55 if troubled else 0.025 * self.temper) else "neutral"
        )
        aside = self._aside()
        said = self.say(_led(aside, question), sentiment, topic.intent, not self.chance(0.13))
        return said if not aside else self._filled(question)

    def _aside(self) -> str:
        if not self.chance(0.22):
            return ""
        if self._carry:
            return self.rng.choice(("So ", "And "))
        first, self._asked = not self._asked, True
        if len(self.lines) < 2:
            return "Hi, "
        return self.rng.choice(("So, ", "Quick question. ") if first else common().asides)

    def _misunderstood(self, topic: Topic, asked: str) -> None:
        others = [t for t in self.product.topics if t is not topic and t.in_knowledge]
        alike = [t for t in others if t.intent == topic.intent]
        features = [t for t in others if t.intent == "feature_question"]
        self.reply(self.rng.choice(self.rng.choice(alike or features).answers))
        if self.chance(0.5):
            asked = self.pick(topic.questions)
        again = self.pick(common().corrections).replace("{question}", asked)
        self.say(again, "negative", topic.intent)
        self.reply(self.pick(common().misheard) + self.rng.choice(topic.answers))
        self._sour = True

    def _kept_waiting(self, topic: Topic, asked: str) -> None:
        self.lines.append(Line("", ""))
        if self.chance(0.5):
            self.say(asked, "negative" if self.chance(0.4) else "neutral", topic.intent)
        else:
            self.say(self.pick(common().pokes), "negative", "support_issue", plain=False)
        if self.chance(0.12):
            self.lines.append(Line("", ""))
            return
        self.reply(self.pick(common().back) + self.rng.choice(topic.answers))

    def _disappointed(self, topic: Topic) -> None:
        if self.chance(0.5 + 0.1 * self.temper):
            self.say(self.pick(topic.disappointments), "negative", "objection")
            self.reply(self.pick(common().apologies))
            self._sour = True
        else:
            self._carry = self.pick(common().cool)

    def _digest(self, topic: Topic, customer: bool) -> None:
        """How a visitor takes an answer: puzzled, wanting more, doubting, pleased or annoyed."""
        self._sour = self._sour and self.chance(0.35)
        if topic.confusion and self.chance(0.33):
            mood = "negative" if self.chance(0.3) else "neutral"
            self.exchange(topic.confusion, mood, "clarification", plain=False)
        for follow_up in topic.follow_ups:
            if self.chance(0.42):
                self.exchange(follow_up, "neutral", topic.intent)
        roll = self.rng.uniform(0.5, 1) if customer else self.rng.random()
        if roll < 0.1:
            mood = "negative" if self.chance(0.35) else "neutral"
            self.exchange(self.pick(self.product.objections), mood, "objection")
        elif roll < 0.1 + 0.025 * self.temper:
            self.exchange(self.pick(self.product.gripes), "negative", "complaint")
            self._sour = True
        elif roll < (0.36 if topic.delight else 0.2) and not self._sour:
            self.say(self.pick(topic.delight or self.product.delight), "positive", "feedback")
            self.reply(self.pick(common().acknowledged))
        elif roll < 0.7:
            self._carry = self.pick(common().glad if self.chance(0.25) else common().fine)

    def close(self, customer: bool = False) -> None:
        """The next step or a goodbye; many just leave."""
        if not (self._sour or customer) and self.chance(0.28):
            self._carry = ""
            self.exchange(self.pick(self.product.booking), "positive", "book_demo")
            self.booked = True
        if not self.chance(0.62):
            return
        self._carry = ""
        if self._sour and self.chance(0.6):
            self.say(self.pick(common().cold_goodbyes), "negative", "goodbye")
            self.reply(self.pick(common().cold_answers))
        else:
            self.say(
                self.pick(common().settled if customer else common().goodbyes),
                "positive" if self.chance(0.5) else "neutral",
                "goodbye",
            )
            if self.chance(0.85):
                self.reply(self.pick(self.product.byes))
        self.farewell = True


def _led(aside: str, question: str) -> str:
    first = question.split(" ", 1)[0].strip(",").lower()
    if aside.endswith(". ") or first not in common().first_words:
        return aside.strip() + " " + question if aside.endswith(". ") else question
    return aside + question[0].lower() + question[1:] if aside else question
