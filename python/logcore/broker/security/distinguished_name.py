"""The subject of a certificate, written as Java writes it (RFC 2253).

Invariant: the text is what `X500Principal.getName()` returns, so rules and access lists that were
written for Apache Kafka hold here. The certificate is read only as far as its subject; what is cut
short or malformed is an error, never a part of a name.
Neighbours: `principal_mapping` makes a principal of it.
"""

from collections.abc import Iterator
from typing import Final

_SEQUENCE: Final = 0x30
_SET: Final = 0x31
_OID: Final = 0x06
_VERSION: Final = 0xA0
_LENGTH_IN: Final = 0x80
_LENGTH_BYTES_MAX: Final = 4

_KEYWORDS: Final = {
    "2.5.4.3": "CN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "0.9.2342.19200300.100.1.25": "DC",
    "0.9.2342.19200300.100.1.1": "UID",
}
_ENCODINGS: Final = {
    0x0C: "utf-8",
    0x13: "ascii",
    0x14: "latin-1",
    0x16: "ascii",
    0x1B: "ascii",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}
"""How each kind of string is written: UTF8, Printable, T61, IA5, General, Universal, BMP."""

_ESCAPED: Final = ',=+<>#;"\\'
_BLANKS: Final = " \r"
_SUBJECT_AFTER: Final = 4
"""Serial number, algorithm, issuer and validity stand before the subject."""


class MalformedCertificateError(ValueError):
    """Bytes are no certificate."""


def subject_of(certificate: bytes) -> str:
    """Return whom a certificate is of.

    Args:
        certificate: The certificate, in DER.

    Raises:
        MalformedCertificateError: If it is none.
    """
    body = _content(next(_elements(_content(certificate, _SEQUENCE)), b""), _SEQUENCE)
    fields = [field for field in _elements(body) if field[0] != _VERSION]
    if len(fields) <= _SUBJECT_AFTER:
        raise MalformedCertificateError("the certificate has no subject")
    sets = list(_elements(_content(fields[_SUBJECT_AFTER], _SEQUENCE)))
    return ",".join(
        "+".join(_pair(each) for each in _elements(_content(names, _SET)))
        for names in reversed(sets)
    )


def _pair(pair: bytes) -> str:
    kind, value, *more = (*_elements(_content(pair, _SEQUENCE)), b"", b"")
    if not value or any(more):
        raise MalformedCertificateError("a part of the subject is not a type and a value")
    oid = _dotted(_content(kind, _OID))
    keyword, encoding = _KEYWORDS.get(oid), _ENCODINGS.get(value[0])
    if keyword is None or encoding is None:
        return f"{keyword or oid}=#{value.hex()}"
    try:
        text = _content(value, value[0]).decode(encoding)
    except UnicodeDecodeError:
        raise MalformedCertificateError("a part of the subject is not text") from None
    return f"{keyword}={_escaped(text)}"


def _escaped(text: str) -> str:
    lead = len(text) - len(text.lstrip(_BLANKS))
    trail = len(text.rstrip(_BLANKS))
    written = []
    for position, sign in enumerate(text):
        if sign == "\0":
            written.append("\\00")
        elif sign in _ESCAPED or not lead <= position < trail:
            written.append(f"\\{sign}")
        else:
            written.append(sign)
    return "".join(written)


def _dotted(data: bytes) -> str:
    if not data or data[-1] >= _LENGTH_IN:
        raise MalformedCertificateError("a type in the subject is cut short")
    numbers, number = [], 0
    for byte in data:
        number = number << 7 | byte & 0x7F
        if byte < _LENGTH_IN:
            numbers.append(number)
            number = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))


def _elements(data: bytes) -> Iterator[bytes]:
    """Yield the elements that stand one after the other, each with its tag and length."""
    position = 0
    while position < len(data):
        begin, end = _bounds(data, position)
        yield data[position:end]
        assert end > begin or end == begin, "an element ends where its content does"
        position = end


def _content(element: bytes, tag: int) -> bytes:
    """Return what is in an element, which must be of a kind."""
    if not element or element[0] != tag:
        raise MalformedCertificateError("the certificate is not built as one")
    begin, end = _bounds(element, 0)
    return element[begin:end]


def _bounds(data: bytes, position: int) -> tuple[int, int]:
    """Return where the content of an element begins and ends."""
    head = data[position + 1 : position + 2]
    if not head:
        raise MalformedCertificateError("the certificate is cut short")
    begin, length = position + 2, head[0]
    if length >= _LENGTH_IN:
        count = length - _LENGTH_IN
        if not 0 < count <= _LENGTH_BYTES_MAX:
            raise MalformedCertificateError("a length in the certificate is not one of DER")
        length = int.from_bytes(data[begin : begin + count], "big")
        begin += count
    if begin + length > len(data):
        raise MalformedCertificateError("the certificate is cut short")
    return begin, begin + length
