"""Would it answer, and why not?"""

import streamlit as st

from domo_insights.ui import knowledge_editor, playground, playground_compare, playground_results

demo_id = playground.demo()
if demo_id is None:
    st.stop()

known = playground.kpis(demo_id)
if known is None:
    st.stop()

asked = playground.question(known)
if asked:
    found = playground.answer(demo_id, asked)
    left, right = st.columns([3, 2])
    with left:
        playground_results.results(found)
    with right:
        playground_compare.why_not(demo_id, asked, found)
        playground_compare.other_way(demo_id, asked, found)

left, right = st.columns([3, 2])
with left:
    knowledge_editor.chunks(demo_id)
    knowledge_editor.history(demo_id)
with right:
    knowledge_editor.write(demo_id, question=asked.text if asked else "")
