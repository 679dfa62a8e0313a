"""The lead's guide: Markdown made into HTML that can do no harm. Pure: text in, text out.

Photos of the project stand in it as examples: `![a cup, not a mug](photo:123)`. Nothing else is ever loaded.
"""

from __future__ import annotations

import re
from typing import Final

import nh3
from markdown_it import MarkdownIt

PHOTO: Final = re.compile(r"photo:(\d{1,18})")
_OWN_PHOTO: Final = re.compile(r"/p/[\w-]+/images/\d{1,18}/(?:thumbnail|display)")
_TAGS: Final = {
    *("p", "br", "hr", "ul", "ol", "li", "blockquote", "pre", "code", "strong", "em", "s", "a", "img"),
    *("h3", "h4", "h5", "table", "thead", "tbody", "tr", "th", "td"),
}
_ATTRIBUTES: Final = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}}
# The page has its own h1, and the guide's title is its h2.
_LEVELS: Final = {"h1": "h3", "h2": "h4", "h3": "h5", "h4": "h5", "h5": "h5", "h6": "h5"}

_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])


def guide_html(text: str, *, photos: str) -> str:
    """The guide as HTML of a few harmless elements. Markup in `text` is shown as it was typed.

    photos: the address of the project's photos, `/p/<project>/images/`.
    """
    tokens = _markdown.parse(PHOTO.sub(lambda found: f"{photos}{found[1]}/thumbnail", text))
    for token in tokens:
        token.tag = _LEVELS.get(token.tag, token.tag)
    html = _markdown.renderer.render(tokens, _markdown.options, {})
    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=lambda tag, name, value: _kept(tag, name, value, photos),
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
        set_tag_attribute_values={"a": {"target": "_blank"}},  # the task stays where it is
    )


def _kept(tag: str, name: str, value: str, photos: str) -> str | None:
    if (tag, name) != ("img", "src"):
        return value
    return value if value.startswith(photos) and _OWN_PHOTO.fullmatch(value[value.index("/p/") :]) else None
