"""Access tokens of the embedded stand-in: ES256, with the claims of Supabase Auth."""

import time
from collections.abc import Mapping
from typing import Any, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jwt.algorithms import ECAlgorithm

AUDIENCE = "authenticated"


class SigningKeys(Protocol):
    """What the stand-in signs with. `issuer` does not depend on the port."""

    @property
    def private_pem(self) -> str: ...
    @property
    def kid(self) -> str: ...
    @property
    def publishable_key(self) -> str: ...
    @property
    def issuer(self) -> str: ...


def access_token(
    keys: SigningKeys,
    user: Mapping[Any, Any],
    session: Mapping[Any, Any],
    seconds: int,
    method: str = "password",
) -> tuple[str, int]:
    """A token for `user` in `session`, and when it ends in seconds since 1970.

    `user` is a row of auth.users, `session` one of auth.sessions, `method` how it began.
    """
    now = int(time.time())
    claims = {
        "iss": keys.issuer,
        "sub": str(user["id"]),
        "aud": AUDIENCE,
        "exp": now + seconds,
        "iat": now,
        "email": user["email"] or "",
        "phone": user["phone"] or "",
        "app_metadata": user["raw_app_meta_data"] or {},
        "user_metadata": user["raw_user_meta_data"] or {},
        "role": user["role"] or AUDIENCE,
        "aal": session["aal"],
        "amr": [{"method": method, "timestamp": int(session["created_at"].timestamp())}],
        "session_id": str(session["id"]),
        "is_anonymous": False,
    }
    token = jwt.encode(claims, keys.private_pem, algorithm="ES256", headers={"kid": keys.kid})
    return token, now + seconds


def claims_of(keys: SigningKeys, token: str) -> dict[str, Any]:
    """The claims of a token that these keys signed. Raises: jwt.InvalidTokenError."""
    return jwt.decode(
        token,
        _private_key(keys).public_key(),
        algorithms=["ES256"],
        audience=AUDIENCE,
        issuer=keys.issuer,
        options={"require": ["exp", "sub", "session_id"]},
    )


def key_set(keys: SigningKeys) -> dict[str, Any]:
    """The public key as a JWKS."""
    public = ECAlgorithm.to_jwk(_private_key(keys).public_key(), as_dict=True)
    facts = {"alg": "ES256", "kid": keys.kid, "use": "sig", "key_ops": ["verify"], "ext": True}
    return {"keys": [{**public, **facts}]}


def _private_key(keys: SigningKeys) -> EllipticCurvePrivateKey:
    key = load_pem_private_key(keys.private_pem.encode(), password=None)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise TypeError("The signing key must be an elliptic-curve key.")
    return key
