"""3D object detection and tracking (with 3D-2D), and their adjustment and verification."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from terrace_local.ground_truth.families.audited import audited_metadata, check_old_labels
from terrace_local.ground_truth.families.base import ItemAnswer, ItemProblem, OutFile, Prepared
from terrace_local.ground_truth.families.cloud_input import (
    CloudFrame,
    read_points,
    sequence_frames,
    single_frame,
)
from terrace_local.ground_truth.families.cloud_labels import (
    LIDAR,
    Sensors,
    from_file,
    from_inline,
    to_file,
    to_inline,
)
from terrace_local.ground_truth.families.responses import (
    picture_size,
    response_file,
    response_folder,
    worker_answer,
)
from terrace_local.ground_truth.families.seqlabel import SeqLabelError
from terrace_local.ground_truth.s3files import InputProblem
from terrace_local.workers.cloud_truth import CloudTruth
from terrace_local.workers.cloud_work import (
    camera_truth,
    cuboid_truth,
    guess_clouds,
    in_metres,
    label_cameras,
)
from terrace_local.workers.guess import DEFAULT_SIZE, GUESSED, KNOWN
from terrace_local.workers.mix import NO_ERRORS
from terrace_local.workers.sequence import Assignment, Sequence, SequenceLabels
from terrace_local.workers.shapes import shape_to_json
from terrace_local.workers.truth import VideoTruth
from terrace_local.workers.video_labeling import label_sequence
from terrace_local.workers.video_review import VideoReviewer


@dataclass(frozen=True)
class _Task:
    """One item in one person's hands, sensor by sensor."""

    lidar: Assignment
    cameras: dict[str, VideoTruth]
    in_pixels: Assignment
    truth: CloudTruth | None

    @property
    def known(self) -> str:
        return GUESSED if self.truth is None else KNOWN


class _Clouds(ABC):
    """What single frames and sequences have in common; one person does an item."""

    def effort_seconds(self, prepared: Prepared, index: int) -> float:
        """Grows with the number of frames; a review takes its share of labeling."""
        pace = prepared.crew.mix.pace
        factor = pace.reviewFactor if prepared.audited is not None else 1.0
        return len(self.frames(prepared, index)) * pace.secondsPerFrame * factor

    def answer(self, prepared: Prepared, index: int) -> ItemAnswer:
        """One person labels, adjusts or judges the item."""
        frames = self.frames(prepared, index)
        for frame in frames:
            read_points(prepared, frame)
        task = self._task(prepared, index, frames)
        if prepared.audited is None:
            sensors, changed = self._label(task, prepared), None
        else:
            sensors, changed = self._review(task, prepared, index, frames)
        answer = self.filed(prepared, index, task, frames, sensors)
        if changed is not None:
            answer.metadata["adjustment-status"] = "adjusted" if changed else "unadjusted"
        return answer

    @abstractmethod
    def frames(self, prepared: Prepared, index: int) -> list[CloudFrame]:
        """The frames of an item."""

    @abstractmethod
    def given(self, prepared: Prepared, index: int, frames: list[CloudFrame]) -> Sensors:
        """The labels under review."""

    @abstractmethod
    def filed(
        self,
        prepared: Prepared,
        index: int,
        task: _Task,
        frames: list[CloudFrame],
        sensors: Sensors,
    ) -> ItemAnswer:
        """The item's label and files."""

    # -- working ---------------------------------------------------------------------------

    @staticmethod
    def _task(prepared: Prepared, index: int, frames: list[CloudFrame]) -> _Task:
        person = prepared.crew.choose(prepared.job_name, index, 1)[0]
        names = tuple(frame.name for frame in frames)
        sequence = Sequence(names, "", 0, 0)
        in_pixels = Assignment(sequence, prepared.categories, person, True, prepared.seed(index))
        lidar = replace(in_pixels, person=in_metres(person))
        truth = prepared.truths.cloud(prepared.lines[index].source)
        cameras: dict[str, VideoTruth] = {}
        if len(frames) > 1:  # a single frame has no boxes on its images
            most = max(len(frame.images) for frame in frames)
            for number in range(most):
                uri = next(f.images[number] for f in frames if len(f.images) > number)
                try:
                    size = picture_size(prepared.files, uri)
                except InputProblem as error:
                    raise ItemProblem(str(error)) from error
                camera = f"camera-{number}"
                width, height = size[:2] if size is not None else DEFAULT_SIZE
                known = truth or CloudTruth(())
                cameras[camera] = camera_truth(known, camera, (width, height))
        return _Task(lidar, cameras, in_pixels, truth)

    @staticmethod
    def _label(task: _Task, prepared: Prepared) -> Sensors:
        errors = prepared.crew.mix.label
        if task.truth is None:
            guess = guess_clouds(task.lidar.sequence.frames, prepared.categories, *task.lidar.seed)
            lidar = label_sequence(guess, task.lidar, NO_ERRORS)
        else:
            lidar = label_sequence(cuboid_truth(task.truth), task.lidar, errors)
        return {LIDAR: lidar, **label_cameras(task.cameras, task.in_pixels, lidar, errors)}

    def _review(
        self, task: _Task, prepared: Prepared, index: int, frames: list[CloudFrame]
    ) -> tuple[Sensors, bool]:
        reviewing = prepared.crew.mix.review
        after: Sensors = {}
        changed = False
        for sensor, labels in self.given(prepared, index, frames).items():
            truth: VideoTruth | None = None
            assignment = task.lidar
            if sensor != LIDAR:
                truth = task.cameras.get(sensor) if task.truth is not None else None
                size = (truth.width, truth.height) if truth is not None else DEFAULT_SIZE
                view = Sequence(task.lidar.sequence.frames, "", *size)
                assignment = replace(task.in_pixels, sequence=view)
            elif task.truth is not None:
                truth = cuboid_truth(task.truth)
            review = VideoReviewer(assignment, truth, reviewing).review(labels)
            after[sensor] = review.labels
            changed = changed or review.changed
        return after, changed

    # -- writing ---------------------------------------------------------------------------

    def _responses(
        self,
        prepared: Prepared,
        index: int,
        task: _Task,
        frames: list[CloudFrame],
        sensors: Sensors,
    ) -> list[OutFile]:
        """Responses are stored per frame; how AWS writes those of 3D tasks is not documented."""
        effort = self.effort_seconds(prepared, index) / len(frames)
        files = []
        for place, frame in enumerate(frames):
            content = {
                "trackingAnnotations": {
                    "frameNumber": frame.number,
                    "frame": frame.name,
                    "sensors": {
                        sensor: _handed_in(labels, place) for sensor, labels in sensors.items()
                    },
                    "frameAttributes": sensors[LIDAR].frame_attributes.get(place, {}),
                }
            }
            entry = worker_answer(prepared, task.in_pixels.person, content, effort, task.known)
            name = frame.name.replace("/", "_")
            files.append(response_file(prepared, index, name, [entry]))
        return files

    @staticmethod
    def _by_reference(prepared: Prepared, index: int, task: _Task) -> list[dict[str, Any]]:
        folder = f"{prepared.root}/{response_folder(prepared, index)}/"
        worker = task.in_pixels.person.worker_id
        return [{"workerId": worker, "annotationData": {"s3Uri": folder}}]


class CloudDetection(_Clouds):
    """One line of the manifest is one frame; its cuboids stand in the line itself."""

    def prepare(self, prepared: Prepared, template: str | None) -> None:
        """A review needs the labels of the job under review in its category file."""
        if prepared.task_type.mode == "adjust":
            prepared.audited = prepared.categories.audited_attribute
            check_old_labels(prepared)

    def frames(self, prepared: Prepared, index: int) -> list[CloudFrame]:
        """The one frame of an item."""
        return [single_frame(prepared.lines[index].data)]

    def effort_seconds(self, prepared: Prepared, index: int) -> float:
        """The same for every frame, also for one that turns out not to be readable."""
        pace = prepared.crew.mix.pace
        return pace.secondsPerFrame * (pace.reviewFactor if prepared.audited is not None else 1.0)

    def given(self, prepared: Prepared, index: int, frames: list[CloudFrame]) -> Sensors:
        """The cuboids in the line."""
        metadata = audited_metadata(prepared, index)
        class_map = {str(k): str(v) for k, v in metadata.get("class_map", {}).items()}
        value = prepared.lines[index].data[prepared.audited or ""]
        try:
            labels = from_inline(value, class_map)
        except SeqLabelError as error:
            raise ItemProblem(
                f"ClientError: The label attribute {prepared.audited} is invalid: {error}."
            ) from error
        answers = metadata.get("dataset-object-attributes") or {}
        if answers:
            labels.frame_attributes[0] = {key: str(word) for key, word in answers.items()}
        return {LIDAR: labels}

    def filed(
        self,
        prepared: Prepared,
        index: int,
        task: _Task,
        frames: list[CloudFrame],
        sensors: Sensors,
    ) -> ItemAnswer:
        """Cuboids inline; what is said of the frame goes into the metadata."""
        labels = sensors[LIDAR]
        metadata = {
            "objects": [],
            # Spelt with _ here, with - everywhere else.
            "class_map": _class_map(prepared, labels.labels_used()),
            "dataset-object-attributes": labels.frame_attributes.get(0, {}),
        }
        return ItemAnswer(
            value=to_inline(labels, prepared.categories),
            metadata=metadata,
            files=self._responses(prepared, index, task, frames, sensors),
            answers=self._by_reference(prepared, index, task),
            truth=task.known,
        )


class CloudTracking(_Clouds):
    """One line of the manifest is one sequence file; its labels are a SeqLabel.json."""

    SEQUENCE_FILE: ClassVar[str] = "annotations/consolidated-annotation/output/{}/SeqLabel.json"

    def prepare(self, prepared: Prepared, template: str | None) -> None:
        """Reads every sequence file."""
        if prepared.task_type.mode == "adjust":
            prepared.audited = prepared.categories.audited_attribute
            check_old_labels(prepared)
        for index in prepared.todo:
            uri = prepared.lines[index].source
            prepared.items[index] = sequence_frames(prepared.files, uri)

    def frames(self, prepared: Prepared, index: int) -> list[CloudFrame]:
        """The frames of an item's sequence."""
        frames: list[CloudFrame] = prepared.items[index]
        return frames

    def given(self, prepared: Prepared, index: int, frames: list[CloudFrame]) -> Sensors:
        """The label file under review."""
        metadata = audited_metadata(prepared, index)
        uri = prepared.lines[index].data[prepared.audited or ""]
        if not isinstance(uri, str):
            raise ItemProblem(f"ClientError: {prepared.audited} is not an S3 URI.")
        class_map = {str(k): str(v) for k, v in metadata.get("class-map", {}).items()}
        try:
            data = prepared.files.read_json(uri, "the label file under review")
            return from_file(data, frames, class_map)
        except InputProblem as error:
            raise ItemProblem(str(error)) from error
        except SeqLabelError as error:
            raise ItemProblem(f"ClientError: The label file {uri} is invalid: {error}.") from error

    def filed(
        self,
        prepared: Prepared,
        index: int,
        task: _Task,
        frames: list[CloudFrame],
        sensors: Sensors,
    ) -> ItemAnswer:
        """A label file for all frames and sensors."""
        path = self.SEQUENCE_FILE.format(index)
        content = to_file(sensors, frames, prepared.categories)
        used = set().union(*(labels.labels_used() for labels in sensors.values()))
        metadata = {
            "objects": [{"frame-no": frame.number, "confidence": []} for frame in frames],
            "class-map": _class_map(prepared, used),
        }
        return ItemAnswer(
            value=f"{prepared.root}/{path}",
            metadata=metadata,
            files=[
                OutFile(path, content),
                *self._responses(prepared, index, task, frames, sensors),
            ],
            answers=self._by_reference(prepared, index, task),
            truth=task.known,
        )


def _class_map(prepared: Prepared, used: set[str]) -> dict[str, str]:
    return {str(i): name for i, name in enumerate(prepared.categories.names) if name in used}


def _handed_in(labels: SequenceLabels, place: int) -> list[dict[str, Any]]:
    return [
        {
            "label": drawn.label,
            **shape_to_json(drawn.shape),
            "objectId": drawn.object_id,
            "objectName": drawn.object_name,
            "labelCategoryAttributes": dict(drawn.attributes),
        }
        for drawn in labels.frames.get(place, [])
    ]
