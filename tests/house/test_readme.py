"""What the README and the docs say can be typed, and is where they say it is."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
PAGES = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").rglob("*.md"),
    *ROOT.glob("robots/*/README.md"),
    *ROOT.glob("*_ws/*.md"),
]
BLOCK = re.compile(r"^(<!-- run -->\n)?```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BIN = Path(sys.executable).parent


def blocks(text: str) -> Iterator[tuple[bool, str, str]]:
    """(marked to run, language, content) of every fenced block."""
    for mark, language, content in BLOCK.findall(text):
        yield bool(mark), language, content


def commands(page: Path) -> Iterator[str]:
    """What a page shows as code: blocks and inline."""
    text = page.read_text()
    yield from (content for _, _, content in blocks(text))
    yield from re.findall(r"`([^`\n]+)`", BLOCK.sub("", text))


def test_first_lines_are_honest() -> None:
    lines = README.splitlines()
    assert "independent implementation" in lines[1].lower()
    assert "synth-v1" in lines[2]
    assert "has never seen a human hand" in lines[2]


def test_something_runs_by_line_20() -> None:
    assert "make demo" in "\n".join(README.splitlines()[:20])


@pytest.mark.timeout(240)
def test_marked_blocks_run(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": "",
    }
    ran = []
    for marked, language, content in blocks(README):
        if not marked:
            continue
        command = {
            "bash": ["bash", "-euc", content],
            "python": [sys.executable, "-c", content],
        }[language]
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{content}\n{done.stdout}\n{done.stderr}"
        ran.append(language)
    assert set(ran) == {"bash", "python"}


def test_make_verbs_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    verbs = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    asked = {
        (page.name, verb)
        for page in PAGES
        for code in commands(page)
        for verb in re.findall(r"(?:^|\n)make (?:\w+=\S+ )?([a-z-]+)", code)
    }
    assert len(asked) > 3
    assert {(page, verb) for page, verb in asked if verb not in verbs} == set()


def test_handx_commands_exist() -> None:
    from handx.cli import COMMANDS

    asked = {
        (page.name, name)
        for page in PAGES
        for code in commands(page)
        for name in re.findall(r"(?:^|\n)handx ([a-z]+)", code)
    }
    assert len(asked) > 5
    assert {(page, name) for page, name in asked if name not in COMMANDS} == set()


def test_links_lead_somewhere() -> None:
    broken = [
        f"{page.relative_to(ROOT)} → {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []


def test_the_table_of_imports_names_every_package() -> None:
    architecture = (ROOT / "docs" / "architecture.md").read_text()
    for folder in ROOT.glob("*/__init__.py"):
        if folder.parent.name != "tests":
            assert f"| `{folder.parent.name}`" in architecture
