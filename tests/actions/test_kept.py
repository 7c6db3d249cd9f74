"""Reviews and saved views: their writer's alone."""

import pytest
from sqlalchemy import insert, text

from domo_insights.actions import reviews, views
from domo_insights.database import tables_kept
from domo_insights.database.doors import editing, reading
from domo_insights.errors import DatabaseError, DomoInsightsError, NotAllowedError
from domo_insights.queries import views as kept_views
from tests.factories import ANA, BEN, NOON, PIA, conversation, demo


def test_a_review_is_written_changed_and_seen_by_its_owner_alone(rows, database):
    talk = conversation(rows, demo(rows))
    for note in ("First", "  Second\x00  "):
        with editing(database.engine, ANA) as conn:
            reviews.review(conn, talk, reviewed_at=NOON, note=note)
    row = rows.execute(text("select note, by, reviewed_at from insights.reviews")).one()
    assert (row.note, row.by, row.reviewed_at) == ("Second", ANA.user_id, NOON)
    with reading(database.engine, BEN) as conn:
        assert conn.execute(text("select * from insights.reviews")).all() == []
    with pytest.raises(NotAllowedError), reading(database.engine, PIA) as conn:
        conn.execute(text("select note from insights.reviews"))


@pytest.mark.parametrize("viewer", [BEN, PIA], ids=["ben", "pia"])
def test_nobody_reviews_what_is_anothers(rows, database, viewer):
    where = demo(rows)
    talk = conversation(rows, where)
    with pytest.raises(NotAllowedError), editing(database.engine, viewer) as conn:
        reviews.review(conn, talk, reviewed_at=NOON, note="mine")
    own = demo(rows, BEN)
    for demo_id in (where, own):
        with pytest.raises(DatabaseError), editing(database.engine, BEN) as conn:
            conn.execute(
                insert(tables_kept.reviews).values(
                    demo_id=demo_id, conversation_id=talk, note="a probe"
                )
            )
    assert rows.execute(text("select count(*) from insights.reviews")).scalar_one() == 0


def test_a_view_is_kept_replaced_listed_and_forgotten(database):
    for query in ("period=7d", "period=90d"):
        with editing(database.engine, ANA) as conn:
            views.keep(conn, "  My\nweek ", "overview", query)
    with editing(database.engine, PIA) as conn:
        views.keep(conn, "Hers", "platform", "")
    with reading(database.engine, ANA) as conn:
        found = kept_views.kept(conn)
    assert found[["name", "page", "query"]].to_numpy().tolist() == [
        ["Myweek", "overview", "period=90d"]
    ]
    view_id = found["view_id"].iloc[0]
    for viewer, left in ((BEN, 1), (PIA, 1), (ANA, 0)):
        with editing(database.engine, viewer) as conn:
            views.drop(conn, view_id)
        with reading(database.engine, ANA) as conn:
            assert len(kept_views.kept(conn)) == left
    with reading(database.engine, PIA) as conn:
        assert kept_views.kept(conn)["name"].tolist() == ["Hers"]


@pytest.mark.parametrize("name", ["", " \n ", "x" * 81])
def test_a_view_needs_a_name(database, name):
    with pytest.raises(DomoInsightsError, match="name"), editing(database.engine, ANA) as conn:
        views.keep(conn, name, "overview", "")
