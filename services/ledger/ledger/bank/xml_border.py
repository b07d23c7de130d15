"""The one door to lxml: foreign XML is opened without entities, network, DTD or huge trees, and typed here."""

from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol, cast

from lxml import etree as untyped_etree  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]

from ledger.domain.statements import UnreadableStatement

etree: Any = cast("Any", untyped_etree)


class Element(Protocol):
    """What we use of an lxml element."""

    @property
    def tag(self) -> str:
        """Its name, as '{namespace}local'."""
        ...

    text: str | None

    def get(self, key: str, default: str = "") -> str:
        """The value of an attribute."""
        ...

    def set(self, key: str, value: str) -> None:
        """Give an attribute its value."""
        ...

    def __iter__(self) -> Iterator["Element"]: ...

    def clear(self) -> None:
        """Forget text, attributes and children."""
        ...

    def getparent(self) -> "Element | None":
        """The element around this one."""
        ...


def read_events(raw: bytes) -> Iterator[tuple[str, Element]]:
    """Start and end of each element as it is read. Raises UnreadableStatement: not well formed, or with a DOCTYPE."""
    events = etree.iterparse(
        BytesIO(raw),
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    is_root = True
    try:
        for event, element in events:
            if is_root and element.getroottree().docinfo.doctype:
                raise UnreadableStatement("the file has a DOCTYPE, which no bank statement needs")
            is_root = False
            yield str(event), cast("Element", element)
    except etree.XMLSyntaxError as error:
        raise UnreadableStatement(f"the file is not well-formed XML: {error}") from error


def new_root(name: str, namespace: str) -> Element:
    """The root of a new document in one default namespace."""
    return cast("Element", etree.Element(f"{{{namespace}}}{name}", nsmap={None: namespace}))


def append(parent: Element, path: str, text: str | None = None) -> Element:
    """A new element under another, with those of a path ('Acct/Id/IBAN') between; answers the innermost."""
    namespace = parent.tag.partition("}")[0] + "}"
    element = parent
    for name in path.split("/"):
        element = cast("Element", etree.SubElement(element, namespace + name))
    element.text = text
    return element


def to_bytes(root: Element) -> bytes:
    """The document in UTF-8, with its declaration."""
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def schema_errors(raw: bytes, schema: Path) -> tuple[str, ...]:
    """Where a document departs from a schema, empty when it is valid."""
    validator = _compiled(schema)
    if validator.validate(etree.fromstring(raw, _parser())):
        return ()
    return tuple(f"line {error.line}: {error.message}" for error in validator.error_log)


@cache
def _compiled(schema: Path) -> Any:
    return etree.XMLSchema(etree.parse(str(schema), _parser()))


def _parser() -> Any:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
