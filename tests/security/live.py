"""The real dashboard in a process of its own over both estates, and those who attack it."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import bcrypt
import httpx
import psutil
from cryptography.fernet import Fernet
from sqlalchemy import create_engine, update
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from domo_insights import settings
from domo_insights.database.engine import address
from domo_insights.local import auth_api
from domo_insights.local.auth_mail import Mailbox
from domo_insights.local.auth_tables import users
from domo_insights.local.keys import Keys, keys_of
from domo_insights.settings import Settings
from domo_insights.viewer import Viewer
from tests.conftest import Database, create_database, drop_database
from tests.hosting.servers import free_port, running
from tests.security.world import World

PASSWORD = "correct horse battery"
SECRET = "a webhook secret of the live tests"
COMMAND = [sys.executable, "-c", "from domo_insights.cli import main; main()"]
TURNED_ON = {
    "STREAMLIT_SERVER_ENABLE_AGENT_API": "true",
    "STREAMLIT_SERVER_SCRIPT_HEALTH_CHECK_ENABLED": "true",
}
"""What somebody may turn on by mistake; it must stay closed all the same."""


@dataclass(frozen=True)
class Live:
    """`url` is what people open, `log` what the process said on both outputs."""

    url: str
    settings: Settings
    keys: Keys
    world: World | None
    database: Database
    log: Path
    cookies: dict[Viewer, str] = field(default_factory=dict)

    def client(self, viewer: Viewer | None = None, **headers: str) -> httpx.Client:
        """A browser; signed in once per viewer and test run."""
        wanted = {"Accept": "text/html,*/*;q=0.8", "Origin": self.url} | headers
        if viewer:
            wanted["Cookie"] = f"domo_sid={self.session_of(viewer)}"
        return httpx.Client(base_url=self.url, headers=wanted, timeout=60, trust_env=False)

    def session_of(self, viewer: Viewer) -> str:
        if viewer not in self.cookies:
            self.cookies[viewer] = self.new_session(viewer)
        return self.cookies[viewer]

    def new_session(self, viewer: Viewer, **sent: str) -> str:
        """The id that a sign-in of its own gives; `sent` are cookies that were there before."""
        with self.client() as browser:
            browser.cookies.update(sent)
            page = browser.get("/sign-in")
            token = page.text.split('name="csrf" value="')[1].split('"')[0]
            form = {"csrf": token, "email": viewer.email, "password": PASSWORD, "next": "/"}
            answer = browser.post("/sign-in", data=form)
            assert answer.status_code == 303, answer.text
            return str(answer.cookies["domo_sid"])

    def own_address(self, demo_id: Any) -> str:
        with self.in_force():
            from domo_insights.ingest.webhook import token_of

            return f"/webhooks/tavus/{demo_id}?token={token_of(demo_id)}"

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """The settings of the live process in this one too."""
        settings.activate(self.settings)
        try:
            yield
        finally:
            settings.activate(None)

    @contextmanager
    def socket(
        self, session_id: str | None, *, origin: str | None = None, tab: str = "", path: str = ""
    ) -> Iterator[ClientConnection]:
        """The websocket of a browser tab; `tab`: the Streamlit session it says it had."""
        at = self.url.replace("http://", "ws://") + (path or "/_stcore/stream")
        headers = {"Cookie": f"domo_sid={session_id}"} if session_id else {}
        with connect(
            at,
            origin=origin or self.url,  # type: ignore[arg-type]
            additional_headers=headers,
            subprotocols=["streamlit", "x", tab] if tab else ["streamlit"],  # type: ignore[list-item]
            proxy=None,
            max_size=None,
        ) as socket:
            yield socket

    def page(self, viewer: Viewer, name: str, **said: str) -> bytes:
        """All bytes that a tab of `viewer` gets for a page with that query."""
        with self.socket(self.session_of(viewer)) as socket:
            return asked(socket, name, said)


def asked(socket: ClientConnection, name: str, said: Mapping[str, str]) -> bytes:
    """Run a page, as a browser does, and everything that is sent until it is drawn."""
    back = BackMsg()
    back.rerun_script.query_string = urlencode(said)
    back.rerun_script.page_name = name
    back.rerun_script.context_info.timezone = "UTC"
    socket.send(back.SerializeToString())
    return until_drawn(socket)


def until_drawn(socket: ClientConnection) -> bytes:
    got = []
    while True:
        piece = socket.recv(timeout=60)
        assert isinstance(piece, bytes)
        got.append(piece)
        message = ForwardMsg.FromString(piece)
        if message.WhichOneof("type") == "script_finished":
            return b"".join(got)


@contextmanager
def serving(
    server: Any, template: str, world: World | None, folder: Path, name: str = "live"
) -> Iterator[Live]:
    """The dashboard with the estates of `world`, answering on a free port."""
    database, keys, port = create_database(server, name, template), keys_of(folder), free_port()
    with ExitStack() as leaving:
        leaving.callback(drop_database, database)
        superuser = create_engine(address(database.superuser_url))
        leaving.callback(superuser.dispose)
        hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
        with superuser.begin() as conn:
            conn.execute(update(users).values(encrypted_password=hashed))
        mailbox = Mailbox(folder / "mail", lambda _line: None)
        base = leaving.enter_context(
            auth_api.running(database.superuser_url, keys, mailbox=mailbox)
        )
        said = {
            "SUPABASE_URL": base,
            "SUPABASE_PUBLISHABLE_KEY": keys.publishable_key,
            "SUPABASE_JWT_ISSUER": keys.issuer,
            "DATABASE_URL": database.login_url,
            "INSIGHTS_SESSION_KEYS": Fernet.generate_key().decode(),
            "INSIGHTS_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "TAVUS_WEBHOOK_SECRET": SECRET,
            "INSIGHTS_EXPORTS_PER_MINUTE": "0",
        }
        log = folder / "live.log"
        command = [*COMMAND, "up", "--port", str(port)]
        leaving.enter_context(running(command, port, log, **said, **TURNED_ON))
        known = Settings(**{name.lower(): value for name, value in said.items()})
        yield Live(said["INSIGHTS_PUBLIC_URL"], known, keys, world, database, log)


def memory_of(live: Live) -> int:
    """Resident bytes of the process that serves."""
    port = int(live.url.rpartition(":")[2])
    found = [
        c.pid
        for c in psutil.net_connections("tcp")
        if c.status == psutil.CONN_LISTEN and c.laddr.port == port
    ]
    return int(psutil.Process(found[0]).memory_info().rss)
