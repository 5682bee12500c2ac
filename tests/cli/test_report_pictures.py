"""`terrace report --draw`: pictures beside the page, and the page that links them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from terrace_cli.draw.sheets import Sheet
from terrace_cli.main import cli
from terrace_cli.report.material import Material
from terrace_cli.report.page import render
from terrace_cli.report.sheets import links
from tests.cli import reports


def test_a_lane_has_its_contact_sheet_its_pictures_and_how_many_there_are() -> None:
    out = Path("shown/drawn of <b>")
    sheets = [Sheet("car", out / "car.jpg", out / "car", 200, 3_000)]
    written = render(
        Material(reports.report(), reports.files()), links(sheets, Path("shown/r.html"))
    )
    assert '<section id="pictures"><h2>Pictures</h2>' in written
    assert '<a href="drawn%20of%20%3Cb%3E/car.jpg">contact sheet</a>' in written
    assert '<a href="drawn%20of%20%3Cb%3E/car/">pictures</a> of 200 of 3,000 items' in written


def test_a_lane_that_cannot_be_drawn_says_why() -> None:
    sheets = [Sheet("form", None, Path("form"), problem="no skeleton: <script>")]
    assert "form: not drawn: no skeleton: &lt;script&gt;" in links(sheets, Path("r.html"))


def test_pictures_need_a_page_and_a_new_folder(
    here: Callable[..., Any], api: Any, tmp_path: Path
) -> None:
    here()
    said = CliRunner().invoke(cli, ["report", "b1", "--draw", "drawn"])
    assert said.exit_code == 2
    assert "--html FILE" in said.output
    (tmp_path / "drawn").mkdir()
    (tmp_path / "drawn" / "old.jpg").touch()
    said = CliRunner().invoke(
        cli, ["report", "b1", "--html", "r.html", "--draw", str(tmp_path / "drawn")]
    )
    assert said.exit_code == 2
    assert "has files in it already" in said.output
    assert not Path("r.html").exists()
    assert api.seen == []
