"""Custom jobs: their own functions before and after, their own page in between.

Contract: developer guide, "Custom labeling: Lambda requirements" (version 2018-10-16), and the
events of real jobs, which carry 2018-10-06. The two spellings of ``isHumanAnnotationRequired``
that circulate both count, and so does the word for the truth value.
"""

from typing import Any

from terrace_local.ground_truth.clock import file_stamp
from terrace_local.ground_truth.families.base import (
    ItemAnswer,
    ItemProblem,
    NotForPeople,
    Prepared,
)
from terrace_local.ground_truth.families.classification import labeled
from terrace_local.ground_truth.families.objects import truth_of
from terrace_local.ground_truth.families.responses import (
    picture_size,
    response_file,
    worker_answer,
)
from terrace_local.ground_truth.functions import FunctionFailed
from terrace_local.ground_truth.jobs import ItemResult
from terrace_local.ground_truth.results import failed_result
from terrace_local.ground_truth.s3files import InputProblem
from terrace_local.ground_truth.worker_page import Rendered
from terrace_local.workers.form_work import CannotAnswer, FormTask, fill_in
from terrace_local.workers.guess import DEFAULT_SIZE, GUESSED, KNOWN
from terrace_local.workers.image_work import ImageTask

VERSION = "2018-10-06"
_YES, _NO = (True, "true", "True"), (False, "false", "False")


class Custom:
    """One line of the manifest is whatever the job's functions and page make of it."""

    def prepare(self, prepared: Prepared, template: str | None) -> None:
        """A page is needed, and functions that can be called are found out at the first object.

        Raises:
            InputProblem: when there is no page.
        """
        if prepared.page is None or prepared.invoke is None:
            raise InputProblem("ClientError: A custom labeling job needs UiTemplateS3Uri.")

    def effort_seconds(self, prepared: Prepared, index: int) -> float:
        """The same as drawing on an image."""
        return prepared.crew.mix.pace.secondsPerImage

    def answer(self, prepared: Prepared, index: int) -> ItemAnswer:
        """The page is filled in by everybody on their own; the label is made in `consolidate`."""
        page = self._page(prepared, index)
        line = prepared.lines[index]
        size = _size(prepared, index)
        picture = prepared.truths.image(line.source) if line.by_reference else None
        item = truth_of(prepared, index)
        known = GUESSED if picture is None and item is None else KNOWN
        effort = self.effort_seconds(prepared, index)
        entries, answers = [], []
        for person in prepared.people(index):
            seed = (*prepared.seed(index), person.worker_id)
            image = ImageTask(*size, person, prepared.crew.mix, seed)
            seconds = effort * person.speed
            task = FormTask(image, picture, item, prepared.seed(index), seconds)
            try:
                content = fill_in(page, task)
            except CannotAnswer as error:
                raise ItemProblem(f"ClientError: Nobody could do the task: {error}.") from error
            entries.append(worker_answer(prepared, person, content, effort, known))
            answers.append({"workerId": person.worker_id, "content": content})
        files = [response_file(prepared, index, file_stamp(prepared.now()), entries)]
        return ItemAnswer(None, {}, files, answers, known)

    def _page(self, prepared: Prepared, index: int) -> Rendered:
        """The task's page, with what the pre-annotation function says is on it."""
        arn = prepared.request["HumanTaskConfig"]["PreHumanTaskLambdaArn"]
        event = {
            "version": VERSION,
            "labelingJobArn": prepared.arn,
            "dataObject": prepared.lines[index].data,
        }
        response = _call(prepared, arn, event)
        wrong = f"ClientError: The pre-annotation Lambda function {arn} returned"
        if not isinstance(response, dict) or not isinstance(response.get("taskInput"), dict):
            raise ItemProblem(f"{wrong} no taskInput.")
        required = response.get(
            "isHumanAnnotationRequired", response.get("humanAnnotationRequired", True)
        )
        if required in _NO:
            raise NotForPeople
        if required not in _YES:
            raise ItemProblem(
                f"{wrong} an isHumanAnnotationRequired that is neither true nor false."
            )
        assert prepared.page is not None  # checked when the job was prepared
        return prepared.page.render(response["taskInput"])

    def consolidate(
        self, prepared: Prepared, request_uri: str, answered: dict[int, ItemResult]
    ) -> dict[int, ItemResult]:
        """The post-annotation function makes the labels of the whole set."""
        human_task = prepared.request["HumanTaskConfig"]
        arn = human_task["AnnotationConsolidationConfig"]["AnnotationConsolidationLambdaArn"]
        output = prepared.request["OutputConfig"]
        event = {
            "version": VERSION,
            "labelingJobArn": prepared.arn,
            "labelCategories": prepared.categories.names or None,
            "labelAttributeName": prepared.attribute,
            "roleArn": prepared.request["RoleArn"],
            "payload": {"s3Uri": request_uri},
            "outputConfig": f"{prepared.root}/annotations",
            **({"kmsKeyId": output["KmsKeyId"]} if "KmsKeyId" in output else {}),
        }
        now = prepared.now()
        try:
            found = _contents(_call(prepared, arn, event), arn)
        except ItemProblem as problem:
            return {index: failed_result(str(problem), now) for index in answered}
        after = {}
        for index, result in answered.items():
            content = found.get(str(index))
            if isinstance(content, dict) and prepared.attribute in content:
                after[index] = labeled(result, content[prepared.attribute], {})
            else:
                after[index] = failed_result(
                    f"ClientError: The post-annotation Lambda function {arn} returned no "
                    f"consolidatedAnnotation with {prepared.attribute} for the data object.",
                    now,
                )
        return after


def _call(prepared: Prepared, arn: str, event: dict[str, Any]) -> Any:
    assert prepared.invoke is not None  # checked when the job was prepared
    try:
        return prepared.invoke(arn, event)
    except FunctionFailed as error:
        raise ItemProblem(str(error)) from error


def _contents(response: Any, arn: str) -> dict[str, Any]:
    """``content`` by data object id.

    Raises:
        ItemProblem: when the answer is no list of consolidated annotations.
    """
    try:
        return {
            str(row["datasetObjectId"]): row["consolidatedAnnotation"]["content"]
            for row in response
        }
    except (KeyError, TypeError) as error:
        raise ItemProblem(
            f"ClientError: The post-annotation Lambda function {arn} returned no list of "
            f"datasetObjectId and consolidatedAnnotation.content."
        ) from error


def _size(prepared: Prepared, index: int) -> tuple[int, int]:
    """The picture's size; a screen's where the object is no picture.

    Raises:
        ItemProblem: when the object is not there or may not be read: its page would be broken.
    """
    line = prepared.lines[index]
    if not line.by_reference:
        return DEFAULT_SIZE
    try:
        size = picture_size(prepared.files, line.source)
    except InputProblem as error:
        raise ItemProblem(str(error)) from error
    return size[:2] if size is not None else DEFAULT_SIZE
