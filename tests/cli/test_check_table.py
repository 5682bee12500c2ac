"""docs/quality.md: its table is made from the catalog, and kept so."""

from pathlib import Path

import pytest

from terrace.domain.quality.catalog import CHECKS
from terrace_cli import check_table


def test_the_table_is_what_the_catalog_says() -> None:
    text = check_table.FILE.read_text(encoding="utf-8")
    assert text == check_table.page(text)
    assert check_table.main(["--check"]) == 0


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_has_a_row_with_its_threshold_for_each_kind_of_thing(name: str) -> None:
    rows = [line for line in check_table.table().split("\n") if line.startswith(f"| `{name}` |")]
    assert len(rows) == len(CHECKS[name].kinds)
    limit = CHECKS[name].threshold
    assert all((f"| {limit:g} or " if limit is not None else "| - |") in row for row in rows)


def test_a_stale_table_is_told_and_what_stands_around_it_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stale = tmp_path / "quality.md"
    stale.write_text(f"before\n{check_table.BEGIN}\n{check_table.END}\nafter\n", encoding="utf-8")
    monkeypatch.setattr(check_table, "FILE", stale)
    assert check_table.main(["--check"]) == 1
    assert "make schemas" in capsys.readouterr().err
    assert check_table.main([]) == 0
    assert check_table.main(["--check"]) == 0
    text = stale.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith(f"{check_table.END}\nafter\n")


@pytest.mark.parametrize("text", ["", check_table.BEGIN, check_table.END + check_table.BEGIN])
def test_without_its_marks_nothing_is_written(text: str) -> None:
    with pytest.raises(ValueError, match="once each"):
        check_table.page(text)
