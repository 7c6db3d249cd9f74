"""Places in the theme's palette, for figures in which a colour must mean the same everywhere.

Streamlit puts the colours of config.toml, light or dark, where these stand-ins are.
"""

from typing import Final

BLUE: Final = "#000001"
TEAL: Final = "#000002"
AMBER: Final = "#000003"
RED: Final = "#000005"
SLATE: Final = "#000008"

FEELINGS: Final = {"negative": RED, "neutral": SLATE, "positive": TEAL}
PATTERNS: Final = {"negative": "x", "neutral": "", "positive": "/"}
SYMBOLS: Final = {"negative": "triangle-down", "neutral": "circle", "positive": "triangle-up"}
"""What they stand for is seen without colour, too."""
