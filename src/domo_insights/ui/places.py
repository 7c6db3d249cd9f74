"""Where the pages are. They are registered by absolute path, never found beside the frame."""

from pathlib import Path
from typing import Final

PAGES: Final = Path(__file__).parents[3] / "pages"
OVERVIEW: Final = PAGES / "overview.py"
CONVERSATIONS: Final = PAGES / "conversations.py"
