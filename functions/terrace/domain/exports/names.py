"""Names of images inside a data set: safe on every disk, and no two alike.

The name of an image is its path below the folder that all images of the data set share, so two
images of one base name in two folders stay two. Formats that name a label file after its image
would still mix up `a.jpg` and `a.png` of one folder (or `A.jpg` and `a.jpg` on a disk that ignores
case): the later one becomes `a_png.png`. `images.csv` beside every export says which is which.
"""

import hashlib
import re
from array import array

from terrace.domain.exports.model import ExportError

_RESERVED = '<>:"|?*\\%'
"""What Windows forbids in a file's name, and the sign that they are written with."""
_DEVICES = frozenset({"con", "prn", "aux", "nul"})
_PLAIN = re.compile(r"(?!(?:con|prn|aux|nul)(?:\.|$))[a-z0-9_-][a-z0-9_.-]*(?<!\.)", re.I).fullmatch
"""What most names are: nothing to change in it."""


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
    return (
        "/".join(part if _PLAIN(part) else _part(part) for part in path.split("/") if part) or "_"
    )


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


class Seen:
    """What was seen, eight bytes of hash each: a million names in 32 MB, where a set needs 100.

    Two of a million names are taken for one with a chance of 3 in 100 million.
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * 1024))
        self._count = 0

    def add(self, text: str) -> bool:
        """Notes a text; False where it was there already."""
        key = _hash(text)
        if not self._put(key):
            return False
        self._count += 1
        if 2 * self._count > len(self._slots):
            old = self._slots
            self._slots = array("Q", bytes(8 * 4 * len(old)))
            for one in old:
                if one:
                    self._put(one)
        return True

    def _put(self, key: int) -> bool:
        """Open addressing: the first free slot behind the key's own place; 0 is a free slot."""
        slots = self._slots
        mask = len(slots) - 1
        at = key & mask
        while (found := slots[at]) != key:
            if not found:
                slots[at] = key
                return True
            at = (at + 1) & mask
        return False


class Names:
    """Gives names; remembers hashes of them only.

    Args:
        folder: what all URIs share (`common_folder`); names begin behind it.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._taken = Seen()
        self._given = Seen()

    def once(self, uri: str, where: str) -> None:
        """Refuses a data object that was given already: which label of the two is right?"""
        if not self._given.add(uri):
            raise ExportError(
                where,
                "ITEM_TWICE",
                f"{uri[:300]} is in the data set already",
                "each data object once: leave one of the two manifests or lines out",
            )

    def give(self, uri: str) -> str:
        """A name that no other item has, also without its extension and in lower case."""
        return self._unique(safe(uri.removeprefix(self._folder)))

    def below(self, folder: str, base: str) -> str:
        """The same for a file in a folder that has its name already: a frame of a video."""
        return self._unique(f"{folder}/{safe(base)}")

    def _unique(self, path: str) -> str:
        folder, slash, base = path.rpartition("/")
        dot = base.rfind(".")
        stem, extension = (base[:dot], base[dot:]) if dot > 0 else (base, "")
        tried, number = stem, 1
        while not self._taken.add(f"{folder}{slash}{tried}".casefold()):
            number += 1
            tried = f"{stem}_{extension[1:]}" if number == 2 and extension else f"{stem}_{number}"
        return f"{folder}{slash}{tried}{extension}"


def _hash(text: str) -> int:
    data = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest()) or 1
