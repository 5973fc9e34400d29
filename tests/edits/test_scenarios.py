"""The public specification of edit_file's matching: one folder per behaviour under tests/scenarios/edits.

`before` is the file and `call.json` the call; then either `expected` is the file afterwards and `report.json` what the
model is told about the match, or `error.txt` is the refusal, word for word.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from devstral_ls.edits.explain import MAX_LINES
from devstral_ls.edits.matching import replace
from devstral_ls.errors import EditRefused

SCENARIOS = sorted(path for path in (Path(__file__).parents[1] / "scenarios" / "edits").iterdir() if path.is_dir())


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8")


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.name)
def test_the_scenario_holds(scenario: Path) -> None:
    call = json.loads(_text(scenario / "call.json"))
    before, old, new = _text(scenario / "before"), call["old_string"], call["new_string"]
    replace_all = call.get("replace_all", False)
    if (scenario / "error.txt").exists():
        with pytest.raises(EditRefused) as refusal:
            replace(before, old, new, replace_all=replace_all)
        assert f"{refusal.value}\n" == _text(scenario / "error.txt").replace("\r\n", "\n")
        assert len(str(refusal.value).splitlines()) <= MAX_LINES
        return
    report = json.loads(_text(scenario / "report.json"))
    replaced = replace(before, old, new, replace_all=replace_all)
    assert replaced.text == _text(scenario / "expected")
    assert replaced.relaxation == report["relaxation"]
    assert [[region.start_line, region.end_line] for region in replaced.regions] == report["regions"]


def test_scenarios_are_numbered_and_named_by_a_sentence() -> None:
    numbers = [path.name.split("_")[0] for path in SCENARIOS]
    assert len(set(numbers)) == len(numbers) >= 45
    for path in SCENARIOS:
        assert path.name[:3].isdigit()
        assert len(path.name.split("_")) >= 4, path.name
        assert (path / "error.txt").exists() != (path / "expected").exists(), path.name
