"""The README's example runs, and its commands are those that exist."""

import re
from pathlib import Path

import pytest

import evidence.cli

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_python_example_runs(capsys):
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert len(blocks) == 1
    names: dict[str, object] = {}
    exec(compile(blocks[0], "README.md", "exec"), names)
    printed = capsys.readouterr().out
    assert "estimate = -0.028 g/cm2" in printed
    assert "Random-effects meta-analysis" in printed


def test_answers_on_the_first_screen_are_those_of_the_reports():
    for name, words in (
        ("spine_bmd", "−0.028 g/cm² in a year (95 % CI −0.045 to −0.011)"),
        ("estradiol", "0.59 of placebo (0.52 to 0.66)"),
    ):
        assert words in README
        page = (ROOT / "reports" / name / "index.html").read_text(encoding="utf-8")
        numbers = re.findall(r"−?\d+\.\d+ to −?\d+\.\d+", words)
        assert numbers
        assert all(number in page for number in numbers)


def test_commands_named_exist(capsys):
    named = re.search(r"`evidence (check[^`]*)`", README)
    assert named is not None
    for command in named.group(1).split(" · "):
        with pytest.raises(SystemExit, match=r"^0$"):
            evidence.cli.main([command, "--help"])
        assert command in capsys.readouterr().out
