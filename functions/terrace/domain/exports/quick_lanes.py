"""What tells lines of a final manifest apart for an export: few kinds of line, and very many lines.

Two lines of one kind have the same members, labels under the same of them, and the same lanes with
the same jobs behind them: what is learned of the lanes from one is true of the other.
"""

from collections.abc import Hashable, Mapping

import msgspec
from msgspec import Raw, Struct
from msgspec.json import Decoder

_UNLIKE = (msgspec.MsgspecError, UnicodeError, RecursionError)
_NO_LABEL = (b"null", b'""')


class _Done(Struct, frozen=True):
    job: str
    modality: str
    level: int
    attribute: str


class _Lane(Struct, frozen=True):
    lane: str
    attribute: str | None
    status: str
    history: tuple[_Done, ...]


class _Provenance(Struct, frozen=True):
    lanes: tuple[_Lane, ...]


_MEMBERS = Decoder(dict[str, Raw])
_PROVENANCE = Decoder(_Provenance)


def kind_of(text: str, provenance: str) -> tuple[Hashable, dict[str, Raw]] | None:
    """The kind of a line, and its members; None where somebody has to look.

    That is a line that is not as Terrace writes one.

    Args:
        text: the line.
        provenance: the attribute that says its lanes.
    """
    try:
        members = _MEMBERS.decode(text)
        about = _PROVENANCE.decode(members[provenance])
    except (*_UNLIKE, KeyError):
        return None
    unlabeled = [
        one.attribute
        for one in about.lanes
        if one.attribute is not None and bytes(members.get(one.attribute, b"null")) in _NO_LABEL
    ]
    return (tuple(members), about, tuple(unlabeled)), members


def moved(text: str, plan: Mapping[str, str]) -> str | None:
    """A line with some of its members, each as it is written; None where somebody has to look.

    Args:
        text: the line.
        plan: names of the members, and what they are called then.
    """
    try:
        members = _MEMBERS.decode(text)
        return msgspec.json.encode({to: members[name] for name, to in plan.items()}).decode()
    except (*_UNLIKE, KeyError):
        return None
