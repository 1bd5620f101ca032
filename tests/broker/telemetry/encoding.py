"""OpenTelemetry messages for tests, written field by field: a second opinion on the reader."""

import struct


def varint(value: int) -> bytes:
    out = bytearray()
    value &= (1 << 64) - 1
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def message(number: int, *contents: bytes) -> bytes:
    body = b"".join(contents)
    return varint(number << 3 | 2) + varint(len(body)) + body


def text(number: int, value: str) -> bytes:
    return message(number, value.encode())


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def double(field: int, value: float) -> bytes:
    return varint(field << 3 | 1) + struct.pack("<d", value)


def fixed64(field: int, value: int) -> bytes:
    return varint(field << 3 | 1) + struct.pack("<q", value)


def attribute(field: int, key: str, value: bytes) -> bytes:
    return message(field, text(1, key), message(2, value))


def point(value: float | int, **attributes: str) -> bytes:
    kept = fixed64(6, value) if isinstance(value, int) else double(4, value)
    times = fixed64(2, 1) + fixed64(3, 2)
    return message(
        1, times, kept, *(attribute(7, key, text(1, told)) for key, told in attributes.items())
    )


def gauge(name: str, *points: bytes) -> bytes:
    return message(2, text(1, name), text(3, "ms"), message(5, *points))


def total(name: str, *points: bytes, is_delta: bool = True, is_monotonic: bool = True) -> bytes:
    kind = number(2, 1 if is_delta else 2) + number(3, is_monotonic)
    return message(2, text(1, name), message(7, *points, kind))


def metrics(*listed: bytes, **resource: str) -> bytes:
    """Return a MetricsData of one resource and one scope."""
    about = message(1, *(attribute(1, key, text(1, told)) for key, told in resource.items()))
    scope = message(2, message(1, text(1, "scope")), *listed)
    return message(1, about, scope)
