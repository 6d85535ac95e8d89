"""The list of deliberate faults can be applied: `make mutants` runs it, this test holds that every text is still where it was."""

from __future__ import annotations

from collections import Counter

from mutants.run import FAULTS, KINDS, misplaced


def test_every_fault_has_its_text_exactly_once() -> None:
    wrong = [sentence for fault in FAULTS for sentence in misplaced(fault)]
    assert not wrong, "\n".join(wrong)


def test_every_kind_has_four_faults_and_the_list_is_long() -> None:
    kinds = Counter(fault["kind"] for fault in FAULTS)
    assert kinds.keys() == KINDS.keys() and min(kinds.values()) >= 4 and kinds.total() >= 80, kinds
