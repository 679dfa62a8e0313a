from html.parser import HTMLParser

import pytest

from verification.guides import guide_html

PHOTOS = "/p/street/images/"


def guide(text: str) -> str:
    return guide_html(text, photos=PHOTOS)


def test_a_guide_has_headings_below_the_pages_own_lists_tables_and_photos() -> None:
    html = guide("# Look\n\n- one\n- ~~two~~\n\n|a|b|\n|-|-|\n|1|2|\n\n![a cup](photo:12)")
    assert "<h3>Look</h3>" in html
    assert "<li>one</li>" in html
    assert "<s>two</s>" in html
    assert "<td>1</td>" in html
    assert f'<img src="{PHOTOS}12/thumbnail" alt="a cup">' in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "[x](javascript:alert(1))",
        "[x](data:text/html,x)",
        "![x](https://elsewhere.example/spy.png)",
        "![x](//elsewhere.example/spy.png)",
        "![x](/p/street/images/1/../../../admin)",
        "![x](/p/other/images/1/thumbnail)",
        "<style>*{display:none}</style>",
        '<a href="/" style="position:fixed">x</a>',
    ],
)
def test_nothing_of_it_runs_loads_or_restyles(text: str) -> None:
    elements: list[tuple[str, dict[str, str | None]]] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: elements.append((tag, dict(attrs)))  # type: ignore[method-assign]
    parser.feed(guide(text))
    assert {tag for tag, _attributes in elements} <= {"p", "img"}
    assert all(set(attributes) <= {"alt"} for _tag, attributes in elements)


def test_links_open_beside_the_task() -> None:
    assert 'target="_blank"' in guide("[x](https://example.org)")
    assert 'rel="noopener noreferrer"' in guide("[x](https://example.org)")
