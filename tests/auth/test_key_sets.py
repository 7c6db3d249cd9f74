"""Public keys are fetched seldom, found when they change, and kept while nobody answers."""

import pytest

from domo_insights.auth import key_sets
from domo_insights.auth.key_sets import KeySet
from domo_insights.errors import AuthServiceError
from domo_insights.local import auth_api
from domo_insights.local.keys import Keys, keys_of

NOWHERE = "postgresql://nobody@127.0.0.1:9/nothing"
PATH = "/auth/v1/.well-known/jwks.json"


@pytest.fixture
def other(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return keys_of(tmp_path_factory.mktemp("other"))


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were really asked."""
    asked: list[str] = []
    real = key_sets._fetch

    def counted(url: str) -> object:
        asked.append(url)
        return real(url)

    monkeypatch.setattr(key_sets, "_fetch", counted)
    return asked


def test_known_keys_are_fetched_once(key_service: str, keys: Keys, fetched: list[str]) -> None:
    found = KeySet(key_service + PATH)
    for _ in range(5):
        assert found.key(keys.kid, "ES256") is not None
    assert len(fetched) == 1


def test_a_key_counts_for_its_own_algorithm(key_service: str, keys: Keys) -> None:
    assert KeySet(key_service + PATH).key(keys.kid, "RS256") is None


def test_unknown_ids_do_not_make_us_ask_all_the_time(
    key_service: str, keys: Keys, fetched: list[str]
) -> None:
    found = KeySet(key_service + PATH)
    found.key(keys.kid, "ES256")
    for n in range(20):
        assert found.key(f"invented {n}", "ES256") is None
    assert len(fetched) == 2


def test_rotated_key_is_found_and_the_old_one_goes(
    keys: Keys, other: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_sets, "_AWAY_SECONDS", 0.0)
    with auth_api.running(NOWHERE, keys) as url:
        found = KeySet(url + PATH)
        assert found.key(keys.kid, "ES256") is not None
    with auth_api.running(NOWHERE, other, int(url.rsplit(":", 1)[1])):
        assert found.key(other.kid, "ES256") is not None
        assert found.key(keys.kid, "ES256") is None


def test_keys_outlive_the_service(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    with auth_api.running(NOWHERE, keys) as url:
        found = KeySet(url + PATH)
        assert found.key(keys.kid, "ES256") is not None
    monkeypatch.setattr(key_sets, "LIFETIME_SECONDS", 0.0)
    assert found.key(keys.kid, "ES256") is not None


def test_service_that_is_away_is_not_asked_at_every_request(fetched: list[str]) -> None:
    found = KeySet(f"http://127.0.0.1:9{PATH}")
    for _ in range(3):
        with pytest.raises(AuthServiceError):
            found.key("any", "ES256")
    assert len(fetched) == 1
