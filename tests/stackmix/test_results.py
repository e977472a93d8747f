"""What is read on a page in each form: JSON, text, PAGE XML, ALTO and HTML, the last in a real browser."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from stackmix import images, result_html, result_overlay, results
from stackmix.datasets import alto, page_xml
from stackmix.pages import box
from stackmix.types import Page, Region

NASTY = "</span><script>document.title='broken'</script>&\"'"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def page(name: str = "тетрадь <1>.jpg") -> Page:
    """Two lines with a text that would break out of anything, on a page of 400 x 300 pixels."""
    image = np.full((300, 400, 3), 230, np.uint8)
    slanted = np.array([(20, 18), (90.4, 24), (88, 60), (18, 52)], np.float32)
    return Page(
        image,
        (
            Region(slanted, "Мама", line=0, language="ru", confidence=0.97),
            Region(box(110, 20, 80, 40), NASTY, line=0, language="ru", confidence=0.41),
            Region(box(-5, 100, 60, 500), "раму.", line=1, language="ru"),
        ),
        name,
    )


def test_text_and_lines() -> None:
    assert results.text(page()) == f"Мама {NASTY}\nраму.\n"
    assert [len(line) for line in results.lines_of(page())] == [2, 1]
    assert results.text(Page(np.zeros((9, 9), np.uint8), (), "a")) == ""


def test_json_is_that_of_the_contest_and_more() -> None:
    found = json.loads("".join(results.document([results.row(page("a.jpg")), results.row(page("b.jpg"))])))
    assert list(found) == ["a.jpg", "b.jpg"]
    first, second, third = found["a.jpg"]["predictions"]
    assert first == {
        "polygon": [[20, 18], [90, 24], [88, 60], [18, 52]],
        "text": "Мама",
        "confidence": 0.97,
        "language": "ru",
        "line": 0,
    }
    assert second["text"] == NASTY and third["line"] == 1 and "confidence" not in third
    assert json.loads("".join(results.document([]))) == {}


def test_page_xml_and_alto_are_read_back() -> None:
    for data, parse in (
        (results.FORMS[".page.xml"](page()), page_xml.parse),
        (results.FORMS[".alto.xml"](page()), alto.parse),
    ):
        found = parse(data, "made")
        assert found.size == (400, 300) and found.picture == "тетрадь <1>.jpg"
        words = [region for region in found.regions if region.category == "pupil_text"]
        assert [(word.text, word.line) for word in words] == [("Мама", 0), (NASTY, 0), ("раму.", 1)]
        assert np.abs(words[0].polygon.max(axis=0) - (90, 60)).max() <= 1
        corners = np.concatenate([word.polygon for word in words])
        assert corners.min() >= 0 and (corners <= (400, 300)).all()


def test_page_xml_has_the_order_of_the_schema_of_2019() -> None:
    """Names, order and required attributes as in pagecontent.xsd of 2019-07-15."""
    root = ElementTree.fromstring(results.FORMS[".page.xml"](page()))
    ns = "{http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15}"
    assert [child.tag for child in root] == [f"{ns}Metadata", f"{ns}Page"]
    assert [child.tag.removeprefix(ns) for child in root[0]] == ["Creator", "Created", "LastChange"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", root[0][1].text or "")
    assert [child.tag.removeprefix(ns) for child in root[1]] == ["ReadingOrder", "TextRegion"]
    for word in root.iter(f"{ns}Word"):
        assert [child.tag.removeprefix(ns) for child in word] == ["Coords", "TextEquiv"]
    for points in (coords.get("points", "") for coords in root.iter(f"{ns}Coords")):
        assert re.fullmatch(r"([0-9]+,[0-9]+ )+([0-9]+,[0-9]+)", points)
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))


def test_characters_that_xml_cannot_hold_are_replaced() -> None:
    odd = Page(np.zeros((9, 9), np.uint8), (Region(box(0, 0, 5, 5), "a\x00b\x0b", line=0),), "x")
    for form in (".page.xml", ".alto.xml"):
        assert "a\ufffdb\ufffd" in results.FORMS[form](odd).decode()


def test_a_page_without_words_has_every_form() -> None:
    blank = Page(np.full((40, 30), 255, np.uint8), (), "blank.png")
    for form, made in results.FORMS.items():
        data = made(blank)
        assert isinstance(data, bytes) and (data or form == ".txt")


def test_forms_by_suffix() -> None:
    assert results.form_of("a/b.PAGE.XML") == ".page.xml"
    assert results.form_of("pages.json") == ".json"
    assert results.form_of("pages.xml") is None


def test_the_overlay_has_the_colours_of_confidence() -> None:
    picture = result_overlay.overlay(page())
    assert picture.shape == (300, 400, 3)
    assert (picture[20, 150] != 230).any() and picture[20, 150, 0] > picture[20, 150, 1]
    assert result_overlay.colour(1.0) == result_overlay.SURE and result_overlay.colour(0.2) == result_overlay.UNSURE
    wide = Page(np.full((10, 5000), 255, np.uint8), (), "w")
    assert result_overlay.overlay(wide).shape == (4, result_overlay.WIDEST, 3)


def browser() -> str:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"needs a browser: one of {', '.join(BROWSERS)}")
    return found


def seen(document: str, folder: Path) -> str:
    """What a headless browser makes of an HTML file after its scripts have run."""
    path = folder / "page.html"
    path.write_text(document, encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    options += ["--disable-component-update", "--disable-sync", f"--user-data-dir={folder / 'profile'}"]
    run = subprocess.run(
        [browser(), *options, "--dump-dom", path.as_uri()], capture_output=True, encoding="utf-8", timeout=120
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_the_html_page_in_a_browser(tmp_path: Path) -> None:
    """Texts stay texts; pointing at a word marks it on the photo and in the text and says how sure the reader is."""
    point = """<script>
    const word = document.querySelector('span[data-word="1"]');
    word.dispatchEvent(new MouseEvent("mouseover", {bubbles: true}));
    const photo = document.querySelector("image");
    document.body.setAttribute("data-photo", photo.getBBox().width + "x" + photo.getBBox().height);
    document.body.setAttribute("data-text", word.textContent);
    </script></html>"""
    made = result_html.html(page(), results.lines_of(page())).replace("</html>", point)
    shown = seen(made, tmp_path)
    assert "<title>тетрадь &lt;1&gt;.jpg</title>" in shown  # the script in the text did not run
    assert 'data-photo="400x300"' in shown
    about = re.search(r'<p id="about">(.*?)</p>', shown)
    assert about is not None and about[1].endswith("41% sure · ru")
    marked = re.findall(r'<(\w+)[^>]*data-word="1"[^>]*class="low on"', shown)
    assert marked == ["polygon", "span"]
    assert "http://" not in made.replace("http://www.w3.org", "") and "https://" not in made


def test_the_photo_in_the_html_is_the_page() -> None:
    import base64

    made = result_html.html(page(), results.lines_of(page()))
    data = re.search(r'base64,([^"]+)"', made)
    assert data is not None
    assert images.decode(base64.b64decode(data[1])).shape == (300, 400, 3)
