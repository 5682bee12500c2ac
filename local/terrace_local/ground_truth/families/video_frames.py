"""Video frame object detection and tracking, and their adjustment and verification."""

from typing import Any

from terrace_local.ground_truth.families.audited import audited_metadata, check_old_labels
from terrace_local.ground_truth.families.base import ItemAnswer, ItemProblem, OutFile, Prepared
from terrace_local.ground_truth.families.responses import (
    picture_size,
    response_file,
    response_folder,
    worker_answer,
)
from terrace_local.ground_truth.families.seqlabel import (
    SeqLabelError,
    from_seqlabel,
    to_seqlabel,
    worker_content,
)
from terrace_local.ground_truth.s3files import InputProblem
from terrace_local.workers.crew import Person
from terrace_local.workers.guess import DEFAULT_SIZE, GUESSED, KNOWN, guess_video
from terrace_local.workers.mix import NO_ERRORS
from terrace_local.workers.sequence import Assignment, Sequence, SequenceLabels
from terrace_local.workers.slips import with_slips
from terrace_local.workers.truth import VideoTruth
from terrace_local.workers.video_labeling import label_sequence
from terrace_local.workers.video_review import VideoReviewer

SEQUENCES = 10
FRAMES = 2_000


class VideoFrames:
    """One line of the manifest is one sequence file; one person does it."""

    def prepare(self, prepared: Prepared, template: str | None) -> None:
        """Reads every sequence file and checks the documented limits."""
        if len(prepared.lines) > SEQUENCES:
            raise InputProblem(
                f"ClientError: The input manifest has {len(prepared.lines)} sequences; at most "
                f"{SEQUENCES} are possible."
            )
        if prepared.task_type.mode == "adjust":
            prepared.audited = prepared.categories.audited_attribute
            check_old_labels(prepared)
        for index in prepared.todo:
            prepared.items[index] = self._sequence(prepared, index)

    def effort_seconds(self, prepared: Prepared, index: int) -> float:
        """Grows with the number of frames; a review takes its share of labeling."""
        pace = prepared.crew.mix.pace
        factor = pace.reviewFactor if prepared.audited is not None else 1.0
        sequence: Sequence = prepared.items[index]
        return len(sequence.frames) * pace.secondsPerFrame * factor

    def answer(self, prepared: Prepared, index: int) -> ItemAnswer:
        """One person labels, adjusts or judges the sequence."""
        sequence, truth = self._seen(prepared, index)
        person = prepared.crew.choose(prepared.job_name, index, 1)[0]
        task = Assignment(
            sequence, prepared.categories, person, self._tracks(prepared), prepared.seed(index)
        )
        status = None
        if prepared.audited is not None:
            given = self._given(prepared, index, sequence)
            review = VideoReviewer(task, truth, prepared.crew.mix.review).review(given)
            labels = review.labels
            status = "adjusted" if review.changed else "unadjusted"
        elif truth is not None:
            labels = label_sequence(truth, task, prepared.crew.mix.label)
            labels = with_slips(labels, prepared.crew.mix.slips, task)
        else:
            size = (sequence.width, sequence.height)
            guess = guess_video(sequence.frames, size, prepared.categories, *task.seed)
            labels = label_sequence(guess, task, NO_ERRORS)
        answer = self._filed(prepared, index, task, labels, GUESSED if truth is None else KNOWN)
        if status is not None:
            answer.metadata["adjustment-status"] = status
        return answer

    # -- reading ---------------------------------------------------------------------------

    def _sequence(self, prepared: Prepared, index: int) -> Sequence:
        uri = prepared.lines[index].source
        data = prepared.files.read_json(uri, "the sequence file")
        try:
            names = [frame["frame"] for frame in data["frames"]]
            prefix, count = data["prefix"], data["number-of-frames"]
        except (KeyError, TypeError) as error:
            raise _bad_sequence(uri, f"it lacks {error}") from error
        if not all(isinstance(name, str) and name for name in names) or not names:
            raise _bad_sequence(uri, "`frames` must be a list of named frames")
        if count != len(names):
            raise _bad_sequence(uri, f"number-of-frames is {count}, but there are {len(names)}")
        if len(names) > FRAMES:
            raise _bad_sequence(uri, f"{len(names)} frames, at most {FRAMES} are possible")
        if len(set(names)) != len(names):
            raise _bad_sequence(uri, "a frame is listed twice")
        if not isinstance(prefix, str) or not prefix.startswith("s3://") or prefix[-1] != "/":
            raise _bad_sequence(uri, "`prefix` must be an S3 URI that ends with /")
        # The tool shows frames in the UTF-8 order of their names, whatever the file's order.
        ordered = tuple(sorted(names, key=lambda name: name.encode()))
        return Sequence(ordered, prefix, 0, 0)

    def _seen(self, prepared: Prepared, index: int) -> tuple[Sequence, VideoTruth | None]:
        """The sequence with its picture size, and what the workers know of it."""
        bare: Sequence = prepared.items[index]
        truth = prepared.truths.video(prepared.lines[index].source, bare.prefix)
        if truth is not None:
            return Sequence(bare.frames, bare.prefix, truth.width, truth.height), truth
        try:
            size = picture_size(prepared.files, bare.prefix + bare.frames[0])
        except InputProblem as error:
            raise ItemProblem(str(error)) from error
        width, height = size[:2] if size is not None else DEFAULT_SIZE
        return Sequence(bare.frames, bare.prefix, width, height), None

    def _given(self, prepared: Prepared, index: int, sequence: Sequence) -> SequenceLabels:
        metadata = audited_metadata(prepared, index)
        uri = prepared.lines[index].data[prepared.audited or ""]
        if not isinstance(uri, str):
            raise ItemProblem(f"ClientError: {prepared.audited} is not an S3 URI.")
        class_map = {str(k): str(v) for k, v in metadata.get("class-map", {}).items()}
        try:
            data = prepared.files.read_json(uri, "the label file under review")
            return from_seqlabel(data, sequence, class_map, self._tracks(prepared))
        except InputProblem as error:
            raise ItemProblem(str(error)) from error
        except SeqLabelError as error:
            raise ItemProblem(f"ClientError: The label file {uri} is invalid: {error}.") from error

    @staticmethod
    def _tracks(prepared: Prepared) -> bool:
        return prepared.task_type.output_type.endswith("tracking")

    # -- writing ---------------------------------------------------------------------------

    def _filed(
        self,
        prepared: Prepared,
        index: int,
        task: Assignment,
        labels: SequenceLabels,
        truth: str,
    ) -> ItemAnswer:
        categories = prepared.categories
        path = f"annotations/consolidated-annotation/output/{index}/SeqLabel.json"
        content = to_seqlabel(labels, task.sequence, categories, task.tracking)
        files = [OutFile(path, content)]
        files += self._responses(prepared, index, task, labels, truth)
        used = labels.labels_used()
        class_map = {str(i): name for i, name in enumerate(categories.names) if name in used}
        return ItemAnswer(
            value=f"{prepared.root}/{path}",
            metadata={"class-map": class_map},
            files=files,
            answers=[_answer_by_reference(prepared, index, task.person)],
            truth=truth,
        )

    def _responses(
        self,
        prepared: Prepared,
        index: int,
        task: Assignment,
        labels: SequenceLabels,
        truth: str,
    ) -> list[OutFile]:
        """Video responses are stored per frame; the frames' times add up to the task's."""
        effort = self.effort_seconds(prepared, index) / len(task.sequence.frames)
        files = []
        for position in labels.positions():
            content = worker_content(labels, task.sequence, prepared.categories, position)
            answer = worker_answer(prepared, task.person, content, effort, truth)
            files.append(response_file(prepared, index, task.sequence.frames[position], [answer]))
        return files


def _answer_by_reference(prepared: Prepared, index: int, person: Person) -> dict[str, Any]:
    folder = f"{prepared.root}/{response_folder(prepared, index)}/"
    return {"workerId": person.worker_id, "annotationData": {"s3Uri": folder}}


def _bad_sequence(uri: str, text: str) -> InputProblem:
    return InputProblem(f"ClientError: The sequence file {uri} is invalid: {text}.")
