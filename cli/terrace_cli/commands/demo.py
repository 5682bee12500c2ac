"""`terrace demo`: a real batch on this machine, from nothing to labels."""

import click


@click.command()
@click.option("--keep", is_flag=True, help="Leave the embedded AWS running, to explore.")
@click.option("--seed", type=int, default=7, show_default=True, help="Of the clip and the workers.")
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    help="Pace of the simulated workers; 1 is quicker than the eye. [default: 0.3, or 5]",
)
@click.option("--images", is_flag=True, help="Also two image BoundingBox jobs.")
@click.option("--error-mix", help="Workers' error mix: default, clean, slips, sloppy, or a file.")
@click.option(
    "--modality",
    metavar="NAMES|all",
    help="Run the example batch of some modalities (e.g. BoundingBox,Custom), or of every one.",
)
@click.option(
    "--gate",
    is_flag=True,
    help="Review only what checks flag, in clips of at most a quarter of the frames.",
)
def demo(
    *,
    keep: bool,
    seed: int,
    speed: float | None,
    images: bool,
    error_mix: str | None,
    modality: str | None,
    gate: bool,
) -> None:
    """Show a batch of six jobs go from label to audit to adjust.

    Makes a clip, starts an embedded AWS unless one runs here, posts the batch, follows it, prints
    its end message and where every output is, and stops what it started. Exit code 0 only when
    the batch ends COMPLETE.

    With --modality it is the example batch of that modality instead: label, then every review
    that Ground Truth has for it, of three items of which one fails at first. Every file that comes
    out is then checked by a reader that knows nothing of what wrote it.

    With --gate people label the clip, slipping now and then, and two reviews follow: of every
    frame, and of the frames that a gate sends. It prints what was flagged, what went to people,
    and how many of the errors they found.
    """
    from terrace_cli.demo.gated import ERROR_MIX as SLIPS
    from terrace_cli.demo.gated import run_gated
    from terrace_cli.demo.modalities import ERROR_MIX, run_modalities
    from terrace_cli.demo.run import run_demo
    from terrace_cli.demo.stage import Options

    if gate and (modality is not None or images):
        other = "--modality" if modality is not None else "--images"
        raise click.UsageError(f"--gate is a demo of its own: leave {other} out")
    if gate:
        raise SystemExit(run_gated(Options(keep, seed, speed or 5, images, error_mix or SLIPS)))
    if modality is None:
        raise SystemExit(run_demo(Options(keep, seed, speed or 0.3, images, error_mix)))
    mix = error_mix or ERROR_MIX
    raise SystemExit(run_modalities(Options(keep, seed, speed or 5, images, mix, modality)))
