"""Vectors without a name: believed only when a sample agrees."""

import numpy as np
import pytest
from sqlalchemy import func, select, text, update

from domo_insights.actions.knowledge_declaring import declare
from domo_insights.database.tables import embedding_models, knowledge_chunks
from domo_insights.embedding import embedder_for
from domo_insights.errors import DomoInsightsError
from tests.factories import chunk, demo
from tests.queries.test_knowledge import MINILM, TEXTS

NAMED = select(func.count()).where(knowledge_chunks.c.embedding_model == MINILM)


@pytest.fixture
def hosted(rows):
    """Chunks as the platform stores them: a vector of the content alone, and no model."""
    where, model = demo(rows), embedder_for("local")
    return where, [
        chunk(rows, where, content=said, question=asked, answer=said,
              vector_embedding=model.embed([said])[0])
        for asked, said in TEXTS.values()
    ]  # fmt: skip


def test_a_name_that_is_right_is_given_and_kept_for_those_to_come(database, rows, hosted):
    where, made = hosted
    rows.execute(text("update knowledge_chunks set content = 'New words' where id = :i"),
                 {"i": made[0]})  # fmt: skip
    found = declare(database.admin.begin, embedder_for("local"))
    assert (found.named, found.left) == (4, 1)
    assert rows.execute(NAMED).scalar_one() == 4
    late = chunk(rows, where, content="x", vector_embedding=np.ones(1536))
    bare = chunk(rows, where, content="y")
    names = dict(rows.execute(select(knowledge_chunks.c.id, knowledge_chunks.c.embedding_model)
                              .where(knowledge_chunks.c.id.in_([late, bare]))).all())  # fmt: skip
    assert names == {late: MINILM, bare: None}
    rows.execute(update(knowledge_chunks).where(knowledge_chunks.c.id == made[0])
                 .values(vector_embedding=np.ones(1536)))  # fmt: skip
    assert rows.execute(NAMED).scalar_one() == 6
    rows.execute(update(knowledge_chunks).where(knowledge_chunks.c.id == made[1])
                 .values(content="Edited under its old vector"))  # fmt: skip
    assert rows.execute(NAMED).scalar_one() == 5


def test_one_demo_alone_says_nothing_of_those_to_come(database, rows, hosted):
    where, _ = hosted
    assert declare(database.admin.begin, embedder_for("local"), where).named == 5
    flagged = select(embedding_models.c.name).where(embedding_models.c.unlabelled)
    assert not rows.execute(flagged).all()


def test_a_wrong_name_is_refused_and_nothing_changes(database, rows, hosted):
    random = np.random.default_rng(2)
    for chunk_id in hosted[1]:
        rows.execute(update(knowledge_chunks).where(knowledge_chunks.c.id == chunk_id)
                     .values(vector_embedding=random.normal(size=1536)))  # fmt: skip
    with pytest.raises(DomoInsightsError, match=r"not made by .* 0 agree"):
        declare(database.admin.begin, embedder_for("local"))
    assert rows.scalars(select(knowledge_chunks.c.embedding_model)).all() == [None] * 5
    flagged = select(embedding_models.c.name).where(embedding_models.c.unlabelled)
    assert not rows.execute(flagged).all()
