"""XML of strangers, parsed without risk: a document type is refused, so no entity can expand or fetch anything.

Both page formats keep their namespaces' years apart (PAGE 2009 to 2019, ALTO 2 to 4) where their elements are the same,
so elements are named without namespace.
"""

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from stackmix.types import DataError


def parse(data: bytes, name: str) -> Element:
    """The root element of an XML file, names without namespaces; DataError names a file that is none or has a DTD."""
    builder = TreeBuilder()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = lambda tag, attributes: builder.start(_bare(tag), _all_bare(attributes))
    parser.EndElementHandler = lambda tag: builder.end(_bare(tag))
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(data, True)
        return builder.close()
    except _Refused:
        raise DataError(f"{name} declares a document type, which is not read: remove its <!DOCTYPE ...>") from None
    except (expat.ExpatError, LookupError, ValueError, AssertionError) as error:
        raise DataError(f"{name} is no XML: {error}") from None


class _Refused(Exception):
    pass


def _refuse(*_: object) -> None:
    raise _Refused


def _bare(tag: str) -> str:
    return tag.rpartition(" ")[2]


def _all_bare(attributes: dict[str, str]) -> dict[str, str]:
    return {_bare(name): value for name, value in attributes.items()}
