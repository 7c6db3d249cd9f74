"""A browser tab without a browser: what it was sent, and the widget states that it sends back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import ClientConnection

from domo_insights.viewer import Viewer
from tests.security.live import Live


@dataclass(frozen=True)
class Widget:
    """Something a person can use: its id, its kind (`button`, `text_input`, ...), its label."""

    id: str
    kind: str
    label: str

    @property
    def key(self) -> str:
        """The name it was given in the page; "None" without one."""
        return self.id.split("-", 2)[-1]


@dataclass
class Tab:
    """One tab; `page_hash` is the page it is on, `pages` the hashes of those in its menu, `hashes`
    those of what was sent, `states` what its widgets say."""

    socket: ClientConnection
    page_hash: str = ""
    session_id: str = ""
    query: str = ""
    widgets: dict[str, Widget] = field(default_factory=dict)
    fragments: set[str] = field(default_factory=set)
    hashes: set[str] = field(default_factory=set)
    pages: dict[str, str] = field(default_factory=dict)
    states: dict[str, WidgetState] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    """What the last run said that is wrong: errors in words, and exceptions."""

    def open(self, name: str, **said: str) -> bytes:
        """Open a page by its name, with that query."""
        self.query, self.states = urlencode(said), {}
        return self.run(page_name=name, page_hash="")

    def run(
        self,
        *,
        page_name: str = "",
        page_hash: str | None = None,
        query: str | None = None,
        fragment_id: str = "",
        **asked: Any,
    ) -> bytes:
        """Ask for a run with the states as they are; all bytes until it is drawn."""
        back = BackMsg()
        ask = back.rerun_script
        ask.query_string = self.query if query is None else query
        ask.page_name, ask.fragment_id = page_name, fragment_id
        ask.page_script_hash = self.page_hash if page_hash is None else page_hash
        ask.context_info.timezone = "UTC"
        for name, value in asked.items():
            if name == "cached_message_hashes":
                ask.cached_message_hashes.extend(value)
            else:
                setattr(ask, name, value)
        ask.widget_states.widgets.extend(self.states.values())
        self.socket.send(back.SerializeToString())
        return self._drawn()

    def set(self, widget_id: str, **value: Any) -> bytes:
        """Say that a widget, on the page or not, has a value, as in `bool_value=True`; the run.

        What fires once, a button's click for one, is not said again by the next run.
        """
        state = WidgetState(id=widget_id)
        kind, said = next(iter(value.items()))
        if kind.endswith("array_value"):
            getattr(state, kind).data.extend(said)
        elif kind == "string_trigger_value":
            state.string_trigger_value.data = said
        else:
            setattr(state, kind, said)
        self.states[widget_id] = state
        try:
            return self.run()
        finally:
            if "trigger" in kind:
                del self.states[widget_id]

    def _drawn(self) -> bytes:
        got = []
        self.problems = []
        while True:
            piece = self.socket.recv(timeout=60)
            assert isinstance(piece, bytes)
            got.append(piece)
            message = ForwardMsg.FromString(piece)
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.page_hash = message.new_session.page_script_hash
                self.session_id = message.new_session.initialize.session_id or self.session_id
            elif kind == "navigation":
                self.page_hash = message.navigation.page_script_hash
                self.pages = {
                    page.url_pathname: page.page_script_hash
                    for page in message.navigation.app_pages
                }
            elif kind == "delta":
                self.hashes.add(message.hash)
                self._note(message)
            elif kind == "script_finished":
                return b"".join(got)

    def _note(self, message: ForwardMsg) -> None:
        delta = message.delta
        self.fragments |= {delta.fragment_id} - {""}
        kind = delta.WhichOneof("type")
        whole = delta.new_element if kind == "new_element" else delta.add_block
        name = whole.WhichOneof("type") if kind in {"new_element", "add_block"} else None
        element = getattr(whole, name) if name else None
        if name == "exception":
            self.problems.append(element.message)
        elif name == "alert" and element.format == Alert.ERROR:
            self.problems.append(element.body)
        found = getattr(element, "id", "") if element is not None else ""
        if name and found:
            self.widgets[found] = Widget(found, name, getattr(element, "label", ""))


@contextmanager
def tab_of(live: Live, viewer: Viewer) -> Iterator[Tab]:
    """A tab of the viewer's, with nothing drawn in it yet."""
    with live.socket(live.session_of(viewer)) as socket:
        yield Tab(socket)
