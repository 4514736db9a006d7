"""Markdown of a lesson as slides need it: its sentences, without what only a page can use."""

from __future__ import annotations

import re


def unquoted(text: str) -> str:
    """Markdown ``text`` without the marks of block quotes, which stand for nothing once lines are joined.

    >>> unquoted("> **Correction.** So\\n> it is, as $a>b$.")
    '**Correction.** So\\nit is, as $a>b$.'
    """
    return re.sub(r"^> ?", "", text, flags=re.MULTILINE)


def without_links(text: str) -> str:
    """Markdown ``text`` with the words of its links alone.

    >>> without_links("see [notebook 6](6_attention_scale.ipynb#S1)")
    'see notebook 6'
    """
    return re.sub(r"(?<!!)\[([^\]]+)\]\([^)\s]+\)", r"\1", text)


def sentences(text: str) -> list[str]:
    """The sentences of a Markdown paragraph.

    >>> sentences("It holds for $n=1.5$ too. Why? Because.")
    ['It holds for $n=1.5$ too.', 'Why?', 'Because.']
    """
    return re.split(r"(?<=[.!?])\s+(?=[A-Z$*`\"(])", " ".join(text.split()))
