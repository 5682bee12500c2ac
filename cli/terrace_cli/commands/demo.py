"""`terrace demo`: a real batch on this machine, from nothing to labels."""

import click


@click.command()
@click.option("--keep", is_flag=True, help="Leave the embedded AWS running, to explore.")
@click.option("--seed", type=int, default=7, show_default=True, help="Of the clip and the workers.")
@click.option(
    "--speed",
    type=click.FloatRange(min=0, min_open=True),
    default=0.3,
    show_default=True,
    help="Pace of the simulated workers; 1 is quicker than the eye.",
)
@click.option("--images", is_flag=True, help="Also two image BoundingBox jobs.")
@click.option("--error-mix", help="Workers' error mix: default, clean, sloppy, or a file.")
def demo(keep: bool, seed: int, speed: float, images: bool, error_mix: str | None) -> None:
    """Show a batch of six jobs go from label to audit to adjust.

    Makes a clip, starts an embedded AWS unless one runs here, posts the batch, follows it, prints
    its end message and where every output is, and stops what it started. Exit code 0 only when
    the batch ends COMPLETE.
    """
    from terrace_cli.demo.run import Options, run_demo

    raise SystemExit(run_demo(Options(keep, seed, speed, images, error_mix)))
