"""Writes one label file for a sequence that several lanes have labeled."""

import functools
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from terrace.domain import manifest, s3uri
from terrace.domain.delivery import LanePart, Outcome
from terrace.domain.delivery_sequences import LABELS, LaneLabels, merge
from terrace.domain.manifest import METADATA, Data
from terrace.errors import PermanentError
from terrace.ports import ObjectStore
from terrace.steps.clip_answers import label_file
from terrace.steps.final_lanes import FinalLane


@dataclass
class Sequences:
    """Merges the lanes of one sequence after the other."""

    objects: ObjectStore
    batch_id: str
    folder: str
    """Of this end of the batch."""
    lanes: Mapping[str, FinalLane]
    """By name."""
    problems: list[str] = field(default_factory=list)

    @functools.cached_property
    def wanted(self) -> bool:
        """True if a sequence of this batch may have labels of more than one lane."""
        return len({lane.labels for lane in self.lanes.values() if lane.frames}) > 1

    def attributes(self, index: int, parts: Sequence[LanePart]) -> Data:
        """The attribute of an item's line that names the merged file; empty where none is needed.

        Of lanes that fork from one job, or from one label that the items came with, the first that
        was accepted speaks for all of them: they hold the same objects.
        """
        chosen: dict[str, LanePart] = {}
        for part in parts:
            lane = self.lanes[part.about["lane"]]
            if lane.frames and part.status is Outcome.accepted:
                chosen.setdefault(lane.labels, part)
        if len(chosen) < 2:
            return {}
        found: list[LaneLabels] = []
        about: list[Data] = []
        uris: list[str] = []
        for part in chosen.values():
            uri = str(part.label[part.attribute or ""])
            metadata = manifest.metadata(part.label, part.attribute or "")
            try:
                labels = label_file(uri, self.objects)
            except (PermanentError, ValueError) as error:
                self.problems.append(f"item {index}: {part.about['lane']} is not merged: {error}")
                continue
            names = metadata.get("class-map")
            class_map = names if isinstance(names, dict) else {}
            found.append(
                LaneLabels(
                    part.about["lane"], labels, {str(k): str(v) for k, v in class_map.items()}
                )
            )
            about.append(metadata)
            uris.append(uri)
        if len(found) < 2:
            return {}
        merged = merge(found)
        digest = hashlib.sha256("\n".join(uris).encode()).hexdigest()[:16]
        uri = s3uri.join(self.folder, "sequences", f"{index}-{digest}", "SeqLabel.json")
        self.objects.put_json(uri, merged.labels)
        return {LABELS: uri, f"{LABELS}{METADATA}": self._metadata(about, merged.class_map)}

    def _metadata(self, about: list[Data], class_map: dict[str, str]) -> Data:
        """Ground Truth's own words, true of all lanes."""
        tracked = [one for one in about if "tracking" in str(one.get("type", ""))]
        return {
            "class-map": class_map,
            "job-name": f"terrace/{self.batch_id}",
            "type": (tracked or about)[0].get("type", "groundtruth/video-object-tracking"),
            "human-annotated": "yes",
            "creation-date": max(str(one.get("creation-date", "")) for one in about),
        }
