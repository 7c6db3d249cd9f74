"""What a page consists of after a run, as the messages that a browser was sent tell."""

from dataclasses import dataclass, field
from typing import Final

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

Path = tuple[int, ...]
"""A place on a page: Streamlit's delta path."""
OF_THE_RUN: Final = frozenset({"new_session", "script_finished", "session_status_changed"})
"""Messages about a run, that change nothing on the page."""


@dataclass(slots=True)
class Drawn:
    """What a page consists of after a run: by place, what stands there, as a hash and a kind."""

    parts: dict[Path, tuple[str, str]] = field(default_factory=dict)
    cards: dict[Path, tuple[str, str, int]] = field(default_factory=dict)
    """The numbers that stand large on cards, by place."""
    about: set[str] = field(default_factory=set)
    """Hashes of what was said of the whole page: its title, its menu, what it repeats when."""
    clear: bool = True
    """Whether it is known what the browser made of it."""

    def take(self, said: ForwardMsg) -> None:
        """Note what `said` changes."""
        kind = said.WhichOneof("type")
        if kind in OF_THE_RUN:
            return
        if kind not in ("delta", "ref_hash"):
            self.about.add(said.hash)
            return
        path = tuple(said.metadata.delta_path)
        if kind == "ref_hash":
            self._put(path, said.ref_hash, "element")
        elif said.delta.WhichOneof("type") == "new_element":
            self._put(path, said.hash, "element")
            if said.delta.new_element.WhichOneof("type") == "metric":
                self.cards[path] = _headline(said)
            # A notice appears once, also where the one before said the same.
            self.clear = self.clear and said.delta.new_element.WhichOneof("type") != "toast"
        elif said.delta.WhichOneof("type") == "add_block":
            self._put(path, said.hash, str(said.delta.add_block.WhichOneof("type")))

    def _put(self, path: Path, digest: str, kind: str) -> None:
        _, before = self.parts.get(path, ("", "element"))
        inside = [] if before == "element" else [p for p in self.parts if _is_inside(p, path)]
        for one in inside:
            if kind != before:  # a block of the same kind takes over what was in the one before
                del self.parts[one]
        self.parts[path] = (digest, kind)

    def has(self, part: "Drawn") -> bool:
        """Whether a part that was drawn anew by itself came out as it stands here."""
        inside = (path for path in self.parts if any(_is_inside(path, one) for one in part.parts))
        return part.parts.items() <= self.parts.items() and all(p in part.parts for p in inside)

    def is_slow_to_draw(self, said: ForwardMsg) -> bool:
        """Whether a browser has to draw a chart for `said` that says nothing new at a glance."""
        kind = said.delta.new_element.WhichOneof("type")
        if kind != "metric":
            return kind == "plotly_chart"
        return self.cards.get(tuple(said.metadata.delta_path)) == _headline(said)

    def same_layout(self, other: "Drawn") -> bool:
        """Whether everything stands where it stood, so that parts can be exchanged."""
        return (
            self.clear
            and other.clear
            and self.about <= other.about
            and self.parts.keys() == other.parts.keys()
            and all(kind == other.parts[path][1] for path, (_, kind) in self.parts.items())
        )


def _headline(card: ForwardMsg) -> tuple[str, str, int]:
    metric = card.delta.new_element.metric
    return metric.body, metric.delta, metric.color


def _is_inside(path: Path, block: Path) -> bool:
    return len(path) > len(block) and path[: len(block)] == block
