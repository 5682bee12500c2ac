"""Names of images inside a data set: safe on every disk, and no two alike.

The name of an image is its path below the folder that all images of the data set share, so two
images of one base name in two folders stay two. Formats that name a label file after its image
would still mix up `a.jpg` and `a.png` of one folder (or `A.jpg` and `a.jpg` on a disk that ignores
case): the later one becomes `a_png.png`. `images.csv` beside every export says which is which.
"""

import re
from array import array
from typing import Literal

from terrace.domain.exports.model import ExportError

_RESERVED = '<>:"|?*\\%'
"""What Windows forbids in a file's name, and the sign that they are written with."""
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in "123456789¹²³")}
)
"""Names of no file on Windows, with any extension (Microsoft, Naming Files, Paths)."""
_PART = r"(?!(?:con|prn|aux|nul|com[1-9]|lpt[1-9])(?:[./]|$))[a-z0-9_-][a-z0-9_.-]*(?<!\.)"
_PLAIN = re.compile(f"{_PART}(?:/{_PART})*", re.IGNORECASE | re.ASCII).fullmatch
"""What most paths are: nothing to change in them."""
_LARGEST = 2**64 - 1


def common_folder(first: str | None, uri: str) -> str:
    """The folder, ending with `/`, that a URI shares with those before it."""
    folder = uri[: uri.rfind("/") + 1]
    if first is None:
        return folder
    end = 0
    for mine, other in zip(first.split("/")[:-1], folder.split("/")[:-1], strict=False):
        if mine != other:
            break
        end += len(mine) + 1
    return first[:end]


def safe(path: str) -> str:
    """A relative path that no part of leads out of its folder; odd characters as %XX.

    >>> safe("../a b/c?.jpg")
    '%2E%2E/a b/c%3F.jpg'
    """
    if _PLAIN(path):
        return path
    return "/".join(_part(part) for part in path.split("/") if part) or "_"


def _part(part: str) -> str:
    made = "".join(
        "".join(f"%{byte:02X}" for byte in one.encode("utf-8", "backslashreplace"))
        if one in _RESERVED or not one.isprintable()
        else one
        for one in part
    )
    if set(made) == {"."}:
        return made.replace(".", "%2E")
    if made.split(".", 1)[0].lower() in _DEVICES:
        made = f"_{made}"
    # A blank or dot at the end is lost on some disks.
    return f"{made[:-1]}%{ord(made[-1]):02X}" if made[-1] in " ." else made


class Taken:
    """Who has which name: two hashes of eight bytes each, so that a million take 48 MB at most.

    Two of a million names are taken for one with a chance of 3 in 100 million; Python salts its
    hashes, so that another run of the same names would not do so again.
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * 1024))
        self._owners = array("Q", bytes(8 * 1024))
        self._count = 0

    def add(self, name: str, owner: str) -> Literal["new", "own", "other"]:
        """Gives a name that is free (`new`); else says whether the same owner has it."""
        key, whose = hash(name) & _LARGEST or 1, hash(owner) & _LARGEST
        slots = self._slots
        mask = len(slots) - 1
        at = key & mask
        # Open addressing: the first free slot behind the key's own place; 0 is a free slot.
        while found := slots[at]:
            if found == key:
                return "own" if self._owners[at] == whose else "other"
            at = (at + 1) & mask
        slots[at] = key
        self._owners[at] = whose
        self._count += 1
        if 3 * self._count > 2 * mask:
            self._grow()
        return "new"

    def _grow(self) -> None:
        length = 2 * len(self._slots)
        slots, owners = array("Q", bytes(8 * length)), array("Q", bytes(8 * length))
        mask = length - 1
        for key, owner in zip(self._slots, self._owners, strict=True):
            if key:
                at = key & mask
                while slots[at]:
                    at = (at + 1) & mask
                slots[at], owners[at] = key, owner
        self._slots, self._owners = slots, owners


class Names:
    """Gives names; remembers hashes of them only.

    Args:
        folder: what all URIs share (`common_folder`); names begin behind it.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._taken = Taken()

    def give(self, uri: str, where: tuple[str, int] | None = None) -> str:
        """A name that no other item has, also without its extension and in lower case.

        Args:
            uri: of the data object.
            where: manifest and line; with it, a data object that has a name already is refused:
                which label of the two is right?
        """
        return self._unique(safe(uri.removeprefix(self._folder)), uri, where)

    def below(self, folder: str, base: str) -> str:
        """The same for a file in a folder that has its name already: a frame of a video."""
        return self._unique(f"{folder}/{safe(base)}", "", None)

    def _unique(self, path: str, owner: str, where: tuple[str, int] | None) -> str:
        stem, dot, extension = path.rpartition(".")
        if not dot or "/" in extension or not stem or stem[-1] == "/":
            stem, extension = path, ""
        add, found = self._taken.add, "new"
        if self._taken.add(stem.casefold(), owner) == "new":
            return path
        tried, number = stem, 1
        while (found := add(tried.casefold(), owner)) != "new":
            if found == "own" and where is not None:
                raise ExportError(
                    f"{where[0]} line {where[1]}",
                    "ITEM_TWICE",
                    f"{owner[:300]} is in the data set already",
                    "each data object once: leave one of the two manifests or lines out",
                )
            number += 1
            tried = f"{stem}_{extension}" if number == 2 and extension else f"{stem}_{number}"
        return f"{tried}.{extension}" if dot and extension else tried
