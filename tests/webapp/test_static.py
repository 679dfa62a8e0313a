"""The look: colours that can be read in both themes, icons that exist, scripts that need no inline code."""

import re
from pathlib import Path

import pytest
from django.template import Context, Template

from webapp.core.templatetags.icons import PATHS, icon

ROOT = Path(__file__).resolve().parents[2]
TOKENS = (ROOT / "static/css/tokens.css").read_text()


def block(selector: str) -> dict[str, str]:
    """The custom properties of the first rule with this selector."""
    body = TOKENS.partition(selector)[2].partition("{")[2].partition("}")[0]
    return dict(re.findall(r"(--[\w-]+|color-scheme):\s*([^;]+);", body))


LIGHT, DARK, AUTO = block('[data-theme="light"]'), block('\n[data-theme="dark"]'), block('[data-theme="auto"]')


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's ratio, 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_following_the_device_gives_the_dark_theme_itself() -> None:
    assert AUTO == DARK
    assert set(LIGHT) == set(DARK)


TEXT = [
    *((text, ground) for text in ("--text", "--text-2", "--text-3") for ground in ("--bg", "--surface", "--sunken")),
    ("--text-2", "--canvas"),
    ("--accent", "--surface"),
    ("--accent", "--bg"),
    ("--accent", "--accent-soft"),
    ("--on-fill", "--fill"),
    ("--on-fill", "--fill-hover"),
    ("--wrong", "--surface"),
    ("--wrong", "--wrong-soft"),
    ("--ok", "--ok-soft"),
    ("--warn", "--warn-soft"),
    *(("--text", ground) for ground in ("--wrong-soft", "--ok-soft", "--warn-soft", "--accent-soft")),
    *(("--seq-ink-low", f"--seq-{step}") for step in range(5)),
    ("--seq-ink-high", "--seq-5"),
]


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT)
def test_text_can_be_read(theme: dict[str, str], text: str, ground: str) -> None:
    assert contrast(theme[text], theme[ground]) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["--surface", "--bg", "--canvas"])
def test_focus_and_outlines_of_controls_can_be_seen(theme: dict[str, str], ground: str) -> None:
    assert contrast(theme["--focus"], theme[ground]) >= 3
    if ground == "--surface":
        assert contrast(theme["--edge"], theme[ground]) >= 3


def test_colours_are_written_in_one_place() -> None:
    """Other sheets use the tokens; photo marks and print are black and white by rule."""
    found: dict[str, set[str]] = {}
    for sheet in (ROOT / "static/css").glob("*.css"):
        if sheet.name == "tokens.css":
            continue
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)
        strange = set(re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[^{}]*[;}])", text)) - {"#fff", "#000", "#ffffff", "#000000"}
        if strange:
            found[sheet.name] = strange
    assert not found, "use or add a token in static/css/tokens.css"


def test_an_icon_is_hidden_from_screen_readers() -> None:
    assert Template('{% load icons %}{% icon "check" "i-s" %}').render(Context()) == icon("check", "i-s")
    assert 'aria-hidden="true"' in icon("check")


def test_an_unknown_icon_is_found_by_the_first_test_of_its_page() -> None:
    with pytest.raises(KeyError):
        icon("no-such-icon")


def test_templates_name_icons_that_exist() -> None:
    named = set()
    for template in (ROOT / "templates").rglob("*.html"):
        named |= set(re.findall(r'{% icon "([\w-]+)"', template.read_text()))
    assert named <= set(PATHS)
