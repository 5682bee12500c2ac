"""Writes the golden files anew: `python -m tests.exports.golden`. Read the difference then."""

from pathlib import Path

from terrace.domain.exports.formats import FORMATS
from tests.exports.harness import IMAGES, SAMPLES, written

FOLDER = Path(__file__).parent / "golden"
PACKED = {"parquet"}
"""How it is packed is zlib's affair: a reader of it judges this format."""
CASES = [
    *(name for name in FORMATS if name not in PACKED),
    *(name for name in SAMPLES if name not in FORMATS),
]


def listing(case: str) -> str:
    """What a case's golden file must hold."""
    name = case.removesuffix("-video") if case.startswith("ground-truth") else case
    name = name.removesuffix("-text")
    items = SAMPLES.get(case, IMAGES)
    return written(name, items)[0].listing()


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for case in CASES:
        (FOLDER / f"{case}.txt").write_text(listing(case), encoding="utf-8")
