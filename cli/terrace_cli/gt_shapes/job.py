"""All that a labeling job left in its output folder, file by file."""

import re
from collections.abc import Iterable

from terrace_cli.gt_shapes.manifest import check_manifest
from terrace_cli.gt_shapes.report import At, Fetch, Report
from terrace_cli.gt_shapes.responses import check_consolidated, check_request, check_response

OUTPUT = "manifests/output/output.manifest"
_STAMP = r"\d{4}-\d\d-\d\d_\d\d:\d\d:\d\d"
_CONSOLIDATED = "annotations/consolidated-annotation"
_RESPONSE = re.compile(r"annotations/worker-response/iteration-[1-9]\d*/\d+/.+\.json")
_REQUEST = re.compile(rf"{_CONSOLIDATED}/consolidation-request/iteration-[1-9]\d*/{_STAMP}\.json")
_ANSWER = re.compile(rf"{_CONSOLIDATED}/consolidation-response/iteration-[1-9]\d*/{_STAMP}\.json")
_INTERMEDIATE = re.compile(r"annotations/intermediate/[1-9]\d*/annotations\.json")
_LABEL = re.compile(
    rf"{_CONSOLIDATED}/output/(\d+/(SeqLabel\.json|.+\.zlib)"
    r"|\d+_\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\.png)"
)


def check_job(
    root: str, uris: Iterable[str], attribute: str, fetch: Fetch, source: bytes | None = None
) -> Report:
    """Checks the output of a finished job, strictly.

    Args:
        root: `<S3OutputPath>/<job name>`, without a slash at the end.
        uris: Every object below it.
        attribute: The job's label attribute.
        fetch: Reads an object.
        source: The job's input manifest.
    """
    report = Report()
    paths = sorted(uri.removeprefix(f"{root}/") for uri in uris)
    At(report, root).need(OUTPUT in paths, f"has no {OUTPUT}")
    for path in paths:
        at = At(report, f"{root}/{path}", strict=True)
        body = fetch(f"{root}/{path}")
        if path == OUTPUT:
            found = check_manifest(
                body, at.where, fetch=fetch, strict=True, attribute=attribute, source=source
            )
            report.add(found)
        elif _INTERMEDIATE.fullmatch(path):
            # The same lines once more: their problems count, they do not.
            again = check_manifest(body, at.where, strict=True)
            report.problems += again.problems
        elif _RESPONSE.fullmatch(path):
            check_response(body, at)
            report.files += 1
        elif _REQUEST.fullmatch(path):
            check_request(body, at)
            report.files += 1
        elif _ANSWER.fullmatch(path):
            check_consolidated(body, at)
            report.files += 1
        elif not _LABEL.fullmatch(path):
            at.bad("is no file that a labeling job writes")
    return report
