"""The one way in which intake reads XML: nothing expanded, nothing fetched, nothing huge, no DOCTYPE."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol, cast

from lxml import etree as untyped_etree  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]

from intake.formats.refusals import UnreadableFile

etree: Any = cast("Any", untyped_etree)


class Element(Protocol):
    """What we use of an lxml element."""

    @property
    def tag(self) -> str:
        """Its name, as `{namespace}local`."""
        ...

    @property
    def text(self) -> str | None:
        """The text before its first child."""
        ...

    def get(self, key: str, default: str = "") -> str:
        """The value of an attribute."""
        ...

    def find(self, path: str, namespaces: Mapping[str, str]) -> "Element | None":
        """The first element there."""
        ...

    def findall(self, path: str, namespaces: Mapping[str, str]) -> "list[Element]":
        """All elements there."""
        ...

    def iterfind(self, path: str, namespaces: Mapping[str, str]) -> "Iterator[Element]":
        """All elements there, one by one."""
        ...


DOCTYPE = "<!DOCTYPE"
DOCTYPES = tuple(DOCTYPE.encode(encoding) for encoding in ("ascii", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"))


def parse_xml(content: bytes) -> Element:
    """The root element. Raises UnreadableFile for what is not well-formed, and for any document type, which is what
    bombs are made of: it is looked for before anything is parsed.
    """
    if any(doctype in content for doctype in DOCTYPES):
        raise UnreadableFile("doctype", "the document has a DOCTYPE")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise UnreadableFile("not_xml", "the document is no well-formed XML") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnreadableFile("doctype", "the document has a DOCTYPE")
    return cast("Element", root)
