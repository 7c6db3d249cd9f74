"""What `doctor` says of settings and of the sign-in service."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from domo_insights.cli.checkup_hosting import hosting, offers
from domo_insights.database.findings import Level
from domo_insights.local import auth_api
from domo_insights.local.auth_ways import Ways
from domo_insights.local.keys import Keys, keys_of
from domo_insights.settings import Settings

POOLED = "postgresql://domo_insights:secret@pooler.supabase.example:6543/postgres"


@pytest.mark.parametrize(
    ("settings", "subjects"),
    [
        ({}, []),
        ({"insights_public_url": "https://insights.example"}, []),
        ({"insights_public_url": "http://127.0.0.1:8501"}, []),
        ({"insights_public_url": "http://insights.example"}, ["INSIGHTS_PUBLIC_URL"]),
        ({"database_url": POOLED}, ["DATABASE_URL", "DATABASE_LISTEN_URL"]),
        ({"database_url": f"{POOLED}?sslmode=prefer"}, ["DATABASE_URL", "DATABASE_LISTEN_URL"]),
        ({"database_url": f"{POOLED}?sslmode=require"}, ["DATABASE_LISTEN_URL"]),
        (
            {
                "database_url": f"{POOLED}?sslmode=verify-full",
                "database_listen_url": POOLED.replace("6543", "5432"),
            },
            ["DATABASE_LISTEN_URL"],
        ),
        (
            {"database_admin_url": "postgresql://postgres:pw@db.example/postgres"},
            ["DATABASE_ADMIN_URL"],
        ),
        ({"database_url": "postgresql://domo_insights@127.0.0.1:5432/postgres"}, []),
        ({"database_url": "postgresql://domo_insights@/postgres?host=/tmp/x"}, []),
    ],
)
def test_addresses(settings: dict[str, str], subjects: list[str]) -> None:
    found = list(hosting(Settings(**settings)))  # type: ignore[arg-type]
    assert [finding.subject for finding in found] == subjects
    for finding in found:
        assert finding.hint
        assert "secret" not in finding.says + finding.hint


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return keys_of(tmp_path)


@pytest.fixture(params=[Ways(), Ways(sign_up=True, provider="github")], ids=["closed", "open"])
def service(request: pytest.FixtureRequest, keys: Keys) -> Iterator[str]:
    nowhere = "postgresql://nobody@127.0.0.1:9/nothing"
    with auth_api.running(nowhere, keys, ways=request.param) as url:
        yield url


def test_what_the_sign_in_service_offers(
    service: str, keys: Keys, request: pytest.FixtureRequest
) -> None:
    settings = Settings(supabase_url=service, supabase_publishable_key=keys.publishable_key)
    said = {finding.says: finding.level for finding in offers(settings)}
    closed = "email; no accounts are made"
    open_ = "email, github; anybody may make an account"
    assert said == {closed if "closed" in request.node.name else open_: Level.FINE}


def test_service_that_does_not_answer_is_said_elsewhere() -> None:
    assert list(offers(Settings(supabase_url="http://127.0.0.1:9"))) == []
