from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from domo_insights import settings
from domo_insights.errors import ConfigError
from domo_insights.settings import Settings
from domo_insights.settings_page import as_markdown

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def _from_the_environment():
    settings.activate(None)
    yield
    settings.activate(None)


def test_the_page_about_settings_says_what_the_code_says():
    assert (ROOT / "docs/settings.md").read_text() == as_markdown()


def test_the_example_file_names_every_setting():
    named = (ROOT / ".env.example").read_text()
    assert [name for name in Settings.model_fields if f"{name.upper()}=" not in named] == []


def test_a_malformed_setting_is_named_and_its_value_is_not_repeated(monkeypatch):
    monkeypatch.setenv("SUPABASE_URL", "hunter2.example")
    with pytest.raises(ConfigError, match=r"SUPABASE_URL: .*http") as told:
        settings.current()
    assert "hunter2" not in str(told.value)


def test_secrets_are_not_shown():
    shown = repr(Settings(database_url="postgresql://u:hunter2@h/d", tavus_webhook_secret="x9x"))
    assert "hunter2" not in shown
    assert "x9x" not in shown


def test_a_missing_secret_is_named():
    with pytest.raises(ConfigError, match="TAVUS_WEBHOOK_SECRET is not set"):
        Settings(tavus_webhook_secret=None).secret("tavus_webhook_secret")


def test_the_first_session_key_signs_and_all_of_them_read():
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    before = Settings(insights_session_keys=old).session_cipher.encrypt(b"x")
    both = Settings(insights_session_keys=f"{new}, {old}").session_cipher
    assert both.decrypt(before) == b"x"
    assert Settings(insights_session_keys=new).session_cipher.decrypt(both.encrypt(b"y")) == b"y"


def test_a_session_key_that_is_none_is_told():
    with pytest.raises(ConfigError, match="not a Fernet key") as told:
        _ = Settings(insights_session_keys="hunter2").session_cipher
    assert "hunter2" not in str(told.value)


def test_lists_are_words_with_commas_between(monkeypatch):
    monkeypatch.setenv("INSIGHTS_HIGH_INTENT", "price, call back ,")
    assert settings.current().insights_high_intent == ("price", "call back")


@pytest.mark.parametrize(
    ("given", "hosted"),
    [
        ({}, False),
        ({"supabase_url": "https://x.example"}, True),
        ({"database_url": "postgresql://h/d"}, True),
    ],
)
def test_what_makes_it_hosted(given, hosted, monkeypatch):
    for name in ("SUPABASE_URL", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    assert Settings(**given).hosted is hosted
