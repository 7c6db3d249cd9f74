"""Who uses a dashboard at the same time: senders, readers, somebody who only looks, an editor."""

import json
import random
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import select
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from domo_insights.database.tables import conversations, demos
from domo_insights.viewer import Viewer
from tests.factories import ANA, BEN, PIA
from tests.security.driven import Tab, tab_of
from tests.security.inventory import PAGES
from tests.security.live import Live

PERIODS = ("24h", "7d", "30d", "90d")
WORDS = ("What does it cost?", "Can I try it?", "It does not work.", "Thank you!", "Who are you?")
LABELS = {"sentiment": "neutral", "intent": "price", "confidence": 0.8}


class Outcome:
    """What all of them together did, and what went wrong."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter(stored=0, pages=0, edits=0, exports=0, sign_ins=0)
        self.problems: list[str] = []

    def did(self, what: str, n: int = 1) -> None:
        with self._lock:
            self.counts[what] += n

    def failed(self, problem: str) -> None:
        with self._lock:
            self.problems.append(problem)


class Person(threading.Thread, ABC):
    """Does one thing after the other until it is asked to stop."""

    REST = 0.2

    def __init__(
        self, live: Live, viewer: Viewer, outcome: Outcome, stopping: threading.Event, seed: int = 0
    ) -> None:
        super().__init__(name=type(self).__name__, daemon=True)
        self.live, self.viewer, self.outcome, self.stopping = live, viewer, outcome, stopping
        self.die = random.Random(f"{viewer.email} {type(self).__name__} {seed}")

    def run(self) -> None:
        try:
            while not self.stopping.is_set():
                self.act()
                self.stopping.wait(self.REST)
        except Exception as problem:
            self.outcome.failed(f"{self.name}: {type(problem).__name__}: {problem}")

    @abstractmethod
    def act(self) -> None:
        """The one thing, of which nothing is left over."""

    def looked_at(self, tab: Tab) -> None:
        """A page was drawn; one with a problem on it fails the test."""
        self.outcome.did("pages")
        for problem in tab.problems:
            self.outcome.failed(f"{self.name}: a page says {problem}")


class Sender(Person):
    """Tavus, for the demos of one owner: whole conversations, some of it sent twice."""

    REST = 0.0

    def __init__(self, *given) -> None:
        super().__init__(*given)
        with self.live.database.admin.connect() as conn:
            mine = select(demos.c.id).where(demos.c.user_id == self.viewer.user_id)
            self.demos = list(conn.scalars(mine.order_by(demos.c.id)))

    def act(self) -> None:
        address = self.live.own_address(self.die.choice(self.demos))
        talk, start = f"soak-{uuid4().hex}", datetime.now(UTC) - timedelta(seconds=90)
        with self.live.client() as tavus:
            for number, body in enumerate(self._talk(talk, start)):
                for _ in range(2 if self.die.random() < 0.1 else 1):
                    if self.stopping.wait(0.15):
                        return
                    answer = tavus.post(address, content=json.dumps(body))
                    if answer.status_code != 200:
                        self.outcome.failed(f"callback {number}: {answer.status_code}")
                        return
                    self.outcome.did("stored", answer.json()["stored"])

    def _talk(self, talk, start):
        def body(kind, seconds, **properties):
            at = (start + timedelta(seconds=seconds)).isoformat()
            return {"conversation_id": talk, "event_type": kind, "timestamp": at,
                    "message_type": kind.split(".")[0], "properties": properties}  # fmt: skip

        yield body("system.replica_joined", 0, replica_id="r")
        for turn in range(self.die.randrange(2, 10)):
            role = "replica" if turn % 2 else "user"
            labels = {} if turn % 2 else LABELS
            said = body("conversation.utterance", 5 + 6 * turn, role=role,
                        speech=self.die.choice(WORDS), **labels)  # fmt: skip
            yield said | {"inference_id": f"i{turn}"}
        yield body("system.shutdown", 80, shutdown_reason="participant_left")


class Reader(Person):
    """Goes through some pages in a new tab, takes an export; signs in anew now and then."""

    def __init__(self, live, number, outcome, stopping) -> None:
        viewer = (ANA, BEN, PIA)[number]
        super().__init__(live, viewer, outcome, stopping, number)
        self.pages = sorted(PAGES - ({"platform"} if viewer is not PIA else set()))

    def act(self) -> None:
        with tab_of(self.live, self.viewer) as tab:
            for _ in range(self.die.randrange(1, 7)):
                tab.open(self.die.choice(self.pages), period=self.die.choice(PERIODS))
                self.looked_at(tab)
                if self.stopping.wait(self.die.random()):
                    return
        with self.live.client(self.viewer) as browser:
            period = self.die.choice(PERIODS)
            answer = browser.get("/export/demos.ranked.csv", params={"period": period})
            if answer.status_code != 200:
                self.outcome.failed(f"export: {answer.status_code}")
            self.outcome.did("exports")
        if self.die.random() < 0.1:
            self.live.cookies[self.viewer] = self.live.new_session(self.viewer)
            self.outcome.did("sign_ins")


class Watcher(Person):
    """Opened a page and leaves it open: what the server draws by itself comes here."""

    def act(self) -> None:
        end = time.monotonic() + 240
        with tab_of(self.live, self.viewer) as tab:
            tab.open("overview", period="24h")
            self.looked_at(tab)
            while not self.stopping.is_set() and time.monotonic() < end:
                try:
                    piece = tab.socket.recv(timeout=1)
                except TimeoutError:
                    continue
                if ForwardMsg.FromString(piece).WhichOneof("type") == "script_finished":
                    self.outcome.did("woken")


class Editor(Person):
    """Marks conversations as tests and back, with the switch of the page."""

    REST = 1.0

    def act(self) -> None:
        with self.live.database.admin.connect() as conn:
            asked = (
                select(conversations.c.conversation_id)
                .join(demos, demos.c.id == conversations.c.demo_id)
                .where(demos.c.user_id == self.viewer.user_id)
                .order_by(conversations.c.started_at.desc())
                .limit(20)
            )
            talks = list(conn.scalars(asked))
        with tab_of(self.live, self.viewer) as tab:
            tab.open("conversations", conversation=self.die.choice(talks))
            self.looked_at(tab)
            switch = next((w for w in tab.widgets.values() if w.label == "Test conversation"), None)
            if switch is None:
                self.outcome.failed("the page has no switch for a test conversation")
                return
            for on in (True, False):
                tab.set(switch.id, bool_value=on)
                self.looked_at(tab)
                self.outcome.did("edits")
