"""What is heard and not seen: many controls of a page have the same label, and who hears them must
know which is which."""

from domo_insights.ui.plain import plain


def label(seen: str, heard: object) -> str:
    """The label of a button, link or expander: `seen`, and for who hears it `heard` as well."""
    return f"{seen} :gray[{quoted(heard)}]" if quoted(heard) else seen


def quoted(words: object) -> str:
    """Words of others as a label or a tooltip may hold them, both of which read Markdown."""
    kept = "".join(c if c.isalnum() or c in " -,." else " " for c in plain(words))
    return " ".join(kept.split())
