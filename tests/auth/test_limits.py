"""How often somebody may try to sign in."""

from hashlib import sha256

from sqlalchemy import select
from starlette.testclient import TestClient

from domo_insights.auth import limits
from domo_insights.database.tables_sessions import sign_in_attempts
from tests.auth.conftest import sign_in
from tests.conftest import Database
from tests.factories import ANA, BEN


def test_attempts_on_one_account_are_limited_from_any_address(browser: TestClient) -> None:
    for _ in range(limits.PER_ACCOUNT):
        assert sign_in(browser, password="no").status_code == 401
    answer = sign_in(browser, email=ANA.email.upper())
    assert answer.status_code == 429
    assert "Try again in 15 minutes." in answer.text
    assert 0 < int(answer.headers["retry-after"]) <= 15 * 60
    assert sign_in(browser, email=BEN.email).status_code == 303


def test_attempts_from_one_address_are_limited_over_all_accounts(browser: TestClient) -> None:
    for n in range(limits.PER_ADDRESS):
        limits.begin("testclient", f"user{n}@northwind.example")
    assert sign_in(browser).status_code == 429


def test_right_attempts_do_not_count(browser: TestClient) -> None:
    for _ in range(limits.PER_ACCOUNT + 1):
        assert sign_in(browser).status_code == 303
        browser.cookies.clear()


def test_attempts_are_stored_as_keyed_hashes(browser: TestClient, database: Database) -> None:
    sign_in(browser, password="no")
    with database.admin.connect() as conn:
        row = conn.execute(select(sign_in_attempts)).one()
    assert bytes(row.account_hash) != sha256(ANA.email.encode()).digest()
    assert len(row.account_hash) == len(row.address_hash) == 32
