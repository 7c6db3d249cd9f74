import logging

import numpy as np
import pytest
from pydantic import SecretStr

from domo_insights import settings
from domo_insights.embedding import DIMENSIONS, embedder_for
from domo_insights.embedding.openai_model import OpenAIModel
from domo_insights.errors import ConfigError, EmbeddingError
from tests.embedding.conftest import KEY, vector, well

SMALL = "text-embedding-3-small"


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def model(openai, pauses):
    return OpenAIModel(SMALL, SecretStr(KEY), openai.url, pauses.append)


def test_vectors_come_in_the_order_of_the_texts(openai, model):
    texts = [f"text number {n}" for n in range(70)]
    vectors = model.embed(texts)
    assert vectors.shape == (70, DIMENSIONS)
    for row in (0, 31, 32, 69):
        wanted = np.array(vector(texts[row]))
        assert vectors[row] @ wanted / np.linalg.norm(wanted) == pytest.approx(1, abs=1e-5)
    assert [len(body["input"]) for body in openai.asked] == [32, 32, 6]
    assert {body["model"] for body in openai.asked} == {SMALL}
    assert set(openai.keys) == {f"Bearer {KEY}"}


@pytest.mark.parametrize("text", ["", " ", "x" * 50_000, "界" * 50_000, "a\0b", "a\ud800b"])
def test_inputs_are_such_that_they_are_accepted(openai, model, text):
    model.embed([text])
    sent = openai.asked[0]["input"][0]
    assert sent.strip()
    assert len(sent.encode()) <= 8_191


@pytest.mark.parametrize(("status", "words"), [(429, "slow down"), (500, "trouble"), (503, "503")])
def test_what_may_pass_is_asked_again(openai, model, pauses, status, words):
    openai.script = [(status, {}, {}), (status, {"retry-after": "7"}, {})]
    assert model.embed(["x"]).any()
    assert len(openai.asked) == 3
    assert pauses[0] < 1 < pauses[1] == 7
    openai.script = [(status, {}, b"<html>")] * 5
    with pytest.raises(EmbeddingError, match=words):
        model.embed(["x"])
    assert not openai.script


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, {"error": {"message": f"Incorrect key {KEY}"}}, "refuses the key"),
        (429, {"error": {"code": "insufficient_quota"}}, "no quota"),
        (400, {}, "refuses the request"),
    ],
)
def test_what_stays_is_told_at_once(openai, model, pauses, caplog, status, body, words):
    openai.script = [(status, {}, body)]
    with caplog.at_level(logging.DEBUG), pytest.raises(EmbeddingError, match=words) as told:
        model.embed(["x"])
    assert not pauses
    assert KEY not in str(told.value) + told.value.hint + repr(model.__dict__) + caplog.text


GARBAGE = {
    "not JSON": b"<html>hello</html>",
    "nothing": b"",
    "another shape": {"hello": 1},
    "a list": [],
    "too few": well(["a"]),
    "too short": {"data": [{"index": n, "embedding": [1.0]} for n in range(2)]},
    "one number twice": {"data": [well(["a"])["data"][0]] * 2},
    "words": {"data": [{"index": n, "embedding": ["x"] * 1536} for n in range(2)]},
    "no numbers": {"data": [{"index": n, "embedding": [float("nan")] * 1536} for n in range(2)]},
    "zeros": {"data": [{"index": n, "embedding": [0.0] * 1536} for n in range(2)]},
}


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_is_no_embedding(openai, model, body):
    openai.script = [(200, {}, body)]
    with pytest.raises(EmbeddingError, match="no embedding"):
        model.embed(["a", "b"])


def test_nobody_there(openai, pauses):
    model = OpenAIModel(SMALL, SecretStr(KEY), "http://127.0.0.1:9/v1", pauses.append)
    with pytest.raises(EmbeddingError, match="cannot be reached"):
        model.embed(["x"])
    assert len(pauses) == 4


def test_models_are_found_by_name(openai, monkeypatch):
    assert embedder_for(SMALL).name == SMALL
    monkeypatch.setenv("INSIGHTS_EMBEDDING_MODEL", "text-embedding-ada-002")
    settings.activate(None)
    assert embedder_for().name == "text-embedding-ada-002"
    with pytest.raises(EmbeddingError, match="does not know"):
        embedder_for("another")
    monkeypatch.delenv("OPENAI_API_KEY")
    settings.activate(None)
    with pytest.raises(ConfigError, match="OPENAI_API_KEY"):
        embedder_for(SMALL)
