"""Names that topics may have, and names that collide."""

import pytest

from logcore.controller.topic_names import Collisions, fault_of


@pytest.mark.parametrize("name", ["a", "a.b_c-D9", "...", "_", "-", "x" * 249])
def test_names_that_may_be_used(name):
    assert fault_of(name) is None


@pytest.mark.parametrize(
    "name", ["", ".", "..", "x" * 250, "a b", "a/b", "a,b", "a\n", "\n", "ä", "a:b", "a\0"]
)
def test_names_that_may_not(name):
    assert fault_of(name) is not None


@pytest.mark.parametrize(
    ("name", "existing", "found"),
    [
        ("a.b", ["a_b"], "a_b"),
        ("a_b", ["a.b"], "a.b"),
        ("a.b_c", ["a_b.c", "a.b.c"], "a.b.c"),
        ("a.b", ["ab", "a-b", "a.c"], None),
        ("ab", ["a.b"], None),
        ("a.b", [], None),
    ],
)
def test_names_collide_that_differ_in_dots_and_underscores_only(name, existing, found):
    collisions = Collisions(existing)
    assert collisions.with_name(name) == found
    assert collisions.with_name(name) == found
