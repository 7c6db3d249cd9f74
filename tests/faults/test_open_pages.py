"""Open pages while the database goes and comes back: each is right again by itself.

A tab here is what a browser is to the server, but never asks for anything that the page did not
tell it to ask for: what a page forgets, nobody makes up for.
"""

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from domo_insights.local import postmaster
from domo_insights.local.users import add_user
from domo_insights.metrics import THIN
from domo_insights.viewer import Viewer
from tests.factories import demo
from tests.faults.conftest import utterance
from tests.local.processes import eventually
from tests.security.driven import Tab
from tests.security.live import PASSWORD, serving

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
OVER = {ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY}


class OpenTab(Tab):
    """A tab that is left open."""

    def __init__(self, socket):
        super().__init__(socket)
        self.told_to_ask, self.numbers = {}, {}

    def heard(self, seconds):
        """Take what the server sends until a run is over. Whether one was."""
        try:
            while True:
                said = ForwardMsg.FromString(self.socket.recv(timeout=seconds))
                kind = said.WhichOneof("type")
                if kind == "new_session" and not said.metadata.run.fragment_ids:
                    self.problems, self.told_to_ask = [], {}
                elif kind == "navigation":
                    self.page_hash = said.navigation.page_script_hash
                elif kind == "auto_rerun":
                    self.told_to_ask[said.auto_rerun.fragment_id] = said.auto_rerun.interval
                elif kind == "delta":
                    self._note(said)
                    metric = said.delta.new_element.metric
                    self.numbers[metric.label] = metric.body.replace(THIN, "")
                elif said.script_finished in OVER and kind == "script_finished":
                    return True
        except TimeoutError:
            return False

    def _drawn(self):
        assert self.heard(60)
        return b""

    def asks(self):
        """Ask for what the page told it to ask for now and then."""
        for fragment_id in self.told_to_ask.copy():
            self.run(fragment_id=fragment_id, is_auto_rerun=True)


@pytest.fixture(scope="module")
def live(own_server, tmp_path_factory):
    """The dashboard in a process of its own, over a Postgres that may be killed."""
    with serving(own_server, "postgres", None, tmp_path_factory.mktemp("open"), "open") as made:
        yield made
        own_server._ensure_running()


@pytest.fixture
def ana(live):
    email = f"ana-{os.urandom(4).hex()}@northwind.example"
    with live.database.admin.begin() as conn:
        return Viewer(add_user(conn, email, PASSWORD), email)


@pytest.fixture
def send(live, ana):
    with live.database.admin.begin() as conn:
        where = demo(conn, user_id=ana.user_id)
    with live.client() as tavus:
        yield lambda n: tavus.post(
            live.own_address(where), content=json.dumps(utterance(n, f"talk of {where}"))
        )


@contextmanager
def killed_while_somebody_reads(live, table):
    """Inside the block readers of `table` wait; at its end Postgres is killed under them."""
    holder = psycopg.connect(live.database.superuser_url)
    holder.execute(f"lock table {table} in access exclusive mode")
    try:
        yield
        with psycopg.connect(live.database.superuser_url, autocommit=True) as other:
            waiting = "select count(*) from pg_locks where not granted and relation = %s::regclass"
            eventually(lambda: other.execute(waiting, [table]).fetchone()[0], "a page waits")
        pgdata = live.database.server.pgdata
        os.kill(postmaster.pid_of(pgdata), signal.SIGQUIT)  # its backends end with it
        eventually(lambda: postmaster.pid_of(pgdata) is None, "it is gone")
    finally:
        holder.close()


def test_a_page_that_nobody_could_draw_asks_until_it_is_drawn(live, ana, send):
    assert send(1).status_code == 200
    session = live.session_of(ana)
    with live.socket(session) as socket, ThreadPoolExecutor(1) as browser:
        tab = OpenTab(socket)
        with killed_while_somebody_reads(live, "insights.detail_kept"):
            opening = browser.submit(tab.open, "webhooks", period="7d")
        opening.result(60)
        assert tab.problems
        assert tab.told_to_ask, "the page gives up"
        live.database.server._ensure_running()

        def right():
            tab.asks()
            return not tab.problems and tab.numbers.get("Events") == "1"

        eventually(right, "the page is drawn")


def test_a_page_that_lost_a_part_is_drawn_again_without_being_asked(live, ana, send):
    with live.socket(live.session_of(ana)) as socket:
        tab = OpenTab(socket)
        assert send(1).status_code == 200
        tab.open("webhooks")
        eventually(lambda: tab.numbers.get("Events") == "1" or tab.heard(1), "it is open")
        with killed_while_somebody_reads(live, "insights.delivery_counts"):
            assert send(2).status_code == 200
        live.database.server._ensure_running()
        eventually(
            lambda: (tab.heard(1) or True) and tab.numbers["Events"] == "2" and not tab.problems,
            "every part is there again",
        )
