import json
import stat
from pathlib import Path

import pytest

from domo_insights.errors import EmbeddedError
from domo_insights.local.keys import keys_of


def test_keys_are_made_once_and_stay(tmp_path: Path) -> None:
    first = keys_of(tmp_path)
    assert keys_of(tmp_path) == first


def test_every_folder_has_its_own(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    a, b = keys_of(tmp_path / "a"), keys_of(tmp_path / "b")
    assert a.issuer == b.issuer
    for name in ("webhook_secret", "session_key", "publishable_key", "private_pem", "kid"):
        assert getattr(a, name) != getattr(b, name)


def test_only_their_owner_reads_them(tmp_path: Path) -> None:
    keys_of(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600


def test_they_are_not_shown(tmp_path: Path) -> None:
    keys = keys_of(tmp_path)
    stored = json.loads((tmp_path / "keys.json").read_text())
    assert all(stored[name] not in repr(keys) for name in stored if name != "kid")


@pytest.mark.parametrize("content", ["", "{}", '{"kid": "x"}', "[]", "null"])
def test_damaged_keys_are_never_replaced(tmp_path: Path, content: str) -> None:
    (tmp_path / "keys.json").write_text(content)
    with pytest.raises(EmbeddedError, match="damaged"):
        keys_of(tmp_path)
    assert (tmp_path / "keys.json").read_text() == content
