"""`terrace quality gold`: mix, score, split, on files and in S3."""

import json

import boto3
import pytest
from click.testing import CliRunner
from moto import mock_aws

from terrace_cli.main import cli


def _line(name, kind=None, attribute="kind", **more):
    line = {"source-ref": f"s3://bucket/{name}.jpg", **more}
    if kind is not None:
        about = {"type": "groundtruth/image-classification", "class-name": kind}
        line |= {attribute: 0, f"{attribute}-metadata": about}
    return json.dumps(line)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs `terrace quality gold` in an empty folder, without AWS."""
    monkeypatch.chdir(tmp_path)

    def run(*words):
        return CliRunner().invoke(cli, ["quality", "gold", *map(str, words)])

    return run


def _write(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture
def files(tmp_path):
    """38 items of a customer's, and five gold ones of which item 3 is one of them."""
    gold = [_line(name, "Owl", "truth") for name in ("3", "g1", "g2", "g3", "g4")]
    return (
        _write(tmp_path / "in.manifest", [_line(n) for n in range(38)]),
        _write(tmp_path / "gold.manifest", gold),
    )


def test_mixed_scored_and_split_again(run, files, tmp_path):
    manifest, gold = files
    found = run("mix", manifest, gold, "--fraction", 7, "--seed", "s", "--out", "mixed.manifest")
    assert found.exit_code == 0, found.output
    assert "mixed.manifest: 40 lines, 2 gold items mixed in, 1 more stand in it" in found.output
    mixed = (tmp_path / "mixed.manifest").read_text(encoding="utf-8").splitlines()
    key = json.loads((tmp_path / "mixed.manifest.gold.json").read_text(encoding="utf-8"))
    assert key["seed"] == "s"
    assert [row["inserted"] for row in key["gold"]].count(True) == 2
    assert not any("truth" in line for line in mixed)

    labeled = [
        line[:-1] + ', "kind": 0, "kind-metadata": ' + _about(n) for n, line in enumerate(mixed)
    ]
    _write(tmp_path / "out.manifest", labeled)
    found = run("score", "out.manifest", gold, "--json")
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    right = sum(row["line"] % 2 == 0 for row in key["gold"])
    assert (told["scored"], told["right"], told["attribute"]) == (3, right, "kind")

    found = run(
        "split",
        "out.manifest",
        "mixed.manifest.gold.json",
        "--out",
        "own.manifest",
        "--gold-out",
        "known.manifest",
    )
    assert found.exit_code == 0, found.output
    own = (tmp_path / "own.manifest").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["source-ref"] for line in own] == [
        f"s3://bucket/{n}.jpg" for n in range(38)
    ]
    known = (tmp_path / "known.manifest").read_text(encoding="utf-8").splitlines()
    assert sorted(own + known) == sorted(labeled)


def _about(number):
    kind = "Duck" if number % 2 else "Owl"
    return json.dumps({"type": "groundtruth/image-classification", "class-name": kind}) + "}"


def test_the_same_seed_gives_the_same_manifest_and_no_seed_another_one(run, files, tmp_path):
    manifest, gold = files
    texts = []
    for number, seed in enumerate((["--seed", "a"], ["--seed", "a"], [], [])):
        out = f"mixed{number}"
        assert run("mix", manifest, gold, "--out", out, *seed).exit_code == 0
        texts.append((tmp_path / out).read_text(encoding="utf-8"))
        assert json.loads((tmp_path / f"{out}.gold.json").read_text(encoding="utf-8"))["seed"]
    assert texts[0] == texts[1]
    seeds = {
        json.loads((tmp_path / f"mixed{n}.gold.json").read_text(encoding="utf-8"))["seed"]
        for n in (2, 3)
    }
    assert len(seeds) == 2


def _responses(tmp_path, item, *answers):
    folder = tmp_path / "responses" / "iteration-1" / str(item)
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "answerContent": {"crowd-image-classifier": {"label": label}},
            "submissionTime": "2026-11-21T10:00:00Z",
            "workerId": f"private.eu-west-1.{worker}",
        }
        for worker, label in answers
    ]
    (folder / "2026-11-21_10:00:00.json").write_text(json.dumps({"answers": rows}))


def test_workers_are_scored_by_their_responses(run, tmp_path):
    out = _write(tmp_path / "out", [_line(0, "Owl"), _line(1, "Owl")])
    gold = _write(tmp_path / "gold", [_line(n, "Owl", "t") for n in range(2)])
    _responses(tmp_path, 0, ("aaaa", "Owl"), ("bbbb", "Duck"))
    _responses(tmp_path, 1, ("aaaa", "Owl"))
    _responses(tmp_path, 7, ("aaaa", "Owl"))
    found = run("score", out, gold, "--responses", "responses", "--json")
    assert found.exit_code == 0, found.output
    workers = json.loads(found.stdout)["workers"]
    assert [(one["answers"], one["right"], one["score"]) for one in workers] == [
        (1, 0, 0.0),
        (2, 2, 1.0),
    ]
    assert "is of line 8" in found.stderr
    assert "private." not in found.output
    found = run("score", out, gold, "--responses", "responses")
    assert "2 of 2 gold items are right (100.0 %" in found.output
    assert workers[0]["worker"] in found.output


def test_responses_without_an_answer_to_a_gold_item_are_said(run, tmp_path):
    out = _write(tmp_path / "out", [_line(0, "Owl"), _line(1, "Owl")])
    gold = _write(tmp_path / "gold", [_line(0, "Owl", "t")])
    _responses(tmp_path, 1, ("aaaa", "Owl"))
    found = run("score", out, gold, "--responses", "responses")
    assert found.exit_code == 0, found.output
    assert "no answer to a gold item" in found.stderr


def test_in_s3(run, monkeypatch):
    with mock_aws():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "test")
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="bucket")
        bodies = {"in": [_line(n) for n in range(19)], "gold": [_line("g", "Owl", "t")]}
        for name, lines in bodies.items():
            s3.put_object(Bucket="bucket", Key=name, Body="\n".join(lines).encode())
        place = "s3://bucket/"
        found = run(
            *("mix", f"{place}in", f"{place}gold", "--out", f"{place}mixed"),
            *("--region", "us-east-1"),
        )
        assert found.exit_code == 0, found.output
        mixed = s3.get_object(Bucket="bucket", Key="mixed")["Body"].read().decode().splitlines()
        assert len(mixed) == 20
        s3.get_object(Bucket="bucket", Key="mixed.gold.json")


WRONG = {
    "a gold file without labels": (["mix", "in.manifest", "in.manifest", "--out", "x"], "no gold"),
    "a gold line without a label": (
        ["mix", "in.manifest", "unlabeled", "--out", "x"],
        "the line has no label",
    ),
    "a manifest that is none": (["mix", "broken", "gold.manifest", "--out", "x"], "no manifest"),
    "a file that is not there": (["mix", "nothing", "gold.manifest", "--out", "x"], "nothing"),
    "out over in": (
        ["mix", "in.manifest", "gold.manifest", "--out", "in.manifest"],
        "written over",
    ),
    "a share of 100": (
        ["mix", "in.manifest", "gold.manifest", "--out", "x", "--fraction", "100"],
        "fraction",
    ),
    "nothing in common": (["score", "other", "gold.manifest"], "is in"),
    "no such label": (["score", "other", "gold.manifest", "--attribute", "z"], "has a label z"),
    "no label at all": (["score", "in.manifest", "gold.manifest"], "has no label"),
    "several labels": (["score", "two", "gold.manifest"], "--attribute: kind, other"),
    "no responses": (
        ["score", "other", "gold.manifest", "--responses", "empty"],
        "no worker response",
    ),
    "no key": (["split", "other", "gold.manifest", "--out", "x"], "is no key"),
}


@pytest.mark.parametrize(("words", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_and_nothing_is_written(run, files, tmp_path, words, said):
    _write(tmp_path / "broken", ["{"])
    _write(tmp_path / "unlabeled", [_line("g1")])
    _write(tmp_path / "other", [_line("zzz", "Owl")])
    two = json.loads(_line(1, "Owl")) | json.loads(_line(1, "Duck", "other"))
    _write(tmp_path / "two", [json.dumps(two)])
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    found = run(*words)
    assert found.exit_code == 2, found.output
    assert said in found.output
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
