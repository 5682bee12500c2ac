"""`terrace report`: lines, JSON, and a page that needs nothing else and runs nothing."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from terrace_cli.main import cli
from terrace_cli.report import objects, pictures, svg
from terrace_cli.report.lines import lines
from terrace_cli.report.material import Material, whole
from terrace_cli.report.page import render
from terrace_cli.report.words import changed
from tests.browser import a_browser
from tests.cli import reports
from tests.cli.fake_api import FakeApi


def page(**instead: Any) -> str:
    return render(Material(reports.report(), reports.files(**instead)))


# --- the command -------------------------------------------------------------------------------


def test_the_report_is_asked_of_the_api_and_told_in_lines(
    api: FakeApi, here: Callable[..., Any]
) -> None:
    here()
    api.will(reports.report())
    result = CliRunner().invoke(cli, ["report", "b1"])
    assert result.exit_code == 0, result.output
    assert api.seen[0].path == "/batch/report?batchId=b1"
    assert "batch b1  COMPLETE_WITH_ERRORS" in result.output
    assert "gate: 8 items, 3 flagged, 2 sent, 90 of 600 frames, 6 acc" in result.output
    assert "sample of 3: 1 wrong, 0 allowed: rejected, everything was sent" in result.output
    assert "agreement of the workers: percent 0.82 (40 units)\n" in result.output
    assert "changed against car: 2 added, 3 moved (2.5 corrections per item)" in result.output


def test_a_review_of_nothing_is_not_called_a_review_that_changed_nothing() -> None:
    assert changed({"items": 0}) == "nothing was reviewed"
    assert changed({"items": 3, "added": 0}) == "nothing"


def test_a_threshold_is_drawn_only_where_the_curve_is_what_the_check_compares() -> None:
    drawn = "".join(objects.sequence(reports.series_file(), "car"))
    assert "threshold of position" in drawn
    assert "threshold of rolling-iou" not in drawn
    assert "threshold of size-step" not in drawn
    assert "check rolling-iou compares with the place" in drawn


def test_json_is_the_report_as_it_is(api: FakeApi, here: Callable[..., Any]) -> None:
    here()
    api.will(reports.report())
    result = CliRunner().invoke(cli, ["report", "b1", "--json"])
    assert json.loads(result.stdout) == reports.report()


def test_without_s3_the_page_is_written_and_says_what_is_missing(
    api: FakeApi, here: Callable[..., Any], tmp_path: Path
) -> None:
    here()
    api.will(reports.report())
    arguments = ["report", "b1", "--api-url", api.url, "--html", "out.html"]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    written = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert "S3 cannot be read" in written
    assert "picture and its labels could not be read" in written


def test_a_page_that_cannot_be_written_is_said_in_words(
    api: FakeApi, here: Callable[..., Any]
) -> None:
    here()
    api.will(reports.report())
    result = CliRunner().invoke(cli, ["report", "b1", "--html", "no/such/folder/x.html"])
    assert result.exit_code == 2
    assert "cannot write" in result.stderr


def test_a_batch_that_is_not_there_is_an_error(api: FakeApi, here: Callable[..., Any]) -> None:
    here()
    api.will((404, {"message": "There is no such batch.", "errors": []}))
    assert CliRunner().invoke(cli, ["report", "nope"]).exit_code != 0


def test_a_large_report_is_read_where_the_api_says_it_is() -> None:
    pointer = {"batchId": "b1", "complete": True, "reportS3Uri": "s3://bucket/report.json"}
    fetch = reports.files(report__json=json.dumps(reports.report()).encode())
    assert whole(pointer, fetch) == reports.report()


# --- lines ---------------------------------------------------------------------------------------


def test_what_is_not_known_is_a_dash_and_its_reason_never_a_zero() -> None:
    text = "\n".join(lines(reports.report(unlabeledItems=None, unknown={
        "unlabeledItems": "its input was deleted", "unreviewedItems": "so was this",
        "feeUsd": "no price"})))  # fmt: skip
    assert "without a label: - (its input was deleted)" in text


def with_gold() -> dict[str, Any]:
    found = reports.report()
    found["levels"][0]["jobs"][0]["gold"] = {
        "items": 4,
        "scored": 3,
        "right": 2,
        "share": 2 / 3,
        "workers": [{"worker": "worker-1a", "answers": 3, "right": 2, "score": 0.75}],
        "wrong": [{"item": 7, "name": "<7>.jpg", "score": 0.5, "says": "1 of 2 known objects"}],
        "notCompared": ["8.jpg: frames in another file were not read"],
        "problems": ["gold line 2: the line has no label"],
    }
    return found


def test_gold_is_told_in_lines_and_on_the_page() -> None:
    assert "    gold: 2 of 3 right (4 gold items)" in list(lines(with_gold()))
    shown = render(Material(with_gold(), reports.files()))
    for said in ("worker-1a", "0.75", "&lt;7&gt;.jpg", "1 of 2 known objects", "8.jpg: frames"):
        assert said in shown
    assert "gold line 2: the line has no label" in shown
    assert "Gold items" not in page()


def test_a_line_of_a_manifest_ends_where_json_lines_says_and_nowhere_else() -> None:
    raw = '{"source": "a\u2028b\u0085c"}\n\n{"source": "second"}\n'.encode()
    assert pictures._line(raw, 1) == {"source": "second"}
    assert pictures._line(raw, 0) == {"source": "a\u2028b\u0085c"}
    assert pictures._line(raw, 2) == {}


# --- the parts of the page -----------------------------------------------------------------------


def test_the_rolling_mean_is_centred_and_keeps_gaps() -> None:
    assert objects.rolling_mean([1, 2, 6], 3) == [1.5, 3.0, 4.0]
    assert objects.rolling_mean([1.0, None, 3.0], 3) == [1.0, None, 3.0]
    assert objects.rolling_mean([]) == []


def test_ticks_are_round_and_inside() -> None:
    assert svg.ticks(0, 97, 4) == [0, 20, 40, 60, 80]
    assert svg.ticks(-0.1, 0.1, 4) == [-0.1, -0.05, 0.0, 0.05, 0.1]
    assert svg.ticks(3, 3, 4) == [3]


def test_a_series_without_a_number_is_a_sentence_not_an_empty_plot() -> None:
    nothing = svg.chart(svg.Chart("Size", "px", [svg.Line("size", [1, 2], [None, float("nan")])]))
    assert nothing == '<p class="none">Size: nothing was measured.</p>'


def test_a_gap_breaks_the_line() -> None:
    whole_line = svg.chart(svg.Chart("a", "px", [svg.Line("s", [0, 1, 2, 3], [1, 2, 3, 4])]))
    broken = svg.chart(svg.Chart("a", "px", [svg.Line("s", [0, 1, 5, 6], [1, 2, 3, 4])]))
    assert whole_line.count("<polyline") == 1
    assert broken.count("<polyline") == 2


def test_the_worst_frames_are_drawn_with_their_boxes_inside_the_page() -> None:
    written = page()
    assert written.count("data:image/jpeg;base64,") == 2
    assert (
        '<g class="wrong" stroke-width="2.0"><rect x="80.0" y="180.0" width="120.0" height="70.0"'
        in written
    )
    assert "000020.jpg (frame 20)" in written


def test_lines_polygons_and_points_are_drawn_and_what_has_no_place_is_left_out() -> None:
    vertices = [{"x": 1, "y": 2}, {"x": 30, "y": 40}, {"x": 5, "y": 60}]
    for kind, tag in (("polylines", "<polyline "), ("polygons", "<polygon ")):
        shape = pictures._shape({"vertices": vertices, "object-name": "Lane:1"}, kind)
        assert shape is not None
        assert pictures._outline(shape, 1.0).startswith(tag)
    point = pictures._shape({"x": 3, "y": 4, "object-id": "7"}, "keypoints")
    assert point is not None
    assert (point.key, point.points) == ("7", [(3.0, 4.0)])
    nowhere = {"left": 1, "top": float("nan"), "width": 3, "height": 4}
    assert pictures._shape(nowhere, "annotations") is None
    assert pictures._shape({"vertices": []}, "polygons") is None
    assert pictures._shape({"left": "x"}, "annotations") is None


def test_a_picture_that_cannot_be_read_leaves_its_boxes_and_a_word() -> None:
    written = page(**{"000020__jpg": None, "000033__jpg": b"GIF89a no picture that we draw"})
    assert "data:image" not in written
    assert written.count("only its labels are drawn") == 2
    assert "000020.jpg cannot be read (AccessDenied)" in written


def test_a_pictures_size_is_read_from_its_header() -> None:
    import io

    from PIL import Image

    for kind in ("JPEG", "PNG"):
        out = io.BytesIO()
        Image.new("RGB", (37, 21)).save(out, kind)
        found = pictures._embedded(out.getvalue())
        assert found is not None
        assert found[1:] == (37, 21)
    assert pictures._embedded(b"\xff\xd8\xff\xe0\x00\x10") is None


def test_a_large_picture_is_made_smaller(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "LARGEST", 2_000)
    monkeypatch.setattr(pictures, "WIDEST", 64)
    found = pictures._embedded(reports.picture())
    assert found is not None
    assert found[1:] == (640, 360)
    assert len(found[0]) < 2_700


def test_every_section_is_there_and_a_report_of_nothing_is_a_page_too() -> None:
    keys = re.findall(r'<section id="(\w+)">', page())
    assert keys == [
        "summary", "jobs", "gates", "worst", "findings", "changes", "agreement", "workers",
        "objects",
    ]  # fmt: skip
    empty = render(Material(reports.report(levels=[], complete=False), reports.files()))
    assert "Not all of this report is known" in empty
    assert re.findall(r'<section id="(\w+)">', empty) == ["summary", "jobs"]


def test_nothing_of_a_stranger_is_markup() -> None:
    written = page()
    assert "<script" not in written
    assert "<img" not in written
    assert not re.search(r"<[^>]*\sonmouseover=\"window", written)
    assert not re.search(r'(?:src|href)="(?!data:image/|#)', written)


# --- in a browser --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with a_browser() as found:
        yield found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_chromium_shows_it_with_no_error_no_request_and_nothing_run(
    browser: Any, tmp_path: Path, scheme: str
) -> None:
    place = tmp_path / "report.html"
    place.write_text(page(), encoding="utf-8")
    shown = browser.new_page(viewport={"width": 1240, "height": 900}, color_scheme=scheme)
    said: list[str] = []
    asked: list[str] = []
    shown.on("console", lambda message: said.append(message.text))
    shown.on("pageerror", lambda error: said.append(str(error)))
    shown.on("request", lambda request: asked.append(request.url))
    shown.goto(place.as_uri())
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [place.as_uri()]
    assert shown.evaluate("window.pwned") is None
    assert shown.locator("script, img, iframe, object").count() == 0
    # Everything that is drawn has a name for those who cannot see it
    assert shown.locator("svg:not([aria-label])").count() == 0
    assert shown.locator("svg.frame image").count() == 2
    # And nothing is wider than the page, on a wide screen or a narrow one
    for width in (1240, 420):
        shown.set_viewport_size({"width": width, "height": 800})
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
    shown.close()
