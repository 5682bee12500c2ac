"""A data object as people get it: found, readable, of the right kind."""

from terrace_local.ground_truth.families.base import ItemProblem, Prepared
from terrace_local.ground_truth.families.responses import picture_size
from terrace_local.ground_truth.s3files import InputProblem
from terrace_local.workers.item_truth import TRUTH_REF, ItemTruth
from terrace_local.workers.truth import split_s3


def task_object(prepared: Prepared, index: int) -> str:
    """What the pre-annotation function hands over: the S3 URI of a file, or a text.

    A text is handed over as text also where the line names a file.

    Raises:
        ItemProblem: when the object is not there, may not be read or is of another kind.
    """
    line, kind = prepared.lines[index], prepared.task_type.data
    if kind == "text":
        return line_text(prepared, index)
    if not line.by_reference:
        raise ItemProblem(
            f"ClientError: The data object has no source-ref; {prepared.task_type.name} needs the "
            f"S3 URI of the {kind} there."
        )
    try:
        if kind == "image":
            picture_size(prepared.files, line.source)
        else:
            prepared.files.read(line.source, f"the {kind}", 1)
    except InputProblem as error:
        raise ItemProblem(str(error)) from error
    return line.source


def line_text(prepared: Prepared, index: int) -> str:
    """The text of a line, inline or from its file.

    Raises:
        ItemProblem: when the file is not there, may not be read or is not UTF-8.
    """
    line = prepared.lines[index]
    if not line.by_reference:
        return line.source
    try:
        return prepared.files.read(line.source, "the text").decode("utf-8")
    except InputProblem as error:
        raise ItemProblem(str(error)) from error
    except UnicodeDecodeError as error:
        raise ItemProblem(f"ClientError: The text {line.source} is not UTF-8: {error}.") from error


def truth_of(prepared: Prepared, index: int) -> ItemTruth | None:
    """What is really in the object, if the workers can know it.

    Raises:
        TruthError: when a truth file exists and is not one.
    """
    line = prepared.lines[index]
    if not line.by_reference:
        source = prepared.request["InputConfig"]["DataSource"]["S3DataSource"]
        ref = line.data.get(TRUTH_REF)
        bucket = split_s3(source["ManifestS3Uri"])[0]
        return prepared.truths.text(line.source, bucket, ref if isinstance(ref, str) else None)
    known = prepared.truths.item(line.source)
    if known is not None or prepared.task_type.data not in ("image", "any"):
        return known
    picture = prepared.truths.image(line.source)
    if picture is None:
        return None
    if picture.classes:
        return ItemTruth(labels=picture.classes)
    # The largest thing on a picture is what it shows.
    objects = sorted(picture.objects, key=lambda row: -row[1].size)
    return ItemTruth(labels=tuple(dict.fromkeys(label for label, _ in objects)))
