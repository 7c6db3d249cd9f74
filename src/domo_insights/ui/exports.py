"""The way out of a block: its rows as a file, through a route that asks as whoever opens it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Final
from uuid import UUID

import streamlit as st

from domo_insights.exports import asked as addresses
from domo_insights.queries import Query
from domo_insights.settings import current
from domo_insights.ui import spoken
from domo_insights.ui.filters import Asked
from domo_insights.ui.plain import plain

_LINK: Final = "display: block; padding: .3rem 0"
_FORMS: Final = ("csv", "json")


@dataclass(frozen=True, slots=True)
class Export:
    """An answer and what was asked for it; `more` are arguments beside the shared ones."""

    query: Query
    asked: Asked
    more: Mapping[str, object] = field(default_factory=dict)

    def address(self, form: str) -> str:
        """Where it is as `form`, csv or json."""
        name = f"{self.query.__module__.rpartition('.')[2]}.{self.query.__name__}"
        return addresses.address(name, form, shared(self.asked), **self.more)


def of(query: Query, asked: Asked, **more: object) -> Export:
    """What `query` answers, as a file."""
    return Export(query, asked, more)


def menu(export: Export, key: str, title: str) -> None:
    """The menu of the block `title`."""
    links = {f"{form.upper()} file": export.address(form) for form in _FORMS}
    downloads(links, f"export_{key}", title)


def transcript_menu(conversation_id: str, rows: Mapping[str, Query], asked: Asked) -> None:
    """The same for one conversation: word for word, and `rows` that it is drawn of, by name."""
    links = {
        f"{name} file": addresses.transcript_address(conversation_id, form)
        for name, form in (("Markdown", "md"), ("JSON", "json"))
    }
    for name, query in rows.items():
        export = of(query, asked, conversation_id=conversation_id)
        links |= {f"{name} as {form.upper()}": export.address(form) for form in _FORMS}
    downloads(links, "export_conversation", "this conversation")


def summary_link(asked: Asked) -> None:
    """The way to the page that prints well."""
    if asked.demo_id:
        where = current().prefix + addresses.summary_address(asked.demo_id, shared(asked))
        st.link_button("Summary to print", where, icon=":material/print:")


def video_link(demo_id: UUID, number: int, title: str) -> None:
    """The way to a video's file, in a tab of its own."""
    where = escape(current().prefix + addresses.video_address(demo_id, number))
    st.html(
        f'<a href="{where}" target="_blank" rel="noopener"'
        f' aria-label="Watch {escape(plain(title))}">Watch</a>',
        width="content",
    )


def downloads(links: Mapping[str, str], key: str, what: str) -> None:
    """Links to files of ours, all of them of `what`."""
    label = spoken.label("Export", what)
    with st.popover(label, icon=":material/download:", type="tertiary", key=key):
        st.html(
            "".join(
                f'<a href="{escape(current().prefix + where)}" download style="{_LINK}">'
                f"{escape(name)}</a>"
                for name, where in links.items()
            )
        )


def shared(asked: Asked) -> addresses.Asked:
    """What the shared controls say, as addresses say it."""
    return addresses.Asked(asked.period, asked.demo_id, asked.include_test)
