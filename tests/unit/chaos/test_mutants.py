"""Every mutant's changes fit the sources as they are, and what they leave is Python."""

import ast
from pathlib import Path

import pytest
from chaos.judge.__main__ import judge
from chaos.mutants import MUTANTS
from chaos.mutating import Mutant
from chaos.stack import ROOT

from support.judged_evidence import Log, evidence


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.guard)
def test_the_guard_is_where_the_mutant_removes_it(mutant: Mutant) -> None:
    assert mutant.changes or mutant.sql
    texts: dict[Path, str] = {}
    for change in mutant.changes:
        file = ROOT / change.file
        text = texts.setdefault(file, file.read_text("utf-8"))
        assert change.old in text, change.file
        texts[file] = text.replace(change.old, change.new)
    for text in texts.values():
        ast.parse(text)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.guard)
def test_the_verdicts_that_it_names_exist(mutant: Mutant) -> None:
    names = [verdict.name for verdict in judge(evidence(Log()))]

    for beginning in mutant.verdicts:
        assert any(name.startswith(beginning) for name in names), beginning
