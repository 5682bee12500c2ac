"""Verification of boxes on images: people choose a verdict and may say why."""

from collections import Counter
from typing import Any

from terrace_local.ground_truth.clock import file_stamp
from terrace_local.ground_truth.families.audited import audited_in_template
from terrace_local.ground_truth.families.base import ItemAnswer, Prepared
from terrace_local.ground_truth.families.image_boxes import MOST_CONFIDENT, given_boxes, look_at
from terrace_local.ground_truth.families.responses import response_file, worker_answer
from terrace_local.ground_truth.s3files import InputProblem
from terrace_local.workers.image_work import ImageTask, verify_image


class ImageVerification:
    """One line of the manifest is one image with boxes; the job's labels are the verdicts."""

    def prepare(self, prepared: Prepared, template: str | None) -> None:
        """Finds the attribute under review in the worker template."""
        prepared.audited = audited_in_template(template, prepared)
        if prepared.audited == prepared.attribute:
            raise InputProblem(
                f"ClientError: LabelAttributeName {prepared.attribute} must differ from the "
                "audited label attribute."
            )
        prepared.classes = self._classes(prepared)

    def effort_seconds(self, prepared: Prepared, index: int) -> float:
        """A review's share of the time that labeling takes."""
        pace = prepared.crew.mix.pace
        return pace.secondsPerImage * pace.reviewFactor

    def answer(self, prepared: Prepared, index: int) -> ItemAnswer:
        """Everybody gives a verdict; the most frequent one counts, the first on a tie."""
        given = given_boxes(prepared, index)
        picture = look_at(prepared, index)
        names = prepared.categories.names
        effort = self.effort_seconds(prepared, index)
        votes: Counter[int] = Counter()
        comments, entries, answers = [], [], []
        for person in prepared.crew.choose(prepared.job_name, index, prepared.people_per_item):
            seed = (*prepared.seed(index), person.worker_id)
            task = ImageTask(picture.width, picture.height, person, prepared.crew.mix, seed)
            verdict, comment = verify_image(given, picture.truth, names, task, prepared.classes)
            votes[verdict] += 1
            content: dict[str, Any] = {"crowd-image-classifier": {"label": names[verdict]}}
            if comment is not None:
                content["crowd-image-classifier"]["workerComment"] = comment
                comments.append({"comment": comment})
            entries.append(worker_answer(prepared, person, content, effort, picture.known))
            answers.append({"workerId": person.worker_id, "content": content})
        winner, count = votes.most_common(1)[0]
        share = count / prepared.people_per_item
        metadata: dict[str, Any] = {
            "class-name": names[winner],
            "confidence": 0 if prepared.people_per_item == 1 else round(MOST_CONFIDENT * share, 2),
        }
        if comments:
            metadata["worker-feedback"] = comments
        stamp = file_stamp(prepared.now())
        files = [response_file(prepared, index, stamp, entries)]
        return ItemAnswer(winner, metadata, files, answers, picture.known)

    @staticmethod
    def _classes(prepared: Prepared) -> list[str]:
        """The classes that the boxes under review have anywhere in the manifest.

        A line's class-map holds only the classes on that line, so one line is not enough.
        """
        names: set[str] = set()
        for index in prepared.todo:
            metadata = prepared.lines[index].data.get(f"{prepared.audited}-metadata")
            if isinstance(metadata, dict) and isinstance(metadata.get("class-map"), dict):
                names |= {str(name) for name in metadata["class-map"].values()}
        return sorted(names)
