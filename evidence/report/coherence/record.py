"""What is read back from a form of a report, and what does not agree."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Incoherence:
    """One place where a form of a report disagrees with its result, or with itself.

    Attributes
    ----------
    file : str
        Name of the file in the report's folder.
    where : str
        Anchor, label or row there.
    what : str
        What is wrong.
    expected, found : str
        What the result says, and what stands there; empty where there is nothing to set apart.
    """

    file: str
    where: str
    what: str
    expected: str = ""
    found: str = ""

    def __str__(self) -> str:
        told = f"{self.file}: {self.where}: {self.what}"
        if self.expected or self.found:
            told += f" (expected {self.expected!r}, found {self.found!r})"
        return told


@dataclass(frozen=True, slots=True)
class ReadTable:
    """A table as it stands in a form.

    Attributes
    ----------
    label : str
        "Table 2", "Table S3".
    caption : str
        What stands behind the label.
    head : tuple of str
    rows : tuple of tuple of str
        Without the numbers of citations.
    """

    label: str
    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class ReadFigure:
    """A figure as it stands in a form.

    Attributes
    ----------
    label, caption, alt : str
    image : bytes
        The picture itself; empty where the form does not hold it as a file.
    source : str
        Name of the picture's file, where the form names one.
    words : str
        Words in the picture, where the form draws it itself.
    """

    label: str
    caption: str
    alt: str
    image: bytes = b""
    source: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class ReadForm:
    """A form of a report, read back.

    Attributes
    ----------
    file : str
    tables, figures : mapping by anchor
        By label in a form that has no anchors.
    text : str
        All words in the order of reading, without tables.
    links : tuple of (str, str)
        Anchors that are referred to, with the words of the reference.
    anchors : tuple of str
        All anchors, each as often as it stands.
    cited : tuple of str
        What citations refer to: keys of references, or numbers.
    references : tuple of str
        What the bibliography holds, in its order.
    """

    file: str
    tables: dict[str, ReadTable] = field(default_factory=dict)
    figures: dict[str, ReadFigure] = field(default_factory=dict)
    text: str = ""
    links: tuple[tuple[str, str], ...] = ()
    anchors: tuple[str, ...] = ()
    cited: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
