"""Is this what Ground Truth would have written? An independent reader of labeling jobs' output.

It shares no code with what writes outputs (`terrace_local`) or reads them in production
(`functions/terrace`): it was written from the published facts and real files alone, so that the
three can be held against one another. Nothing is repaired, and every problem is named with file,
line and place.

`strict` adds the habits that real output has and the guide's own examples have not: integer
classes, job names in lower case, nothing but the classes present in a class map.
"""

from terrace_cli.gt_shapes.job import check_job
from terrace_cli.gt_shapes.manifest import check_manifest
from terrace_cli.gt_shapes.report import Report

__all__ = ["Report", "check_job", "check_manifest"]
