"""What a batch delivered, as lines: three manifests with their counts, and the exports."""

from typing import Any

_FILES = (
    ("accepted", "finalManifestS3Uri"),
    ("rejected", "rejectedManifestS3Uri"),
    ("unlabeled", "unlabeledManifestS3Uri"),
)


def delivered_lines(outputs: dict[str, Any]) -> list[str]:
    """Lines about `outputs` of an answer of `show`, or of an end message; none before the end.

    Worked example: `8 of 10 items accepted, 1 rejected, 1 unlabeled`, then a line for each file.
    """
    lines = _counts(outputs)
    for name, key in _FILES:
        if outputs.get(key):
            lines.append(f"{name + ':':<10} {outputs[key]}")
    for export in outputs.get("exports") or []:
        problem = export.get("problem")
        what = f"not whole: {problem}" if problem else f"{export.get('items')} items"
        place = export.get("s3Uri")
        told = f"{place} ({what})" if place else what
        lines.append(f"{export.get('format')}: {told}")
        for name, count in (export.get("lacking") or {}).items():
            lines.append(f"  {count} items have no such label of {name}, only of other lanes")
        left_out = export.get("leftOut") or {}
        if left_out:
            told = (
                name if count is None else f"{count} {name}" for name, count in left_out.items()
            )
            lines.append(f"  it has no place for: {', '.join(told)}")
    post = outputs.get("postProcessing")
    if post:
        error = f": {post['error']}" if post.get("error") else ""
        lines.append(f"post-processing {post.get('status')}{error}")
    for key in ("deliveryProblem", "recordProblem"):
        if outputs.get(key):
            lines.append(f"{key}: {outputs[key]}")
    return lines


def end_lines(outputs: dict[str, Any]) -> list[str]:
    """The counts of the final manifests, and a line for each thing after them that failed.

    Worked example: `8 of 10 items accepted, 1 rejected, 1 unlabeled`, `export mot failed: ...`.
    """
    lines = _counts(outputs)
    for export in outputs.get("exports") or []:
        if export.get("problem"):
            lines.append(f"export {export.get('format')} failed: {export['problem']}")
    post = outputs.get("postProcessing") or {}
    if post.get("status") == "FAILED":
        lines.append(f"post-processing failed: {post.get('error') or 'it does not say why'}")
    return lines


def _counts(outputs: dict[str, Any]) -> list[str]:
    if outputs.get("items") is not None:
        told = ", ".join(f"{outputs.get(name)} {name}" for name, _ in _FILES[1:])
        return [f"{outputs.get('accepted')} of {outputs['items']} items accepted, {told}"]
    if outputs.get("accepted") is not None:
        told = ", ".join(f"{outputs.get(name)} {name}" for name, _ in _FILES[:2])
        return [f"{told}; how many items there are is not known"]
    return []
