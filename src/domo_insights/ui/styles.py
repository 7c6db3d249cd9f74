"""What Streamlit's theme cannot say of every page. Colours are in its theme alone."""

from typing import Final

import streamlit as st

_PAGE: Final = """<style>
/* What a label says for who hears it, `spoken.label`. */
:is(button, summary, a) .stMarkdownColoredText {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap
}
/* Blocks are places to jump to, below the header that stays. */
:is(h2, h3)[id] { scroll-margin-top: 4.5rem }
[data-testid="stHeaderActionElements"] > a[href^="#"] { display: none }
/* Where the keyboard is, is seen on links as on buttons. */
a:focus-visible, main:focus-visible {
  outline: 2px solid currentColor !important; outline-offset: -2px
}
/* Links of ours are as dark or light as the text, not as the browser has them. */
[data-testid="stHtml"] a { color: inherit }
/* Streamlit darkens what is pressed, and writes white on its buttons, in the dark as well; its code
   in colours is too light on white. `Canvas` is the ground of the theme. */
button[kind="tertiary"]:is(:active, [aria-expanded="true"]) { color: inherit }
button:is([kind="primary"], [kind="primaryFormSubmit"]) { color: Canvas }
@media (prefers-color-scheme: dark) {
  body { color-scheme: dark } /* What opens above the page stands beside it, and is not told. */
}
[data-testid="stCode"] .token { color: inherit !important }
[data-testid="stCode"] .token.keyword { font-weight: 600 }
/* Streamlit's own file of a table has formulas of visitors as they are; ours are beside it. */
[data-testid="stElementToolbarButton"]:has([aria-label^="Download as CSV"]) { display: none }
/* The list of a narrow control has room for long names. */
[data-testid="stSelectboxVirtualDropdown"] { min-width: min(22rem, 88vw) }
</style>"""


def page() -> None:
    """Once a page, before anything else."""
    st.html(_PAGE)
