"""The way to take everything along: an archive of all that the viewer has."""

import streamlit as st

from domo_insights.exports.asked import everything_address
from domo_insights.ui import blocks, exports
from domo_insights.ui.session import current_viewer


def archive() -> None:
    """What is in it, and the file, with embeddings or without."""
    with blocks.card(
        "Your data",
        "Everything of your demos as one file: demos, videos' titles and transcripts, knowledge,"
        " conversations word for word, events, reviews, question sets, saved views, audit log.",
        key="own_data",
    ):
        if current_viewer().product_team:
            st.write("The archive belongs to the owner of each demo: it holds what was said.")
            return
        st.write(
            "JSON to be put into another Domo Insights, CSV for a spreadsheet. It holds what"
            " visitors said: keep it where only you can read it. The export is noted in your audit"
            " log."
        )
        exports.downloads(
            {
                "Archive (ZIP)": everything_address(),
                "Archive with embeddings (ZIP)": everything_address(vectors=True),
            },
            "export_everything",
            "everything",
        )
