"""The shorter questions of the faster ways have the answers of the longer ones."""

import importlib
import string
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.detectors.iac.speed.dynamic_paths import followed
from assay.detectors.iac.speed.iam_actions import of_level, restrictable
from assay.detectors.iac.speed.secret_lines import ORIGINALS, _question
from assay.detectors.iac.speed.settled_edges import share_values

dpath: Any = importlib.import_module("dpath")

KEYS = st.sampled_from(["a", "b", "0", "1", "-1", "*", "a*", "٣", "01"])
TREES = st.recursive(
    st.one_of(st.integers(0, 2), st.text("ab", max_size=2), st.none()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(KEYS, inner, max_size=3),
        st.dictionaries(st.integers(0, 1), inner, max_size=2),
    ),
    max_leaves=8,
)


@given(tree=st.dictionaries(KEYS, TREES, max_size=3), path=st.lists(KEYS, min_size=1, max_size=4))
@settings(max_examples=600, deadline=None)
def test_what_stands_at_a_path_is_what_dpath_finds(tree: dict[str, Any], path: list[str]) -> None:
    found = followed(tree, path)
    if found is None:
        return  # Then dpath itself is asked.
    assert bool(dpath.search(tree, path)) == bool(found)
    if found:
        assert dpath.get(tree, path) is found[0]


def test_a_path_through_lists_and_mappings_is_followed() -> None:
    tree = {"dynamic": [{"rule": {"content": {"days": 1}}}, {"other": {}}]}
    assert followed(tree, ["dynamic", "0", "rule", "content"]) == [{"days": 1}]
    assert followed(tree, ["dynamic", "1", "rule", "content"]) == []
    assert followed(tree, ["dynamic", "7", "rule", "content"]) == []


@pytest.mark.parametrize("tree", [{"": 1}, {"a": [{"": 1}]}, {"a": {1: 2}}, {"a": {(): 1}}, {"a": object()}])
def test_a_tree_that_dpath_reads_in_its_own_way_is_left_to_it(tree: dict[str, Any]) -> None:
    assert followed(tree, ["a", "b"]) is None


@pytest.mark.parametrize("name", ["*", "a?", "[ab]", "-1", "01", "٣", " 1"])
def test_a_name_that_may_be_a_pattern_is_left_to_dpath(name: str) -> None:
    assert followed({"a": [1]}, ["a", name]) is None


def test_values_that_two_blocks_share_are_found() -> None:
    shared: list[int] = []
    apart = [SimpleNamespace(attributes={"a": [1]}), {}, SimpleNamespace(attributes={"a": [1], "b": {"c": []}})]
    assert not share_values(apart)
    assert share_values(
        [*apart, SimpleNamespace(attributes={"x": shared}), SimpleNamespace(attributes={"y": [shared]})]
    )


PIECES = st.sampled_from(
    ["password", "api_key", "apiKey", "aws_secret", "token", "ſecret", "toKen", "contraseña", "account_key", "key", " ",
     "=", ": ", ":", '"', "'", "\\", "\t", "AKIAQWERTYUIOPASDFGH", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYab0123456789",
     "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "https://user:hunter2@host.invalid", "é", "#",
     "-----BEGIN RSA PRIVATE KEY-----MIIEpAIBAAKCAQEA", "xoxb-1-a", "SK" + "0" * 32, "npm_" + "a" * 36, "==",
     "cosmos AccountKey=", "ibm_api_key=", "sq0csp-" + "A" * 43, "cloudant_password", "0123456789abcdef" * 4]
)  # fmt: skip
LINES = st.one_of(
    st.lists(PIECES, max_size=7).map("".join),
    st.lists(st.one_of(PIECES, st.text(string.ascii_letters + string.digits + "+/-_=", max_size=40)), max_size=5).map(
        "".join
    ),
)
NAMES = st.sampled_from(["a.tf", "a.yaml", "a.json", "Dockerfile", "a.template", "Dockerfile.py"])


@pytest.fixture(scope="module")
def plugins() -> list[Any]:
    """Those that checkov's runner sets up."""
    runner: Any = importlib.import_module("checkov.secrets.runner")
    settings_module: Any = importlib.import_module("detect_secrets.settings")
    used, clean_up = runner.Runner()._get_plugins_used()
    with settings_module.transient_settings({"plugins_used": used}):
        found = list(settings_module.get_plugins())
    clean_up()
    return found


@given(lines=st.lists(LINES, min_size=1, max_size=7), at=st.integers(0, 6), name=NAMES)
@settings(max_examples=400, deadline=None)
def test_a_plugin_that_is_passed_over_finds_nothing(plugins: list[Any], lines: list[str], at: int, name: str) -> None:
    modules = {module: importlib.import_module(module) for module in ORIGINALS}
    snippet: Any = importlib.import_module("detect_secrets.util.code_snippet")
    inject: Any = importlib.import_module("detect_secrets.util.inject")
    at %= len(lines)
    context = snippet.get_code_snippet(lines=lines, line_number=at + 1)
    assert len(plugins) == 18
    for plugin in plugins:
        for passes in (1, 2):  # Some look at the file as a whole with its first line.
            asked = _question(plugin, modules)(name, lines[at].strip(), context, context)
            found = inject.call_function_with_arguments(
                plugin.analyze_line,
                filename=name,
                line=lines[at].strip(),
                line_number=at + 1,
                context=context,
                raw_context=context,
                commit_hash="",
            )
            assert asked or not found, (passes, type(plugin).__name__)


def test_most_lines_are_passed_over(plugins: list[Any]) -> None:
    modules = {module: importlib.import_module(module) for module in ORIGINALS}
    for plugin in plugins:
        question = _question(plugin, modules)
        plugin.analyze_line(filename="b.tf", line="first line", line_number=1)
        context = SimpleNamespace(target_line="  instance_type = var.size\n")
        assert not question("b.tf", "instance_type = var.size", context, context), type(plugin).__name__


ACTIONS = st.lists(
    st.sampled_from(["s3:GetObject", "s3:getobject", "s3:PutObject", "iam:PassRole", "no:Such", "a:b:c"])
)


@given(ACTIONS)
def test_actions_looked_up_one_by_one_are_the_same(actions: list[str]) -> None:
    utilities: Any = importlib.import_module("cloudsplaining.shared.utils")
    querying: Any = importlib.import_module("policy_sentry.querying.actions")
    whole = [one for one in actions if one != "a:b:c"]
    slow = utilities.remove_wildcard_only_actions
    assert restrictable(slow)(whole) == slow(whole)
    for level in ("Write", "Read", "Permissions management"):
        by_level = querying.remove_actions_not_matching_access_level
        assert of_level(by_level)(actions, level) == by_level(actions, level)


def test_actions_that_are_no_texts_or_a_lone_star_are_left_to_the_analysis() -> None:
    asked: list[Any] = []
    restrictable(lambda given: asked.append(given) or [])([{"a": 1}])
    restrictable(lambda given: asked.append(given) or [])(None)
    of_level(lambda given, _: asked.append(given) or [])(["*"], "Write")
    assert asked == [[{"a": 1}], None, ["*"]]


def test_an_action_that_can_not_be_looked_up_is_the_same_error() -> None:
    utilities: Any = importlib.import_module("cloudsplaining.shared.utils")
    with pytest.raises(ValueError, match="unpack"):
        restrictable(utilities.remove_wildcard_only_actions)(["s3:GetObject", "a:b:c"])
