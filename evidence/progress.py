"""Progress on a terminal; silence in a pipe."""

from __future__ import annotations

import sys
import time
from types import TracebackType


class Progress:
    """Shows on standard error which step is under way, on one line that is written over.

    Examples
    --------
    >>> with Progress() as progress:
    ...     progress.tell("reading")
    """

    def __init__(self) -> None:
        self.shown = sys.stderr.isatty()
        self.start = time.monotonic()

    def tell(self, step: str) -> None:
        """Say which step begins."""
        if self.shown:
            sys.stderr.write(f"\r\x1b[2K[{time.monotonic() - self.start:5.0f} s] {step}")
            sys.stderr.flush()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.shown:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
