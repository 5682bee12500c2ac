"""What TrackEval, the reference implementation of HOTA, says of the cases in trackeval.json.

Not part of the tests' environment (it needs scipy). To make the frozen values again, in a venv with
numpy 2.4.6, scipy 1.17.1 and `trackeval==1.3.0` (installed with --no-deps), from the repository:

    PYTHONPATH=functions:. python -m tests.domain.quality.trackeval_oracle

writes tests/data/trackeval.json.
"""

import copy
import json
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[3]
FROZEN = ROOT / "tests/data/trackeval.json"
SAMPLE = ROOT.parent / "shared/data/gt_video_tracking_mot17_13/SeqLabel.json"


def random_case(seed):
    """Frames of a few objects that come, go, are mislabeled and swapped: ids and likeness."""
    rng = np.random.default_rng(seed)
    objects, labeled, length = 4, 5, 12
    frames = []
    for _ in range(length):
        truth = sorted(rng.choice(objects, rng.integers(0, objects + 1), replace=False).tolist())
        labels = sorted(rng.choice(labeled, rng.integers(0, labeled + 1), replace=False).tolist())
        alike = rng.random((len(truth), len(labels))) * 0.6
        for row, one in enumerate(truth):
            for column, other in enumerate(labels):
                if one == other and rng.random() < 0.85:
                    alike[row, column] = 0.4 + 0.6 * rng.random()
        frames.append({"truth": truth, "labels": labels, "alike": alike.round(3).tolist()})
    return frames


def perturbed(document):
    """The AWS sample with errors of every kind at fixed places."""
    made = copy.deepcopy(document)
    for frame in made["tracking-annotations"]:
        number = int(frame["frame-no"])
        boxes = frame["annotations"]
        if number % 11 == 5 and boxes:
            boxes.pop(0)
        for box in boxes:
            if number % 7 == 3:
                box["left"] += round(box["width"] * 0.3)
            if number % 13 == 4:
                box["height"] = round(box["height"] * 0.4)
        if 150 <= number < 190 and len(boxes) > 1:
            first, second = boxes[0], boxes[1]
            first["object-id"], second["object-id"] = second["object-id"], first["object-id"]
        if number % 17 == 8:
            boxes.append({**copy.deepcopy(boxes[0]), "left": 5, "top": 5, "object-id": "ghost"})
    return made


def as_json(matches):
    """Frames as `tracking_metrics.frames` made them, as a case."""
    return [
        {"truth": list(one.truth), "labels": list(one.labels), "alike": one.alike.tolist()}
        for one in matches
    ]


def judge(frames):
    """TrackEval's values for a case."""
    from trackeval.metrics.clear import CLEAR
    from trackeval.metrics.hota import HOTA
    from trackeval.metrics.identity import Identity

    truth = [np.array(frame["truth"], dtype=int) for frame in frames]
    labels = [np.array(frame["labels"], dtype=int) for frame in frames]
    data = {
        "num_timesteps": len(frames),
        "num_gt_dets": sum(map(len, truth)),
        "num_tracker_dets": sum(map(len, labels)),
        "num_gt_ids": len({one for ids in truth for one in ids.tolist()}),
        "num_tracker_ids": len({one for ids in labels for one in ids.tolist()}),
        "gt_ids": truth,
        "tracker_ids": labels,
        "similarity_scores": [
            np.array(frame["alike"], dtype=float).reshape(len(a), len(b))
            for frame, a, b in zip(frames, truth, labels, strict=True)
        ],
    }
    hota = HOTA().eval_sequence(data)
    identity = Identity({"PRINT_CONFIG": False}).eval_sequence(data)
    clear = CLEAR({"PRINT_CONFIG": False}).eval_sequence(data)
    return {
        "hota": float(np.mean(hota["HOTA"])),
        "detA": float(np.mean(hota["DetA"])),
        "assA": float(np.mean(hota["AssA"])),
        "idf1": float(identity["IDF1"]),
        "idPrecision": float(identity["IDP"]),
        "idRecall": float(identity["IDR"]),
        "mota": float(clear["MOTA"]),
        "switches": int(clear["IDSW"]),
        "missed": int(clear["CLR_FN"]),
        "tooMany": int(clear["CLR_FP"]),
    }


def numbered(frames):
    """Ids counted from 0 without gaps, as TrackEval wants them."""
    known = ({}, {})
    for frame in frames:
        for side, key in zip(known, ("truth", "labels"), strict=True):
            frame[key] = [side.setdefault(one, len(side)) for one in frame[key]]
    return frames


def main():
    """Writes the frozen file."""
    from terrace.domain.quality.things_reading import of_document
    from terrace.domain.quality.tracking_metrics import frames

    cases = []
    for seed in range(12):
        case = numbered(random_case(seed))
        cases.append({"name": f"random {seed}", "frames": case, "scores": judge(case)})
    document = json.loads(SAMPLE.read_text(encoding="utf-8"))
    real = as_json(frames(of_document(document), of_document(perturbed(document))))
    cases.append({"name": "AWS sample, perturbed", "frames": None, "scores": judge(real)})
    lines = ",\n ".join(json.dumps(case, separators=(",", ":")) for case in cases)
    FROZEN.write_text(f"[{lines}]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
