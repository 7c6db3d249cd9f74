import numpy as np
import pytest

from domo_insights.embedding import DIMENSIONS, chunk_text, embedder_for
from domo_insights.embedding.local_model import LocalModel
from domo_insights.errors import EmbeddingError

ODD = {
    "empty": "",
    "spaces": " \n\t ",
    "punctuation": "?!… ---",
    "very long": "price " * 8_334,
    "one endless word": "x" * 50_000,
    "German": "Wie viel kostet es im Monat?",
    "Japanese": "料金はいくらですか",
    "Arabic": "كم السعر؟",
    "SQL": "'; drop table knowledge_chunks; --",
    "HTML": "<script>alert(1)</script>",
    "NUL": "a\0b",
    "half a surrogate": "a\ud800b",
}


@pytest.fixture(scope="module")
def model():
    return embedder_for("local")


@pytest.mark.parametrize("text", ODD.values(), ids=ODD.keys())
def test_any_text_becomes_a_vector_of_length_one(model, text):
    vectors = model.embed([text])
    assert vectors.shape == (1, DIMENSIONS)
    assert np.isfinite(vectors).all()
    assert np.linalg.norm(vectors[0]) == pytest.approx(1, abs=1e-5)
    assert not vectors[0, model.dimensions :].any()


def test_a_vector_does_not_depend_on_what_it_is_embedded_with(model):
    texts = ["How much is it?", "A much longer text. " * 30, *ODD.values()]
    together = model.embed(texts)
    alone = np.concatenate([model.embed([text]) for text in texts])
    assert np.allclose(together, alone, atol=1e-4)


def test_what_means_the_same_is_near(model):
    asked, same, other = model.embed(
        ["How much does it cost?", "What is the price?", "The cat sleeps on the sofa."]
    )
    assert asked @ same > 0.6 > 0.3 > asked @ other


def test_nothing_to_embed(model):
    assert model.embed([]).shape == (0, DIMENSIONS)


def test_the_model_is_loaded_once(model):
    assert embedder_for("all-MiniLM-L6-v2") is model
    assert model.load()[1] is model.load()[1]


def test_a_changed_file_is_refused(tmp_path):
    changed = tmp_path / "model.onnx"
    changed.write_bytes(b"something else")
    with pytest.raises(EmbeddingError, match="not the file it should be"):
        LocalModel(model=changed).embed(["x"])
    with pytest.raises(EmbeddingError, match="not the file it should be"):
        LocalModel(vocabulary=changed).embed(["x"])
    with pytest.raises(EmbeddingError, match="lacks"):
        LocalModel(model=tmp_path / "missing").embed(["x"])


def test_question_and_answer_are_embedded_where_both_are_there():
    assert chunk_text("c", "q", "a") == "q\na"
    assert chunk_text("c", "q", None) == "c"
    assert chunk_text("c", " ", "a") == "c"
