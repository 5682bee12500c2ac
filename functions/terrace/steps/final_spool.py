"""Items that wait to be joined: in a file, so that memory stays small however many there are."""

import json
import sqlite3
import zlib
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from terrace.domain.delivery import Given, LanePart

Found = tuple[Given, tuple[LanePart, ...]]


class Spool:
    """Items by key, each to be taken once; of those with the same key the first comes first."""

    def __init__(self) -> None:
        # SQLite's own name for a file in the temporary folder that nobody else can open, and that
        # is gone when it is closed.
        self._rows = sqlite3.connect("", isolation_level=None)
        # Nobody reads it after a crash: a call that is repeated writes a new one.
        self._rows.execute("PRAGMA journal_mode = OFF")
        self._rows.execute("PRAGMA synchronous = OFF")
        self._rows.execute("PRAGMA cache_size = -8192")
        self._rows.execute("CREATE TABLE items (place INTEGER PRIMARY KEY, key BLOB, item BLOB)")
        self._rows.execute("CREATE INDEX by_key ON items (key, place)")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._rows.close()

    def put(self, key: bytes, given: Given, parts: tuple[LanePart, ...]) -> None:
        """Keeps an item."""
        value = [given.index, given.data, given.digest, given.manifest]
        text = json.dumps([value, [[part.about, part.label, part.renamed] for part in parts]])
        row = (key, zlib.compress(text.encode(), 1))
        self._rows.execute("INSERT INTO items (key, item) VALUES (?, ?)", row)

    def take(self, key: bytes) -> Found | None:
        """The first item under this key that nobody has taken yet."""
        row = self._rows.execute(
            "SELECT place, item FROM items WHERE key = ? ORDER BY place LIMIT 1", (key,)
        ).fetchone()
        if row is None:
            return None
        self._rows.execute("DELETE FROM items WHERE place = ?", (row[0],))
        return _item(row[1])

    def rest(self) -> Iterator[tuple[bytes, Given, tuple[LanePart, ...]]]:
        """What nobody took, in order."""
        rows = self._rows.execute("SELECT key, item FROM items ORDER BY place")
        for key, item in rows:
            yield key, *_item(item)


def _item(row: bytes) -> Found:
    (index, data, digest, uri), parts = json.loads(zlib.decompress(row))
    return Given(index, data, digest, uri), tuple(LanePart(*part) for part in parts)
