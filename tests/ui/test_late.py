"""A block that takes a while has a skeleton meanwhile, and no block has one for longer."""

import threading
import time

from streamlit.testing.v1 import AppTest

from domo_insights.ui import late


def slow():
    import time

    import streamlit as st

    from domo_insights.ui import blocks, late

    late.LATE_SECONDS = 0.05
    with blocks.alone("slow"):
        st.write("first")
        time.sleep(0.4)
        st.write("second")


def test_a_late_block_has_a_skeleton_until_it_is_through(monkeypatch):
    shown = []
    monkeypatch.setattr(
        "streamlit.delta_generator.DeltaGenerator.skeleton",
        lambda self, **given: shown.append(given),
    )
    monkeypatch.setattr("domo_insights.ui.late.LATE_SECONDS", 0.5)
    app = AppTest.from_function(slow, default_timeout=60).run()
    assert [said.value for said in app.markdown] == ["first", "second"]
    assert shown == [{"height": 200}]
    time.sleep(0.1)
    assert not app.exception


def test_one_that_cannot_be_shown_keeps_no_other_from_it():
    done = threading.Event()

    def broken():
        raise RuntimeError("the tab is gone")

    late._clock.at(time.monotonic(), broken)
    late._clock.at(time.monotonic(), done.set)
    assert done.wait(20)
