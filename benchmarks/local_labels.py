"""How often labels that the dashboard gives itself are those that people gave.

    python benchmarks/local_labels.py intents EVENTS LABELS     (both .jsonl.gz)
    python benchmarks/local_labels.py sentiment RATED...        (lines: id, rating -4..4, text)

Intents: half of the dialogues are examples, the other half is labelled; a persona is a demo.
Sentiment: a rating of 0.5 or more is positive, of -0.5 or less negative.
"""

import gzip
import html
import json
import random
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from domo_insights.ingest.feelings import sentiment_of
from domo_insights.ingest.local_labels import EXAMPLES, intents_of


def agreement(people: Sequence[str], here: Sequence[str]) -> str:
    """Accuracy, and the mean of the F1 of the labels that people gave."""
    scores = []
    for label in sorted(set(people)):
        both = sum(a == b == label for a, b in zip(people, here, strict=True))
        either = people.count(label) + list(here).count(label)
        scores.append(2 * both / either if either else 0.0)
    same = sum(a == b for a, b in zip(people, here, strict=True))
    return f"accuracy {same / len(people):.3f}, macro-F1 {sum(scores) / len(scores):.3f}"


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def intents(events: Path, labels: Path) -> None:
    persona = {}
    for event in lines(events):
        if found := (event.get("properties") or {}).get("persona_id"):
            persona[event["conversation_id"]] = found
    rows = lines(labels)
    talks = sorted(persona)
    random.Random(1).shuffle(talks)
    shown = set(talks[: len(talks) // 2])
    people, here, usual = [], [], []
    for name in sorted(set(persona.values())):
        mine = [row for row in rows if persona.get(row["conversation_id"]) == name]
        examples = [(r["text"], r["intent"]) for r in mine
                    if r["conversation_id"] in shown and r["intent"]][:EXAMPLES]  # fmt: skip
        asked = [row for row in mine if row["conversation_id"] not in shown and row["intent"]]
        given = intents_of([row["text"] for row in asked], examples)
        people += [row["intent"] for row in asked]
        here += [one[0] if one else "" for one in given]
        common = Counter(intent for _, intent in examples).most_common(1)
        usual += [common[0][0] if common else ""] * len(asked)
    got = [(a, b) for a, b in zip(people, here, strict=True) if b]
    print(f"{len(talks)} dialogues, {len(people)} messages that are not examples")
    print(f"labelled {len(got) / len(people):.3f} of them; of these",
          agreement([a for a, _ in got], [b for _, b in got]))  # fmt: skip
    print(f"of all: {agreement(people, here)}")
    print(f"the most frequent intent of the persona instead: {agreement(people, usual)}")


def sentiment(path: Path) -> None:
    people, here = [], []
    for line in path.read_text("utf-8", errors="replace").splitlines():
        _number, rating, text = line.split("\t", 2)
        value = float(rating)
        people.append("positive" if value >= 0.5 else "negative" if value <= -0.5 else "neutral")
        here.append(sentiment_of(html.unescape(text)))
    print(f"{path.name}, {len(people)} texts: {agreement(people, here)}", dict(Counter(people)))


if __name__ == "__main__":
    kind, *paths = sys.argv[1:]
    if kind == "intents":
        intents(Path(paths[0]), Path(paths[1]))
    else:
        for path in paths:
            sentiment(Path(path))
