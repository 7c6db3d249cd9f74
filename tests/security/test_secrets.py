"""Secrets come from the environment or one file, change without a fuss, and are never said."""

import io
import logging
import os
import stat

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from typer.testing import CliRunner

from domo_insights import secrets_file, settings
from domo_insights.auth import service, web_sessions
from domo_insights.cli import app
from domo_insights.errors import ConfigError, DomoInsightsError
from domo_insights.ingest.webhook import is_signature, is_token, signature_of, token_of
from domo_insights.settings import Settings
from tests.auth.conftest import PASSWORD, activate
from tests.auth.conftest import keys as keys
from tests.auth.conftest import supabase as supabase
from tests.factories import ANA

TOLD = {
    "SUPABASE_JWT_SECRET": "a jwt secret nobody may read",
    "DATABASE_URL": "postgresql://domo_insights:pass-nobody-may-read@127.0.0.1:9/x",
    "DATABASE_ADMIN_URL": "postgresql://postgres:admin-nobody-may-read@127.0.0.1:9/x",
    "TAVUS_WEBHOOK_SECRET": "webhook-nobody-may-read",
    "INSIGHTS_SESSION_KEYS": "c2Vzc2lvbi1rZXktbm9ib2R5LW1heS1yZWFkLTEyMzQ=",
    "OPENAI_API_KEY": "sk-nobody-may-read",
}
PARTS = [value for name, value in TOLD.items() if "URL" not in name] + [
    "pass-nobody-may-read",
    "admin-nobody-may-read",
]


@pytest.fixture
def own_file(tmp_path, monkeypatch):
    monkeypatch.setattr(secrets_file, "PATH", tmp_path / "secrets.toml")
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    return tmp_path / "secrets.toml"


def test_the_file_is_read_and_the_environment_wins(own_file, monkeypatch):
    own_file.write_text('TAVUS_WEBHOOK_SECRET = "of the file"\nsupabase_url = "http://a.example"\n'
                        'OTHER = 1\n[a_table]\nx = 1\n')  # fmt: skip
    found = Settings()
    assert found.secret("tavus_webhook_secret") == "of the file"
    assert found.supabase_url == "http://a.example"
    monkeypatch.setenv("TAVUS_WEBHOOK_SECRET", "of the environment")
    assert Settings().secret("tavus_webhook_secret") == "of the environment"


@pytest.mark.parametrize("broken", [b"A = secret-of-mine", b"\xff\xfe", b"A = 'secret-of-mine"])
def test_a_broken_file_is_told_without_what_is_in_it(own_file, broken):
    own_file.write_bytes(broken)
    settings.activate(None)
    with pytest.raises(ConfigError) as told:
        settings.current()
    assert "secret-of-mine" not in f"{told.value} {told.value.hint} {told.value.__cause__}"


def test_a_file_that_others_can_read_is_found(own_file):
    own_file.write_text("")
    own_file.chmod(0o600)
    assert not secrets_file.is_open_to_others()
    own_file.chmod(0o600 | stat.S_IRGRP)
    assert secrets_file.is_open_to_others()


@pytest.mark.parametrize(
    "arguments",
    [
        ["doctor"],
        ["doctor", "--format", "json"],
        ["query", "conversations.kpis", "--as", "a@b.example"],
        ["migrate"],
        ["ingest", os.devnull],
        ["webhook-url", "00000000-0000-0000-0000-00000000000b"],
    ],
)
def test_no_command_says_a_secret_when_everything_fails(own_file, monkeypatch, arguments):
    for name, value in TOLD.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SUPABASE_URL", "http://127.0.0.1:9")
    settings.activate(None)
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    logging.getLogger().addHandler(handler)
    try:
        result = CliRunner().invoke(app, arguments)
    finally:
        logging.getLogger().removeHandler(handler)
        settings.activate(None)
    said = result.output + str(result.exception) + heard.getvalue()
    cause = result.exception.__cause__ if result.exception else None
    said += repr(result.exception) if isinstance(result.exception, DomoInsightsError) else ""
    assert not [part for part in PARTS if part in said], (said, cause)


def test_settings_print_no_secret():
    found = Settings(**{name.lower(): value for name, value in TOLD.items()})
    for text in (repr(found), str(found), found.model_dump_json(), str(found.model_dump())):
        assert not [part for part in PARTS if part in text]


def test_session_keys_change_and_nobody_is_signed_out(supabase):
    old = settings.current().secret("insights_session_keys")
    session = web_sessions.start(service.sign_in(ANA.email, PASSWORD))
    new = Fernet.generate_key().decode()
    activate(insights_session_keys=SecretStr(f"{new}, {old}"))
    assert web_sessions.viewer_of(session) == ANA
    later = web_sessions.start(service.sign_in(ANA.email, PASSWORD))
    activate(insights_session_keys=SecretStr(new))
    assert web_sessions.viewer_of(later) == ANA
    assert web_sessions.viewer_of(session) is None  # its key is gone for good


def test_webhook_secrets_change_and_addresses_stay_open(database, world):
    demo_id, body = world.ana.demo_id, b"{}"
    token, signature = token_of(demo_id), signature_of(body)
    old = settings.current().secret("tavus_webhook_secret")
    activate(tavus_webhook_secret=SecretStr(f"another one, {old}"))
    assert token_of(demo_id) != token
    assert is_token(demo_id, token)
    assert is_token(demo_id, token_of(demo_id))
    assert is_signature(body, signature)
    activate(tavus_webhook_secret=SecretStr("another one"))
    assert not is_token(demo_id, token)
    assert not is_signature(body, signature)
    activate(tavus_webhook_secret=SecretStr(" , "))
    assert not is_token(demo_id, token)


def test_the_process_said_no_secret_and_no_words(live):
    """After whatever other tests did to it in this run, and a few things more."""
    ana = live.world.ana
    with live.client(ANA) as browser:
        browser.get("/export/transcript.json", params={"conversation": ana.conversations[0]})
        browser.post(live.own_address(ana.demo_id), content=b'{"speech": "ANAMARK says"}')
        browser.get("/sign-in/link?token_hash=a-token-of-a-mail&type=magiclink")
        browser.get("/?question=a+question+of+mine")
    said = live.log.read_text()
    kept = [value for name, value in live.settings.model_dump().items() if "secret" in name]
    secrets = [value.get_secret_value() for value in kept if value]
    secrets += [live.settings.secret("insights_session_keys"), live.session_of(ANA)]
    secrets += [live.own_address(ana.demo_id).partition("token=")[2], "a-token-of-a-mail"]
    secrets += ["ANAMARK says", "a question of mine", "a+question+of+mine", "correct horse"]
    assert not [text for text in secrets if text in said]
    assert "Traceback" not in said
