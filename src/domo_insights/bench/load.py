"""Many people at once, each signed in as somebody else: the websocket of a browser without the
browser. Each looks at a page, thinks, and goes on to the next; meanwhile their tab asks whether
anything is new, as open pages do."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Origin, Subprotocol

from domo_insights.bench.browser import VISITED
from domo_insights.bench.figures import Sample
from domo_insights.bench.served import Site, served

THINK_SECONDS: Final = 10.0
VIEWS: Final = 5
"""Pages that each looks at after the first."""
SIZES: Final = (25, 50)
LONGEST_SECONDS: Final = 240
"""How long all views of all of them may take: they think for about one minute."""
_PATIENCE_SECONDS: Final = 60
Progress = Callable[[str, float], None]


@dataclass(slots=True)
class Told:
    """What all of them went through. `views` in ms, `sent` in bytes per page."""

    first: list[float] = field(default_factory=list)
    views: list[float] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def measure(
    folder: Path, cookies: Sequence[Mapping[str, str]], progress: Progress
) -> dict[str, Any]:
    """p50, p95, errors and memory of 25 and of 50 people on one process."""
    found: dict[str, Any] = {}
    memory: dict[int, float] = {}
    with served(folder) as site:
        asyncio.run(_together(site, cookies[:2], views=len(VISITED), think=0.5))
        for number, size in enumerate(SIZES):

            def done(share: float, size: int = size, before: int = number) -> None:
                progress(f"{size} people at once", (before + share) / len(SIZES))

            together = _together(site, cookies[:size], views=VIEWS, think=THINK_SECONDS, done=done)
            told, memory[size] = asyncio.run(together)
            found |= _figures(size, told, memory[size])
    small, large = SIZES
    found["memory_per_session_mb"] = (memory[large] - memory[small]) / (large - small)
    progress("people at once", 1.0)
    return found


def _figures(size: int, told: Told, memory: float) -> dict[str, Any]:
    """What `size` people went through, in which nothing that was not measured is a number."""
    views, first = (Sample.of(times) if times else None for times in (told.views, told.first))
    return {
        f"sessions_{size}_p95_ms": views and views.p95,
        f"sessions_{size}_errors": len(told.errors),
        f"sessions_{size}": {
            "views_ms": views and views.as_json(),
            "first_ms": first and first.as_json(),
            "kb_per_view": round(sum(told.sent) / 1024 / max(1, len(told.sent)), 1),
            "memory_mb": round(memory, 1),
            "errors": told.errors[:5],
        },
    }


async def _together(
    site: Site,
    cookies: Sequence[Mapping[str, str]],
    *,
    views: int,
    think: float,
    done: Callable[[float], None] = lambda share: None,
) -> tuple[Told, float]:
    """What they went through, and the MB of the process while all of them were there.

    done: is told the share of the views that are over, every now and then. Views that are not
    over after LONGEST_SECONDS are errors.
    """
    told, ending = Told(), asyncio.Event()
    people = [
        asyncio.create_task(_person(site, own, told, views, think, number, ending))
        for number, own in enumerate(cookies)
    ]
    wanted, until = views * len(people), time.monotonic() + LONGEST_SECONDS
    while (over := len(told.views) + len(told.errors)) < wanted and time.monotonic() < until:
        done(over / wanted)
        await asyncio.wait(people, timeout=0.2, return_when=asyncio.FIRST_EXCEPTION)
        if all(person.done() for person in people):
            break
    memory = site.process.memory_info().rss / 1024**2
    missing = wanted - len(told.views) - len(told.errors)
    told.errors.extend([f"Not over after {LONGEST_SECONDS} s."] * missing)
    ending.set()
    _, late = await asyncio.wait(people, timeout=5)
    for person in late:
        person.cancel()
    for ended in await asyncio.gather(*people, return_exceptions=True):
        if isinstance(ended, Exception):
            raise ended
    return told, memory


async def _person(
    site: Site,
    cookies: Mapping[str, str],
    told: Told,
    views: int,
    think: float,
    number: int,
    ending: asyncio.Event,
) -> None:
    chance = random.Random(number)  # noqa: S311 - who thinks how long
    await asyncio.sleep(chance.uniform(0, think))
    address = site.url.replace("http://", "ws://") + "/_stcore/stream"
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    seen = 0
    try:
        async with connect(
            address,
            origin=Origin(site.url),
            additional_headers=headers,
            subprotocols=[Subprotocol("streamlit")],
            max_size=None,
        ) as socket:
            tab = _Tab(socket, told)
            told.first.append(await tab.ask(""))
            for seen in range(1, views + 1):
                await tab.rest(chance.uniform(0.5 * think, 1.5 * think))
                place = VISITED[(number + seen) % len(VISITED)]
                told.views.append(await tab.ask(tab.pages[place.title]))
            while not ending.is_set():
                await tab.rest(0.5)
    except (OSError, TimeoutError, WebSocketException, KeyError) as problem:
        missing = max(1, views - max(0, seen - 1))
        told.errors.extend([f"{type(problem).__name__}: {problem}"[:200]] * missing)


class _Tab:
    """One open tab: what it shows, and what asks again by itself."""

    def __init__(self, socket: ClientConnection, told: Told) -> None:
        self._socket = socket
        self._told = told
        self._page = ""
        self._again: dict[str, float] = {}
        self.pages: dict[str, str] = {}

    async def ask(self, page: str) -> float:
        """ms until the script of `page` has run to its end."""
        self._page, self._again = page, {}
        began = time.perf_counter()
        await self._run()
        size = await asyncio.wait_for(self._answered(), _PATIENCE_SECONDS)
        self._told.sent.append(size)
        return (time.perf_counter() - began) * 1000

    async def rest(self, seconds: float) -> None:
        """Let time pass; fragments that repeat do so."""
        until = time.monotonic() + seconds
        due = {name: time.monotonic() + every for name, every in self._again.items()}
        while (now := time.monotonic()) < until:
            for name, at in list(due.items()):
                if at <= now and name in self._again:
                    await self._run(fragment=name)
                    await asyncio.wait_for(self._answered(), _PATIENCE_SECONDS)
                    due[name] = time.monotonic() + self._again.get(name, seconds)
            await asyncio.sleep(max(0.01, min([until, *due.values()]) - time.monotonic()))

    async def _run(self, fragment: str = "") -> None:
        message = BackMsg()
        message.rerun_script.query_string = "period=30d&zone=UTC"
        message.rerun_script.page_script_hash = self._page
        message.rerun_script.context_info.timezone = "UTC"
        if fragment:
            message.rerun_script.fragment_id = fragment
            message.rerun_script.is_auto_rerun = True
        await self._socket.send(message.SerializeToString())

    async def _answered(self) -> int:
        """Read until the script has ended; bytes of what came."""
        size = 0
        while True:
            data = await self._socket.recv(decode=False)
            size += len(data)
            message = ForwardMsg()
            message.ParseFromString(data)
            match message.WhichOneof("type"):
                case "script_finished":
                    return size
                case "navigation":
                    own = {p.page_name: p.page_script_hash for p in message.navigation.app_pages}
                    self.pages = self.pages | own
                case "auto_rerun":
                    self._again[message.auto_rerun.fragment_id] = message.auto_rerun.interval
                case "stop_auto_rerun":
                    with suppress(KeyError):
                        del self._again[message.stop_auto_rerun.fragment_id]
                case "delta":
                    self._look(message)

    def _look(self, message: ForwardMsg) -> None:
        element = message.delta.new_element
        if element.HasField("exception"):
            self._told.errors.append(element.exception.message[:200])
        elif element.HasField("alert") and element.alert.format == Alert.ERROR:
            self._told.errors.append(element.alert.body[:200])
