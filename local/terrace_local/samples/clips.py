"""Video clips to be classified as a whole: WebM files that a browser plays."""

from terrace_local.clip.photos import CUTOUTS
from terrace_local.samples.images import still_pictures
from terrace_local.samples.sample import (
    LABELS,
    MANIFEST,
    Sample,
    items_truth,
    manifest,
    simple_labels,
)
from terrace_local.samples.webm import webm
from terrace_local.workers.item_truth import ItemTruth, items_truth_key

FRAMES = 10


def clips(base: str, seed: int, items: int) -> Sample:
    """Two seconds of one photograph that moves: what is it of?"""
    names = sorted(cutout.name for cutout in CUTOUTS)
    files: dict[str, bytes] = {LABELS: simple_labels(names)}
    truths: dict[str, ItemTruth] = {}
    lines = []
    for number in range(items):
        pictures, shown = still_pictures(seed, number, FRAMES)
        name = f"clip{number + 1}.webm"
        files[f"clips/{name}"] = webm(pictures)
        truths[name] = ItemTruth((shown,))
        lines.append({"source-ref": f"{base}clips/{name}"})
    files[MANIFEST] = manifest(lines)
    return Sample(base, files, {items_truth_key(f"{base}clips/any"): items_truth(truths)})
