"""Who is asking."""

from dataclasses import dataclass
from uuid import UUID

PRODUCT_TEAM = "product_team"
"""The value of `app_metadata.role` that only the service role can set."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """A signed-in user, as the verified access token names them."""

    user_id: UUID
    email: str = ""
    product_team: bool = False

    @property
    def claims(self) -> dict[str, object]:
        """What Postgres sees as `request.jwt.claims`."""
        role = {"role": PRODUCT_TEAM} if self.product_team else {}
        return {"sub": str(self.user_id), "role": "authenticated", "app_metadata": role}
