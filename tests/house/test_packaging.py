"""The wheel holds the packages, their data, and nothing else."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import handx

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])


def test_packages_are_the_folders() -> None:
    folders = {file.parent.name for file in ROOT.glob("*/__init__.py")}
    assert PACKAGES == folders - {"tests"}


@pytest.fixture(scope="module")
def wheel_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", folder]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_wheel_holds_the_packages_only(wheel_names: set[str]) -> None:
    tops = {name.split("/")[0] for name in wheel_names}
    metadata = {top for top in tops if top.endswith(".dist-info")}
    assert tops - metadata == PACKAGES


def test_wheel_holds_every_tracked_file(wheel_names: set[str]) -> None:
    done = subprocess.run(
        ["git", "ls-files", "-z", *PACKAGES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("not a git checkout")
    here = {n for n in done.stdout.split("\0") if n and (ROOT / n).exists()}
    assert here - wheel_names == set()


def test_wheel_holds_the_data(wheel_names: set[str]) -> None:
    for robot in ("shadow", "inspire"):
        for file in ("hand.toml", "left.urdf", "right.urdf", "LICENSE", "README.md"):
            assert f"robots/{robot}/{file}" in wheel_names
    assert any(
        n.startswith("handx_gen/assets/") and n.endswith(".safetensors")
        for n in wheel_names
    )


def test_wheel_carries_the_licence(wheel_names: set[str]) -> None:
    for name in ("LICENSE", "NOTICE"):
        assert any(n.endswith(f".dist-info/licenses/{name}") for n in wheel_names)


def test_every_extra_is_pinned() -> None:
    # A requirement that the constraints file does not know would float.
    pins = {
        line.split("==")[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line and not line.startswith("#")
    }
    wanted = [*PROJECT["project"]["dependencies"]]
    for requirements in PROJECT["project"]["optional-dependencies"].values():
        wanted += requirements
    for requirement in wanted:
        name = requirement.split(";")[0]
        for mark in "[<>=!~ ":
            name = name.split(mark)[0]
        if name != "handx":
            assert name.lower().replace("_", "-") in pins, requirement


def test_versions_agree() -> None:
    version = PROJECT["project"]["version"]
    assert handx.__version__ == version
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text()


def test_changelog_has_entries_by_area() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()
    entries = [line for line in changelog.splitlines() if line.startswith("* ")]
    assert entries
    assert all(re.match(r"\* [a-z]+: \S", entry) for entry in entries)
