"""What of a run reaches the browser; tests/browser/test_live.py has a real one."""

import asyncio

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_cache import create_reference_msg, populate_hash_if_needed

from domo_insights.ui import patches
from domo_insights.ui.patches import Patches
from tests.loops import run

LOOK = "the fragment that looks"
WELL, PART, EARLY, BROKEN = (
    ForwardMsg.FINISHED_SUCCESSFULLY,
    ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY,
    ForwardMsg.FINISHED_EARLY_FOR_RERUN,
    ForwardMsg.FINISHED_WITH_COMPILE_ERROR,
)


def _said(message):
    populate_hash_if_needed(message)
    return message


def begins(*fragments):
    said = ForwardMsg()
    said.new_session.initialize.session_id = "s"
    said.metadata.run.fragment_ids.extend(fragments)
    return _said(said)


def ends(status):
    said = ForwardMsg()
    said.script_finished = status
    return _said(said)


def title(words):
    said = ForwardMsg()
    said.page_config_changed.title = words
    return _said(said)


def block(*path, fragment=""):
    said = ForwardMsg()
    said.delta.add_block.vertical.border = True
    said.delta.fragment_id = fragment
    said.metadata.delta_path.extend(path)
    return _said(said)


def words(text, *path):
    said = ForwardMsg()
    said.delta.new_element.markdown.body = text
    said.metadata.delta_path.extend(path)
    said = _said(said)
    said.metadata.cacheable = True
    return said


def chart(spec, *path):
    said = ForwardMsg()
    said.delta.new_element.plotly_chart.spec = spec
    said.metadata.delta_path.extend(path)
    return _said(said)


def card(number, line, *path):
    said = ForwardMsg()
    said.delta.new_element.metric.body = number
    said.delta.new_element.metric.chart_data.extend(line)
    said.metadata.delta_path.extend(path)
    return _said(said)


def nothing(*path):
    said = ForwardMsg()
    said.delta.new_element.empty.SetInParent()
    said.metadata.delta_path.extend(path)
    return _said(said)


def page(text, *more, end=WELL):
    """A whole run: a block is put where nothing was, as every part of a page does it."""
    return [begins(), title("Domo"), nothing(0, 0), block(0, 0), words("always", 0, 0, 0),
            words(text, 0, 0, 1), *more, ends(end)]  # fmt: skip


def look(end):
    return [begins(LOOK), block(0, 9, fragment=LOOK), ends(end)]


class Tab:
    """A browser at the end of the real middleware, and a Streamlit that says what it is told to."""

    def __init__(self, charts_apart=0.0):
        self.got = []
        self.charts_apart = charts_apart

    def hears(self, *scenes):
        """What the browser gets of the last scene. A scene: what Streamlit says, "woken", "asks",
        "waits" (until something comes) or "rests" (for as long as charts keep apart)."""

        async def streamlit(_scope, receive, send):
            for scene in scenes:
                self.got.clear()
                for said in scene:
                    if said == "woken":
                        patches.wake("s", self.charts_apart)
                    elif said == "waits":
                        async with asyncio.timeout(10):
                            while not self.got:
                                await asyncio.sleep(0.005)
                    elif said == "rests":
                        await asyncio.sleep(self.charts_apart)
                    elif said == "asks":
                        await receive()
                    else:
                        await send({"type": "websocket.send", "bytes": said.SerializeToString()})

        async def asks():
            asked = BackMsg()
            asked.rerun_script.query_string = ""
            return {"type": "websocket.receive", "bytes": asked.SerializeToString()}

        async def gets(message):
            self.got.append(ForwardMsg.FromString(message["bytes"]))

        run(Patches(streamlit)({"type": "websocket"}, asks, gets))
        return self.got


def first(text="1"):
    """The run of a browser that has just connected; the fragment that looks is part of it."""
    return page(text, block(0, 9, fragment=LOOK))


def again(text, **end):
    return ["woken", *look(EARLY), *page(text, block(0, 9, fragment=LOOK), **end)]


def test_what_a_browser_asked_for_it_gets_whole():
    assert Tab().hears(first()) == first()
    assert Tab().hears(first(), ["asks", *first("2")]) == first("2")


def test_of_a_run_that_it_did_not_ask_for_it_gets_what_came_out_differently():
    (got,) = Tab().hears(first(), again("2"))
    assert got.delta.new_element.markdown.body == "2"
    assert list(got.metadata.delta_path) == [0, 0, 1]
    assert not got.metadata.cacheable, "a browser forgets only with the runs that it hears of"
    (got,) = Tab().hears(first(), again("2"), again("3"))
    assert got.delta.new_element.markdown.body == "3"
    assert Tab().hears(first(), again("2"), again("2")) == []
    (got,) = Tab().hears(first(), again("2"), again("1"))
    assert got.delta.new_element.markdown.body == "1"


def test_what_a_run_took_back_itself_is_not_sent():
    gone = [block(0, 3), words("a moment", 0, 3, 0), nothing(0, 3), block(0, 9, fragment=LOOK)]
    start = page("1", nothing(0, 3), block(0, 9, fragment=LOOK))
    (got,) = Tab().hears(start, ["woken", *look(EARLY), *page("2", *gone)])
    assert got.delta.new_element.markdown.body == "2"


def test_a_look_that_finds_nothing_is_not_heard_of():
    assert Tab().hears(first(), ["woken", *look(PART)]) == []


def test_another_layout_is_told_whole():
    other = page("1", block(0, 9, fragment=LOOK), words("and more", 0, 1))
    assert Tab().hears(first(), ["woken", *look(EARLY), *other]) == [*look(EARLY), *other]
    fewer = page("1")
    assert Tab().hears(first(), ["woken", *look(EARLY), *fewer]) == [*look(EARLY), *fewer]
    element = [*page("1")[:-1], words("no block any more", 0, 9), ends(WELL)]
    assert Tab().hears(first(), ["woken", *look(EARLY), *element]) == [*look(EARLY), *element]
    renamed = [title("Other") if m == title("Domo") else m for m in first("1")]
    assert Tab().hears(first(), ["woken", *look(EARLY), *renamed]) == [*look(EARLY), *renamed]


def test_a_run_that_breaks_is_told_whole_and_the_next_one_too():
    broken = again("2", end=BROKEN)
    assert Tab().hears(first(), broken) == broken[1:]
    assert Tab().hears(first(), broken, again("3")) == again("3")[1:]


def test_a_person_who_asks_meanwhile_misses_nothing():
    held = ["woken", *look(EARLY), begins(), block(0, 0)]
    rest = [words("always", 0, 0, 0), ends(EARLY), *first("2")]
    assert Tab().hears(first(), [*held, "asks", *rest]) == [*held[1:], *rest]
    (got,) = Tab().hears(first(), [*held, "asks", *rest], again("3"))
    assert got.delta.new_element.markdown.body == "3"


def test_what_was_asked_for_before_the_wake_is_answered():
    assert Tab().hears(first(), ["asks", "woken", *look(PART)]) == look(PART)
    assert Tab().hears(first(), ["asks", "woken", *first("2")]) == first("2")


def test_a_part_that_was_drawn_by_itself_is_known_or_everything_is_told():
    same = ["asks", begins("f"), block(0, 0), words("always", 0, 0, 0), words("1", 0, 0, 1)]
    (got,) = Tab().hears(first(), [*same, ends(PART)], again("2"))
    assert got.delta.new_element.markdown.body == "2"
    for part in (same[:-1], [*same[:-1], words("other", 0, 0, 1)]):
        assert Tab().hears(first(), [*part, ends(PART)], again("2")) == again("2")[1:]


def test_what_a_browser_has_cached_is_known_by_its_name():
    cached = [create_reference_msg(m) if m == words("1", 0, 0, 1) else m for m in first("1")]
    (got,) = Tab().hears(["asks", *cached], again("2"))
    assert got.delta.new_element.markdown.body == "2"


def test_a_notice_appears_once_and_as_it_was_sent():
    notice = ForwardMsg()
    notice.delta.new_element.toast.body = "Saved"
    notice.metadata.delta_path.extend((2, 0))
    noticed = page("2", block(0, 9, fragment=LOOK), _said(notice))
    assert Tab().hears(first(), ["woken", *look(EARLY), *noticed]) == [*look(EARLY), *noticed]
    same = ["woken", *look(EARLY), *noticed]
    assert Tab().hears(noticed, same) == same[1:]


FAR = 3600.0
NEAR = 0.05


def drawn(text, line):
    """A run with a number, a chart, and a card that says the same as before over a new line."""
    return [*page(text)[:-1], chart(f"chart {line}", 0, 0, 2), card("7", [line], 0, 0, 3),
            card(text, [line], 0, 0, 4), block(0, 9, fragment=LOOK), ends(WELL)]  # fmt: skip


def redrawn(text, line):
    return ["woken", *look(EARLY), *drawn(text, line)]


def told(got):
    return [said.delta.new_element.WhichOneof("type") for said in got]


def test_numbers_do_not_wait_for_charts():
    tab = Tab(FAR)
    assert told(tab.hears(drawn("1", 1), redrawn("2", 2))) == [
        "markdown", "metric", "plotly_chart", "metric",
    ], "the first charts go at once"  # fmt: skip
    got = tab.hears(drawn("1", 1), redrawn("2", 2), redrawn("3", 3))
    assert told(got) == ["markdown", "metric"]
    assert [said.delta.new_element.metric.body for said in got] == ["", "3"]


def test_charts_that_wait_come_by_themselves_and_once():
    tab = Tab(NEAR)
    got = tab.hears(drawn("1", 1), redrawn("2", 2), redrawn("3", 3), ["waits"])
    assert told(got) == ["plotly_chart", "metric"]
    assert got[0].delta.new_element.plotly_chart.spec == "chart 3"
    start = (drawn("1", 1), redrawn("2", 2), redrawn("3", 3), ["waits"])
    assert tab.hears(*start, redrawn("3", 3)) == [], "the browser shows them by now"
    assert tab.hears(*start, ["rests"]) == []


def test_charts_do_not_wait_longer_than_something_moves(monkeypatch):
    monkeypatch.setattr(patches, "CALM_SECONDS", NEAR)
    got = Tab(FAR).hears(drawn("1", 1), redrawn("2", 2), redrawn("3", 3), ["waits"])
    assert told(got) == ["plotly_chart", "metric"]


def test_of_charts_that_wait_the_last_one_is_sent():
    tab = Tab(FAR)
    got = tab.hears(drawn("1", 1), redrawn("2", 2), redrawn("3", 3), redrawn("4", 4), ["asks"])
    assert [said.delta.new_element.plotly_chart.spec for said in got] == ["chart 4", ""]
    back = tab.hears(drawn("1", 1), redrawn("2", 2), redrawn("3", 3), redrawn("3", 2), ["asks"])
    (back,) = back  # what came out as the browser shows it needs nothing
    assert list(back.metadata.delta_path) == [0, 0, 4]


def test_what_is_told_whole_comes_after_the_charts_that_wait():
    start = (drawn("1", 1), redrawn("2", 2), redrawn("3", 3))
    asked = ["asks", *drawn("5", 5)]
    got = Tab(FAR).hears(*start, asked)
    assert told(got[:2]) == ["plotly_chart", "metric"]
    assert got[2:] == asked[1:]
    broken = [*redrawn("5", 5)[:-1], ends(BROKEN)]
    got = Tab(FAR).hears(*start, broken)
    assert told(got[:2]) == ["plotly_chart", "metric"]
    assert got[2:] == broken[1:]
