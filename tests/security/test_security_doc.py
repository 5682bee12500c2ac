"""docs/security.md and its waivers cannot go stale."""

from pathlib import Path
from typing import Any

import pytest

from terrace_cli.checks import checklist, security_doc, serverless_pack
from terrace_cli.checks.expand import expand
from terrace_cli.checks.finding import Finding
from terrace_cli.checks.waivers import read_waivers

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def template() -> dict[str, Any]:
    return expand(ROOT / "template.yaml")


def test_the_document_is_what_the_checks_say() -> None:
    text = security_doc.DOCUMENT.read_text(encoding="utf-8")
    assert text == security_doc.render(text), "make security-doc"


def test_every_item_of_the_checklist_has_evidence_that_exists(template: dict[str, Any]) -> None:
    rows = checklist.rows(ROOT, template)
    assert {row.item: row.problems for row in rows if row.problems} == {}
    assert len(rows) == 32


def test_all_seventeen_rules_of_the_serverless_pack_are_asked(template: dict[str, Any]) -> None:
    scores = serverless_pack.score(template)
    asked = [score.rule.name for score in scores if score.looked_at]
    assert len(asked) == len(set(asked)) == 17


def test_a_checklist_item_with_made_up_evidence_is_noticed(
    template: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "checklist.yaml"
    file.write_text(
        "- {area: a, item: i, verdict: 'yes', evidence: [check stack-nonsense, "
        "template BatchTable.Nonsense, file nowhere.py, 'test tests/laws/test_stack.py::nobody', "
        "waiver CKV_NOTHING]}\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(checklist, "FILE", file)
    (row,) = checklist.rows(ROOT, template)
    assert len(row.problems) == 5


def test_a_waiver_that_nothing_needs_is_a_finding(tmp_path: Path) -> None:
    file = tmp_path / "waivers.yaml"
    file.write_text(
        "waivers: [{check: c, where: [here, there], why: it has to be like this for now}]\n",
        encoding="utf-8",
    )
    waivers = read_waivers(file)
    stands, waived = waivers.split([Finding("c", "here", ""), Finding("c", "elsewhere", "")])
    assert [finding.where for finding in stands] == ["elsewhere"]
    assert [finding.where for finding in waived] == ["here"]
    assert [finding.where for finding in waivers.stale()] == ["c at there"]


def test_a_waiver_without_a_reason_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "waivers.yaml"
    file.write_text("waivers: [{check: c, where: [here], why: because}]\n", encoding="utf-8")
    with pytest.raises(ValueError, match="gives no reason"):
        read_waivers(file)
