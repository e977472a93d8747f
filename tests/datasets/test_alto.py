"""ALTO folders of versions 2 to 4, in pixels and in print units."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pictures

from stackmix.datasets import alto
from stackmix.datasets.preparing import Report
from stackmix.types import DataError

SPACES = {
    2: "http://www.loc.gov/standards/alto/ns-v2#",
    3: "http://www.loc.gov/standards/alto/ns-v3#",
    4: "http://www.loc.gov/standards/alto/ns-v4#",
}
BODY = """<PrintSpace><TextBlock>
<TextLine HPOS="{a}" VPOS="{b}" WIDTH="{c}" HEIGHT="{d}">
  <Shape><Polygon POINTS="{a},{b} {e},{b} {e},{f} {a},{f}"/></Shape>
  <String CONTENT="Пере" HPOS="{a}" VPOS="{b}" WIDTH="{h}" HEIGHT="{d}"/><SP/>
  <String CONTENT="нос" HPOS="{g}" VPOS="{b}" WIDTH="{h}" HEIGHT="{d}"/><HYP CONTENT="-"/></TextLine>
<TextLine><String CONTENT="nowhere"/></TextLine></TextBlock></PrintSpace>"""


def document(unit: str = "pixel", scale: float = 1, page: bool = True, version: int = 4, name: str = "a.jpg") -> str:
    a, b, c, d, e, f, g, h = (round(v * scale, 1) for v in (20, 30, 60, 20, 80, 50, 50, 25))
    size = f'WIDTH="{200 * scale:.0f}" HEIGHT="{100 * scale:.0f}"' if page else ""
    body = BODY.format(a=a, b=b, c=c, d=d, e=e, f=f, g=g, h=h)
    about = f"<MeasurementUnit>{unit}</MeasurementUnit><sourceImageInformation><fileName>{name}</fileName>"
    about = f"<Description>{about}</sourceImageInformation></Description>"
    return f'<alto xmlns="{SPACES[version]}">{about}<Layout><Page {size}>{body}</Page></Layout></alto>'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    page = np.full((100, 200), 240, np.uint8)
    page[32:48:3, 22:78:2] = 30
    Pictures.fromarray(page).save(tmp_path / "a.jpg", quality=100, dpi=(300, 300))
    return tmp_path


def shapes(root: Path, text: str, report: Report | None = None, **options: str) -> list[tuple[str, tuple[int, ...]]]:
    (root / "a.xml").write_text(text, encoding="utf-8")
    return [(s.text, s.image.shape) for s in alto.read(root, report=report, **options)]


@pytest.mark.parametrize("version", [2, 3, 4])
def test_lines_words_and_pages(root: Path, version: int) -> None:
    text, report = document(version=version), Report()
    assert shapes(root, text, report) == [("Пере нос-", (20, 60))]
    assert report.skipped == {"no box": ["a-001"]}
    assert shapes(root, text, unit="word") == [("Пере", (20, 25)), ("нос", (20, 25))]
    (page,) = alto.read_pages(root)
    assert [(r.category, r.text, r.line) for r in page.regions][:3] == [
        ("pupil_text", "Пере", 0), ("pupil_text", "нос", 0), ("text_line", "Пере нос-", 0)
    ]  # fmt: skip


@pytest.mark.parametrize(("unit", "per_inch"), [("mm10", 254), ("inch1200", 1200)])
@pytest.mark.parametrize("page", [True, False])
def test_print_units_by_the_size_of_the_page_or_the_resolution(
    root: Path, unit: str, per_inch: int, page: bool
) -> None:
    """300 dots an inch stand in the picture's header."""
    ((_, (height, width)),) = shapes(root, document(unit, per_inch / 300, page))
    assert abs(height - 20) <= 2 and abs(width - 60) <= 2


def test_print_units_without_either_are_refused_with_the_cure(root: Path) -> None:
    Pictures.open(root / "a.jpg").save(root / "a.png")
    (root / "a.jpg").unlink()
    report = Report()
    picture = Pictures.fromarray(np.asarray(Pictures.open(root / "a.png")))
    picture.save(root / "a.png")
    assert shapes(root, document("mm10", 0.85, page=False), report) == []
    assert report.skipped["no resolution"] == ["a.xml: save its places in pixels, or the size of its page"]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (">pixel<", ">furlong<", "'furlong' is none of pixel, mm10, inch1200"),
        ('HPOS="20"', 'HPOS="left"', "'left' is no number"),
        ("20,30 ", "20 ", "are no pairs of numbers"),
    ],
)
def test_faults_are_named(root: Path, old: str, new: str, why: str) -> None:
    report = Report()
    assert shapes(root, document().replace(old, new).replace(old.replace("20", "20.0"), new), report) == []
    assert why in report.skipped["broken ALTO"][0]


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="put the ALTO files beside their pictures"):
        list(alto.read(tmp_path))
