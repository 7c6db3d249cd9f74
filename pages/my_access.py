"""Who am I, and what can I see?"""

import streamlit as st

from domo_insights.queries import access, demos
from domo_insights.ui import access_blocks, own_data

left, right = st.columns(2)
with left:
    access_blocks.identity(access.identity, demos.mine)
with right:
    access_blocks.browsers()

access_blocks.tables(access.tables)
access_blocks.trial()
own_data.archive()
access_blocks.audit_log(access.audit_log)
