"""Types that more than one room needs and that belong to none of them.

Invariant: no behaviour here. A type with an owner lives with its owner.
Neighbours: every room may import this one; it imports nothing of ours.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import override
else:

    def override(method: object) -> object:
        """Mark a method that replaces its parent's; `typing.override` exists from Python 3.12."""
        return method


__all__ = ["override"]
