"""How far a long command is, on a terminal."""

import sys
from collections.abc import Callable
from typing import Any

Step = Callable[[str, int, int | None], None]
"""Told what goes on, how far it is, and how far it goes where that is known."""


class Progress:
    """A bar on a terminal; nothing where stderr is a file."""

    def __enter__(self) -> Step:
        if not sys.stderr.isatty():
            self._bar: Any = None
            return lambda *_: None
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            TextColumn,
            TimeRemainingColumn,
        )
        from rich.progress import (
            Progress as Bar,
        )

        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._bar.start()
        tasks: dict[str, Any] = {}

        def step(what: str, count: int, whole: int | None) -> None:
            if what not in tasks:
                for other in tasks.values():
                    # Whatever goes on now, what was before it is done.
                    self._bar.update(other, total=self._bar.tasks[other].completed or 1)
                tasks[what] = self._bar.add_task(what, total=whole)
            # Drawing is dear; a bar that moves every hundredth item moves enough.
            if count % 100 == 0 or count == whole:
                self._bar.update(tasks[what], completed=count)

        return step

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
