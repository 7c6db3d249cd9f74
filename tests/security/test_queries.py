import pytest

from domo_insights.database.doors import reading
from domo_insights.errors import NotAllowedError
from domo_insights.queries import PRODUCT_ONLY, QUERIES, READS_WORDS
from tests.factories import ANA, BEN, PIA
from tests.security.inventory import arguments

FOR_OWNERS = sorted(set(QUERIES) - PRODUCT_ONLY)


@pytest.mark.parametrize("name", sorted(PRODUCT_ONLY))
def test_an_owner_is_refused_what_is_about_the_platform(database, world, name):
    for question in arguments(name, world.ana):
        with pytest.raises(NotAllowedError), reading(database.engine, ANA) as conn:
            QUERIES[name](conn, **question)


@pytest.mark.parametrize("name", FOR_OWNERS)
def test_a_query_answers_the_owner_and_never_with_anothers_rows(database, world, name):
    for viewer, own in ((ANA, world.ana), (BEN, world.ben)):
        foreign = world.foreign_to(viewer)
        for question in arguments(name, foreign):
            with reading(database.engine, viewer) as conn:
                answer = QUERIES[name](conn, **question)
            assert not foreign.is_in(answer.to_csv()), question
            if "demo_id" in question and question["demo_id"] is not None:
                assert _nothing_counted(answer), question
        with reading(database.engine, viewer) as conn:
            asked = arguments(name, own)[0]
            assert QUERIES[name](conn, **asked).shape[1] > 0


@pytest.mark.changes
@pytest.mark.parametrize("name", FOR_OWNERS)
def test_numbers_do_not_move_with_what_others_have(database, rows, world, name):
    def answers():
        with reading(database.engine, ANA) as conn:
            return [QUERIES[name](conn, **q).to_csv() for q in arguments(name, world.ana)]

    before = answers()
    rows.exec_driver_sql("delete from public.demos where user_id = %s", (BEN.user_id,))
    assert answers() == before


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_the_product_team_gets_no_words(database, world, name):
    for question in arguments(name, world.ana):
        if name in READS_WORDS:
            with pytest.raises(NotAllowedError), reading(database.engine, PIA) as conn:
                QUERIES[name](conn, **question)
        else:
            with reading(database.engine, PIA) as conn:
                answer = QUERIES[name](conn, **question).to_csv()
            assert "says" not in answer


def _nothing_counted(answer):
    counts = answer.select_dtypes("int64")
    return (counts == 0).all(axis=None)
