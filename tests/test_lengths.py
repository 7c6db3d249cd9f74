"""Files and functions stay as short as CONTRIBUTING.md says."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINES = {"pages": 60, "src": 250, "benchmarks": 250, "tests": 400}
STEPS = 40


def modules(folder):
    return sorted(path for path in (ROOT / folder).rglob("*.py"))


def length(node):
    return node.end_lineno - node.lineno + 1


@pytest.mark.parametrize("folder", LINES)
def test_no_module_is_longer_than_it_may_be(folder):
    found = {path: len(path.read_text().splitlines()) for path in modules(folder)}
    assert found
    assert {path: lines for path, lines in found.items() if lines > LINES[folder]} == {}


@pytest.mark.parametrize("folder", [folder for folder in LINES if folder != "tests"])
def test_no_function_is_longer_than_it_may_be(folder):
    long = [
        f"{path}: {node.name}, {length(node)} lines"
        for path in modules(folder)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and length(node) > STEPS
    ]
    assert long == []
