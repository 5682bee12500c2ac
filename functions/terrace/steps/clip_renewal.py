"""A job's clips after its source was retried: what they are part of, as the lane has it now.

Labels that came since the clips were cut must not be lost: answers are merged into the labels of
today, and clips that are asked again show them. Nothing of the user's buckets but labels is read.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from terrace.domain import manifest, s3uri
from terrace.domain.clip_labels import cut_labels
from terrace.domain.manifest import METADATA
from terrace.domain.records import JobRecord
from terrace.errors import AccessDeniedError, NotFoundError
from terrace.ports import ObjectStore
from terrace.steps import clip_files
from terrace.steps.clip_answers import WHOLES, frames_named, whole_uris
from terrace.steps.job_output import texts
from terrace.steps.lane import LaneItem


@dataclass(frozen=True)
class OldClip:
    """A clip that was cut before: its line in the job's manifest, its entry in clips.json."""

    line: str
    entry: dict[str, Any]


@dataclass
class Renewed:
    """What has changed."""

    wholes: dict[int, str] = field(default_factory=dict)
    """By place, the line of wholes.manifest."""
    lines: dict[int, str] = field(default_factory=dict)
    """By the job's own index, the line of a clip that shows other labels now."""


@dataclass(frozen=True)
class Renewal:
    """Renews the files of one job's clips in a folder of this run."""

    job: JobRecord
    source: JobRecord
    audited: str
    folder: str
    objects: ObjectStore

    def run(
        self, clips: Mapping[int, OldClip], answered: Collection[int], items: Iterable[LaneItem]
    ) -> Renewed:
        """Writes labels and frames' names of every whole item, and open clips' labels.

        Args:
            clips: by the job's own index.
            answered: of those, the clips whose answers stand.
            items: of the lane, as it is now.
        """
        by_place: dict[int, dict[int, OldClip]] = {}
        for index, clip in clips.items():
            by_place.setdefault(clip.entry["item"], {})[index] = clip
        before = (json.loads(text) for text in texts(self.objects, self.job.wholesS3Uri or ""))
        old = {row["index"]: row for row in before}
        made = Renewed()
        for item in items:
            if item.index in by_place:
                self._item(item, old[item.index], by_place[item.index], answered, made)
        return made

    def _item(
        self,
        item: LaneItem,
        old: dict[str, Any],
        clips: Mapping[int, OldClip],
        answered: Collection[int],
        made: Renewed,
    ) -> None:
        there = (self.job.wholesS3Uri or "").removesuffix(f"/{WHOLES}")
        old_labels, old_names = whole_uris(there, item.index)
        names = self.objects.get_json(old_names)
        told: list[str] = []
        try:
            whole = clip_files.whole(item, self.audited)
            labels = clip_files.labels_of(whole, self.objects)
            row = json.loads(clip_files.whole_line(whole))
        except (ValueError, NotFoundError, AccessDeniedError):
            labels, row = self.objects.get_json(old_labels), old
            told.append(f"what {self.source.jobName} left of it later cannot be read")
        about = manifest.metadata(row["line"], self.audited)
        for index, clip in clips.items():
            part = cut_labels(labels, names, clip.entry["names"])
            data = json.loads(clip.line)
            same = part == self.objects.get_json(str(data[self.audited]))
            if index in answered:
                if not same:
                    told.append(self._overtaken(clip))
            elif not same or about != manifest.metadata(data, self.audited):
                made.lines[index] = self._cut(clip, data, part, about)
        made.wholes[item.index] = manifest.dump({**row, "late": "; ".join(told)})
        labels_uri, names_uri = whole_uris(self.folder, item.index)
        self.objects.put_json(labels_uri, labels)
        self.objects.put_json(names_uri, names)

    def _overtaken(self, clip: OldClip) -> str:
        which = frames_named(clip.entry["frames"], clip.entry["names"])
        return (
            f"{which}: {self.job.jobName} answered before {self.source.jobName} changed the label "
            f"there, and the answer of {self.job.jobName} stands"
        )

    def _cut(
        self, clip: OldClip, data: dict[str, Any], part: dict[str, Any], about: dict[str, Any]
    ) -> str:
        """The clip's line with the labels of today."""
        name = f"{clip.entry['item']}-{clip.entry['frames'][0]}"
        uri = s3uri.join(self.folder, f"clips/{name}/SeqLabel.json")
        self.objects.put_json(uri, part)
        more = {f"{self.audited}{METADATA}": about} if about else {}
        return manifest.dump({**data, self.audited: uri, **more})
