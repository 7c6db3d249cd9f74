"""Who is woken when; tests/browser/test_live.py has tabs of a real browser."""

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from streamlit.proto.ClientState_pb2 import ClientState

from domo_insights.ui import tabs
from domo_insights.ui.tabs import AT_ONCE, CHARTS_APART_AT_MOST_SECONDS, Tab
from tests.factories import ANA, BEN
from tests.loops import run


class World:
    """What tabs see of the rest: versions, and the runs that they were told to make."""

    def __init__(self):
        self.versions = {ANA.user_id: 1, BEN.user_id: 1}
        self.gone = set()
        self.ran = []
        self.charts_apart = []

    def run(self, tab, charts_apart):
        if tab.session_id in self.gone:
            return False
        self.ran.append(tab.session_id)
        self.charts_apart.append(charts_apart)
        return True


@pytest.fixture
def world(monkeypatch):
    made = World()
    monkeypatch.setattr(tabs, "version_of", lambda viewer: made.versions[viewer.user_id])
    monkeypatch.setattr(tabs, "_run", made.run)
    monkeypatch.setattr(tabs, "_is_there", lambda session_id: session_id not in made.gone)
    return made


@asynccontextmanager
async def kept():
    async with tabs.waking() as moved:
        yield tabs._kept, moved


def tab(name, viewer=ANA, seen=1, rested_at=0.0):
    return Tab(name, viewer, seen, rested_at, ClientState())


async def ends_with(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


def test_those_whose_data_moved_are_woken_and_nobody_else(world):
    async def scene():
        async with kept() as (these, moved):
            for one in (tab("a"), tab("b", BEN)):
                these.wait(one)
            world.versions[ANA.user_id] = 2
            moved()
            await ends_with(lambda: world.ran)
            these.wait(tab("a", seen=2))
            moved()
            these.wait(tab("c", seen=1))
            await ends_with(lambda: len(world.ran) == 2)
        assert world.ran == ["a", "c"]
        assert not tabs.are_woken()

    run(scene())


def test_few_at_a_time_the_longest_rested_first(world):
    async def scene():
        async with kept() as (these, moved):
            waiting = {f"t{n}": tab(f"t{n}", rested_at=100.0 - n) for n in range(10)}
            for one in waiting.values():
                these.wait(one)
            world.versions[ANA.user_id] = 2
            moved()
            await ends_with(lambda: len(world.ran) == AT_ONCE)
            for _ in range(20):
                moved()
                await asyncio.sleep(0)
            assert world.ran == ["t9", "t8", "t7"]
            done = 0
            while done < len(waiting):
                await ends_with(lambda so_far=done: len(world.ran) > so_far)
                these.wait(replace(waiting[world.ran[done]], seen=2))
                done += 1
                assert len(world.ran) - done <= AT_ONCE
        assert sorted(world.ran) == sorted(waiting)

    run(scene())


def test_a_tab_rests_and_what_is_gone_holds_nobody_up(world):
    async def scene():
        async with kept() as (these, moved):
            world.gone = {f"gone{n}" for n in range(AT_ONCE + 2)}
            for name in world.gone:
                these.wait(tab(name))
            until = time.monotonic() + 0.2
            these.wait(tab("rests", rested_at=until))
            world.versions[ANA.user_id] = 2
            moved()
            await ends_with(lambda: world.ran)
            assert time.monotonic() >= until
            assert not any(these.waiting(name) for name in world.gone)
        assert world.ran == ["rests"]

    run(scene())


def test_a_tab_that_is_drawn_is_left_alone(world):
    async def scene():
        async with kept() as (these, moved):
            these.wait(tab("a"))
            assert these.take_out("a")
            these.wait(tab("b"))
            world.versions[ANA.user_id] = 2
            moved()
            await ends_with(lambda: world.ran)
        assert world.ran == ["b"]

    run(scene())


def test_a_tab_that_is_closed_or_fails_while_it_is_drawn_gives_its_place_back(world):
    async def scene():
        async with kept() as (these, moved):
            names = [f"t{n}" for n in range(AT_ONCE)]
            for name in [*names, "late"]:
                these.wait(tab(name, rested_at=1.0 if name == "late" else 0.0))
            world.versions[ANA.user_id] = 2
            moved()
            await ends_with(lambda: len(world.ran) == AT_ONCE)
            world.gone.add(names[0])
            await ends_with(lambda: "late" in world.ran)
            these.wait(tab("later"))
            these.drawn(names[1])
            await ends_with(lambda: "later" in world.ran)

    run(scene())


def test_a_tab_that_was_closed_is_forgotten_although_nothing_moved(world):
    async def scene():
        async with kept() as (these, _moved):
            these.wait(tab("closed"))
            these.wait(tab("open"))
            world.gone.add("closed")
            these.wait(tab("new"))
            assert not these.waiting("closed")
            assert these.waiting("open")
            assert these.waiting("new")

    run(scene())


def test_the_more_tabs_something_moves_under_the_further_apart_are_their_charts(world):
    async def scene():
        async with kept() as (these, moved):
            these.wait(tab("b", BEN))
            for number in range(20):
                these.wait(tab(f"a{number}"))
            world.versions[BEN.user_id] = 2
            moved()
            await ends_with(lambda: world.ran == ["b"])
            assert tabs.lively() == 1
            world.versions[ANA.user_id] = 2
            moved()
            for done in range(1, 21):
                await ends_with(lambda done=done: len(world.ran) > done)
                these.drawn(world.ran[done])

    run(scene())
    first, second, third, *_, last = world.charts_apart
    assert second == pytest.approx(2 * first)
    assert third == pytest.approx(3 * first)
    assert last == CHARTS_APART_AT_MOST_SECONDS


def test_a_tab_that_nothing_moves_under_any_more_is_not_lively(world, monkeypatch):
    monkeypatch.setattr(tabs, "LIVELY_SECONDS", 0.0)

    async def scene():
        async with kept() as (these, moved):
            these.wait(tab("a"))
            world.versions[ANA.user_id] = 2
            moved()
            await ends_with(lambda: world.ran)
            assert tabs.lively() == 0

    run(scene())
