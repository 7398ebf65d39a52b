"""The parse tables that come with the package are those of the installed grammars."""

import importlib
from typing import Any

import pytest

from assay.detectors.iac.grammar_tables import read_tables

HCL = 'resource "aws_s3_bucket" "raw" {\n  bucket = "x-${var.name}"\n  tags = { a = [1, 2] }\n}\n'


@pytest.mark.parametrize("module", ["hcl2.parser", "pycep.main"])
def test_tables_fit_the_installed_grammar(module: str) -> None:
    assert read_tables(importlib.import_module(module).LARK_GRAMMAR) is not None


def test_prepared_tables_parse_as_built_ones_do() -> None:
    parser: Any = importlib.import_module("hcl2.parser")
    tables = read_tables(parser.LARK_GRAMMAR)
    prepared = parser.Lark.__new__(parser.Lark)._load(tables)
    assert prepared.parse(HCL) == parser.Hcl2.lark_parser.parse(HCL)


def test_an_unknown_grammar_has_no_tables() -> None:
    assert read_tables("start: A") is None
