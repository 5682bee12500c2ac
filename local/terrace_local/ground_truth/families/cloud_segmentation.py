"""3D semantic segmentation, its adjustment and verification: a class for every point."""

import zlib
from typing import Any

from terrace_local.ground_truth.clock import file_stamp
from terrace_local.ground_truth.families.audited import audited_metadata, check_old_labels
from terrace_local.ground_truth.families.base import ItemAnswer, ItemProblem, OutFile, Prepared
from terrace_local.ground_truth.families.cloud_input import read_points, single_frame
from terrace_local.ground_truth.families.responses import response_file, worker_answer
from terrace_local.ground_truth.s3files import InputProblem
from terrace_local.workers.answers import frame_answers
from terrace_local.workers.guess import GUESSED, KNOWN
from terrace_local.workers.point_work import BACKGROUND, PointTask, look_over, paint
from terrace_local.workers.verdicts import verdict_words

# The colours of the guide's example, then more of the same palette; they repeat after that.
_BACKGROUND_COLOUR = "#ffffff"
_COLOURS = (
    "#2ca02c", "#1f77b4", "#ff7f0e", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f",
    "#bcbd22", "#17becf",
)  # fmt: skip


class CloudSegmentation:
    """One line of the manifest is one frame; one person paints it."""

    def prepare(self, prepared: Prepared, template: str | None) -> None:
        """A review needs the labels of the job under review in its category file."""
        if prepared.task_type.mode == "adjust":
            prepared.audited = prepared.categories.audited_attribute
            check_old_labels(prepared)

    def effort_seconds(self, prepared: Prepared, index: int) -> float:
        """The same for every frame; a review takes its share of labeling."""
        pace = prepared.crew.mix.pace
        return pace.secondsPerFrame * (pace.reviewFactor if prepared.audited is not None else 1.0)

    def answer(self, prepared: Prepared, index: int) -> ItemAnswer:
        """One person paints, repaints or judges the frame."""
        frame = single_frame(prepared.lines[index].data)
        points = read_points(prepared, frame)
        person = prepared.crew.choose(prepared.job_name, index, 1)[0]
        task = PointTask(
            points, prepared.categories, person, prepared.crew.mix, prepared.seed(index)
        )
        truth = prepared.truths.cloud(prepared.lines[index].source)
        known = GUESSED if truth is None else KNOWN
        metadata: dict[str, Any] = {"color-map": colour_map(prepared.categories.names)}
        answers = self._said(prepared, index)
        if prepared.audited is None:
            classes = paint(truth, task)
        else:
            given = self._given(prepared, index, len(points))
            asked = [a.name for a in prepared.categories.frame_attributes if verdict_words(a)]
            audits = bool(asked) and not set(asked) & set(answers)
            classes, left = look_over(given, truth, task, audits)
            answers = self._judged(prepared, answers, left > 0)
            metadata["adjustment-status"] = "adjusted" if classes != given else "unadjusted"
        metadata["dataset-object-attributes"] = answers
        path = f"annotations/consolidated-annotation/output/{index}/{frame.name}.zlib"
        content = {
            "pointCloudSegmentation": {
                "s3Uri": f"{prepared.root}/{path}",
                "frameAttributes": answers,
            }
        }
        effort = self.effort_seconds(prepared, index)
        entry = worker_answer(prepared, person, content, effort, known)
        return ItemAnswer(
            value=f"{prepared.root}/{path}",
            metadata=metadata,
            files=[
                OutFile(path, zlib.compress(bytes(classes)), "application/zlib"),
                response_file(prepared, index, file_stamp(prepared.now()), [entry]),
            ],
            answers=[{"workerId": person.worker_id, "content": content}],
            truth=known,
        )

    @staticmethod
    def _given(prepared: Prepared, index: int, points: int) -> list[int]:
        """The classes under review, as this job counts them."""
        metadata = audited_metadata(prepared, index)
        uri = prepared.lines[index].data[prepared.audited or ""]
        if not isinstance(uri, str):
            raise ItemProblem(f"ClientError: {prepared.audited} is not an S3 URI.")
        try:
            body = prepared.files.read(uri, "the label file under review")
            old = zlib.decompress(body)
        except InputProblem as error:
            raise ItemProblem(str(error)) from error
        except zlib.error as error:
            raise ItemProblem(f"ClientError: The label file {uri} is invalid: {error}.") from error
        if len(old) != points:
            raise ItemProblem(
                f"ClientError: The label file {uri} has {len(old)} points, the frame {points}."
            )
        numbers = {BACKGROUND: BACKGROUND}
        for key, row in metadata.get("color-map", {}).items():
            place = prepared.categories.index_of(str(row.get("class-name")))
            numbers[int(key)] = BACKGROUND if place is None else place + 1
        unknown = sorted(set(old) - set(numbers))
        if unknown:
            raise ItemProblem(
                f"ClientError: The label file {uri} has class {unknown[0]}, which is not in the "
                "color-map."
            )
        return [numbers[value] for value in old]

    @staticmethod
    def _said(prepared: Prepared, index: int) -> dict[str, str]:
        """Answers about the frame: of the labels under review, or a person's own."""
        if prepared.audited is None:
            asked = prepared.categories.frame_attributes
            return frame_answers(asked, 0, *prepared.seed(index), "frames")
        known = audited_metadata(prepared, index).get("dataset-object-attributes") or {}
        return {key: str(value) for key, value in known.items()}

    @staticmethod
    def _judged(prepared: Prepared, answers: dict[str, str], is_bad: bool) -> dict[str, str]:
        judged = dict(answers)
        for attribute in prepared.categories.frame_attributes:
            words = verdict_words(attribute)
            if words is not None and attribute.editable:
                judged[attribute.name] = words[1] if is_bad else words[0]
        return judged


def colour_map(names: list[str]) -> dict[str, dict[str, Any]]:
    """`color-map` of the metadata: 0 is the background, the labels count from 1."""
    rows: dict[str, dict[str, Any]] = {
        "0": {"class-name": "Background", "hex-color": _BACKGROUND_COLOUR, "confidence": 0.0}
    }
    for place, name in enumerate(names):
        colour = _COLOURS[place % len(_COLOURS)]
        rows[str(place + 1)] = {"class-name": name, "hex-color": colour, "confidence": 0.0}
    return rows
