"""Every query as a page asks it: over the answers that all sessions of a process share."""

import pytest

from domo_insights.errors import DomoInsightsError
from domo_insights.queries import PRODUCT_ONLY, QUERIES
from domo_insights.ui import data
from tests.factories import ANA, BEN, PIA
from tests.security.inventory import arguments


@pytest.fixture
def asked_by(database, monkeypatch):
    """Ask in a viewer's name. What is known of the data does not move meanwhile."""
    data.forget()
    monkeypatch.setattr(data, "_state_of", lambda viewer: (1.0,))

    def ask(viewer, name, question):
        monkeypatch.setattr(data, "current_viewer", lambda: viewer)
        try:
            return data.load(QUERIES[name], **question)
        except DomoInsightsError as problem:
            return type(problem)

    yield ask
    data.forget()


@pytest.mark.parametrize("name", sorted(set(QUERIES) - PRODUCT_ONLY))
def test_an_answer_that_is_kept_is_given_to_nobody_else(asked_by, world, name):
    for question in arguments(name, world.ana):
        hers = asked_by(ANA, name, question)
        for other in (BEN, PIA):
            theirs = asked_by(other, name, question)
            assert theirs is not hers
            if other is BEN and not isinstance(theirs, type):
                assert not world.ana.is_in(theirs.to_csv()), question
        again = asked_by(ANA, name, question)
        assert again is hers if isinstance(hers, type) else again.equals(hers)
