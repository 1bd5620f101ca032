"""Tokens from a file, which somebody else writes anew before they expire.

Invariant: the file is read for every login, so that a new token counts at once.
Neighbours: `choosing` makes this of a ``file:`` URL.
Source: Apache Kafka 4.3.1, `FileJwtRetriever`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from logcore.client.oauth.login import Source
from logcore.client.oauth.provider import token_of_text
from logcore.client.oauth.thread import in_thread
from logcore.client.oauth.token import BearerToken
from logcore.common.errors import TokenUnavailableError

BYTES_MAX: Final = 1 << 20


def from_file(path: Path, extensions: Mapping[str, str]) -> Source:
    """Make a source of a file that holds a JWT, and nothing else but space around it."""

    async def source() -> BearerToken:
        text = await in_thread(lambda: read_text(path))
        return token_of_text(text, extensions, f"the file {path}")

    return source


def read_text(path: Path) -> str:
    """Read a small file; blocks.

    Raises:
        TokenUnavailableError: If it cannot be read, or is no small text.
    """
    try:
        with path.open("rb") as file:
            data = file.read(BYTES_MAX + 1)
        if len(data) > BYTES_MAX:
            raise TokenUnavailableError(f"the file {path} has more than {BYTES_MAX} bytes")
        return data.decode("ascii")
    except OSError as error:
        raise TokenUnavailableError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise TokenUnavailableError(f"the file {path} holds no text of a token") from None
