"""docs/settings.md, made of the declarations; a test keeps the two the same."""

import sys
from typing import Final

from domo_insights.settings import Settings

_PAGE: Final = """# Settings

Made from `src/domo_insights/settings.py` by `make docs`.

Each is an environment variable, or a line `NAME = "value"` of `.streamlit/secrets.toml` in the
folder of the project; the environment wins. That file is for the server's own account alone
(`chmod 600`). Without any of them the embedded default runs: Postgres, the
sign-in service and sample data in one folder. With `SUPABASE_URL` or `DATABASE_URL` the same code
runs on a hosted project, and nothing embedded is started. Secrets are never printed.

| variable | default | what it is for |
|---|---|---|
"""


def as_markdown() -> str:
    """The whole of docs/settings.md."""
    lines = []
    for name, field in Settings.model_fields.items():
        default = field.default
        if name == "insights_data_dir":
            shown = "`~/.local/share/domo-insights`; for root `/var/lib/domo-insights`"
        elif isinstance(default, tuple):
            shown = f"`{','.join(default)}`"
        else:
            shown = f"`{default}`" if default else "not set"
        lines.append(f"| `{name.upper()}` | {shown} | {field.description} |\n")
    return _PAGE + "".join(lines)


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
