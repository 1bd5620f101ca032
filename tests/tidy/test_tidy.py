"""Style as a test: the rules of `rules`, applied to every file we write.

A failure lists each offence with what to do instead. What is forgiven stands in `exemptions`.
"""

import pytest

from tests.tidy import exemptions, rules
from tests.tidy.tree import select, texts

PYTHON = select("", ".py") | select("", ".pyi")
RUST = select("", ".rs")


def report(messages):
    if messages:
        pytest.fail("\n".join(messages), pytrace=False)


def apply(rule, files):
    report([message for path, text in files.items() for message in rule(path, text)])


def without(files, exempt):
    return {path: text for path, text in files.items() if path not in exempt}


def test_no_file_is_past_the_cap():
    apply(rules.long_file, without(PYTHON | RUST, exemptions.LONG_FILES))


def test_a_long_file_is_forgiven_only_while_it_is_long():
    cured = [p for p in exemptions.LONG_FILES if not rules.long_file(p, texts().get(p, ""))]
    report([f"{path}: fits the cap now: strike it off LONG_FILES" for path in cured])


def test_no_function_is_past_the_cap():
    known = exemptions.LONG_FUNCTIONS
    apply(lambda path, text: rules.long_function(path, text, known), PYTHON)


def test_each_file_opens_by_saying_what_it_is_for():
    apply(rules.no_opening, PYTHON | RUST)


def test_no_name_says_nothing():
    apply(rules.banned_name, texts())


def test_no_path_of_one_machine():
    apply(rules.machine_path, texts())


def test_no_address_of_a_stranger():
    apply(rules.foreign_address, texts())


def test_locked_requirements_hold_names_versions_and_hashes_only():
    for path, text in select("requirements/", ".txt").items():
        for number, line in enumerate(text.splitlines(), start=1):
            assert "/" not in line, f"{path}:{number}: a place, not a package: run make lock"
            assert not line.startswith("-"), f"{path}:{number}: an option: run make lock"


def test_nothing_left_over():
    apply(rules.leftover, texts())


def test_no_unsafe_outside_its_files():
    apply(rules.unsafe_code, without(RUST, exemptions.MAY_BE_UNSAFE))


def test_a_file_may_be_unsafe_only_while_it_is():
    files = exemptions.MAY_BE_UNSAFE
    cured = [path for path in files if not rules.unsafe_code(path, RUST.get(path, ""))]
    report([f"{path}: is safe now: strike it off MAY_BE_UNSAFE" for path in cured])


def test_rust_is_ascii():
    apply(rules.not_ascii, RUST)
