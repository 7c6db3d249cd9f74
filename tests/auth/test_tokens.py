"""Which access tokens are believed."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from pydantic import SecretStr

from domo_insights.auth import service
from domo_insights.auth.tokens import ExpiredTokenError, InvalidTokenError, verify
from domo_insights.errors import AuthServiceError
from domo_insights.viewer import Viewer
from tests.auth.conftest import PASSWORD, Issuer, Supabase, activate
from tests.factories import ANA, PIA

SECRET = "an old shared secret of a project, long enough"


def claims(issuer: Issuer, **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    usual = {
        "iss": issuer.keys.issuer,
        "sub": str(ANA.user_id),
        "aud": "authenticated",
        "role": "authenticated",
        "iat": now,
        "exp": now + 600,
        "email": ANA.email,
        "app_metadata": {},
        "aal": "aal1",
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


def test_genuine_token(issuer: Issuer) -> None:
    verified = verify(issuer.sign(claims(issuer)))
    assert (verified.viewer, verified.aal) == (ANA, "aal1")
    assert (verified.expires_at - verified.issued_at).total_seconds() == 600


def test_token_of_a_sign_in(supabase: Supabase) -> None:
    verified = service.sign_in(ANA.email, PASSWORD).verified
    assert (verified.viewer, verified.aal) == (ANA, "aal1")
    assert 3590 <= (verified.expires_at - verified.issued_at).total_seconds() <= 3600
    assert UUID(verified.session_id)
    assert service.sign_in(PIA.email, PASSWORD).verified.viewer == PIA


def test_product_team_comes_from_app_metadata_alone(issuer: Issuer) -> None:
    trusted = claims(issuer, app_metadata={"role": "product_team"})
    assert verify(issuer.sign(trusted)).viewer.product_team
    own = claims(issuer, user_metadata={"role": "product_team"}, product_team=True)
    assert verify(issuer.sign(own)).viewer == Viewer(ANA.user_id, ANA.email)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "somebody else"},
        {"aud": None},
        {"iss": "https://evil.example/auth/v1"},
        {"iss": None},
        {"role": "anon"},
        {"role": "service_role"},
        {"role": None},
        {"sub": "not a uuid"},
        {"sub": None},
        {"exp": None},
        {"iat": None},
        {"iat": int(time.time()) + 3600},
        {"nbf": int(time.time()) + 3600},
        {"is_anonymous": True},
        {"app_metadata": "product_team"},
    ],
)
def test_claims_that_are_not_for_us(issuer: Issuer, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidTokenError):
        verify(issuer.sign(claims(issuer, **changes)))


def test_expired_token_is_told_apart(issuer: Issuer) -> None:
    old = claims(issuer, iat=int(time.time()) - 600, exp=int(time.time()) - 60)
    with pytest.raises(ExpiredTokenError):
        verify(issuer.sign(old))


def test_a_clock_may_differ_by_seconds(issuer: Issuer) -> None:
    assert verify(issuer.sign(claims(issuer, iat=int(time.time()) + 5))).viewer == ANA


def test_forged_signature(issuer: Issuer) -> None:
    stranger = ec.generate_private_key(ec.SECP256R1())
    forged = jwt.encode(claims(issuer), stranger, "ES256", headers={"kid": issuer.keys.kid})
    head, body, signature = issuer.sign(claims(issuer)).split(".")
    changed = _part(claims(issuer, sub=str(PIA.user_id)))
    for token in (forged, f"{head}.{changed}.{signature}", f"{head}.{body}.", f"{head}.{body}"):
        with pytest.raises((InvalidTokenError, ExpiredTokenError)):
            verify(token)


def test_unsigned_token(issuer: Issuer) -> None:
    for algorithm in ("none", "None", "NONE", "nOnE"):
        head = _part({"alg": algorithm, "typ": "JWT", "kid": issuer.keys.kid})
        for secret in (None, SecretStr(SECRET)):
            activate(supabase_jwt_secret=secret)
            with pytest.raises(InvalidTokenError):
                verify(f"{head}.{_part(claims(issuer))}.")


@pytest.mark.parametrize("secret", [None, SecretStr(SECRET)])
def test_public_key_is_no_secret(issuer: Issuer, secret: SecretStr | None) -> None:
    activate(supabase_jwt_secret=secret)
    private = load_pem_private_key(issuer.keys.private_pem.encode(), None)
    public = private.public_key()
    for form in (PublicFormat.SubjectPublicKeyInfo,):
        for encoding in (Encoding.PEM, Encoding.DER):
            token = _hs256(claims(issuer), public.public_bytes(encoding, form), issuer)
            with pytest.raises(InvalidTokenError):
                verify(token)


def test_shared_secret_counts_only_where_it_is_set(issuer: Issuer) -> None:
    token = jwt.encode(claims(issuer), SECRET, "HS256")
    with pytest.raises(InvalidTokenError):
        verify(token)
    activate(supabase_jwt_secret=SecretStr(SECRET))
    assert verify(token).viewer == ANA
    with pytest.raises(InvalidTokenError):
        verify(jwt.encode(claims(issuer), SECRET + "x", "HS256"))
    with pytest.raises(InvalidTokenError):
        verify(jwt.encode(claims(issuer), SECRET * 2, "HS512"))


def test_unknown_key_id(issuer: Issuer) -> None:
    for kid in ("another", ""):
        with pytest.raises(InvalidTokenError):
            verify(issuer.sign(claims(issuer), kid=kid))
    with pytest.raises(InvalidTokenError):
        verify(jwt.encode(claims(issuer), issuer.keys.private_pem, "ES256"))


@pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", "é", "x" * 9000])
def test_what_is_no_token(issuer: Issuer, text: str) -> None:
    with pytest.raises(InvalidTokenError):
        verify(text)


def test_keys_that_cannot_be_had(issuer: Issuer) -> None:
    token = issuer.sign(claims(issuer))
    activate(supabase_url="http://127.0.0.1:9")
    with pytest.raises(AuthServiceError):
        verify(token)


def _hs256(body: dict[str, Any], key: bytes, issuer: Issuer) -> str:
    signed = f"{_part({'alg': 'HS256', 'kid': issuer.keys.kid})}.{_part(body)}"
    digest = hmac.new(key, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("ahead", "believed"), [(5, True), (-605, True), (60, False), (-660, False)]
)
def test_clocks_that_are_a_little_apart(issuer: Issuer, ahead: int, believed: bool) -> None:
    now = int(time.time()) + ahead
    token = issuer.sign(claims(issuer, iat=now, nbf=now, exp=now + 600))
    if believed:
        assert verify(token).viewer == ANA
    else:
        with pytest.raises((InvalidTokenError, ExpiredTokenError)):
            verify(token)
