"""`handx robots`: list, show, add; one line where it cannot."""

import json
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handx.cli import main
from robots import load_robot
from tests.robots.hand_writer import hand as made_up


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HANDX_ROBOTS_PATH", str(tmp_path / "robots"))
    return tmp_path / "robots"


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize(
    "words",
    [
        ["shadwo"],
        ["show", "shadwo"],
        ["show", "shadow", "leap"],
        ["add"],
        ["add", "nowhere.urdf"],
        ["add", "a.urdf", "b.urdf", "c.urdf"],
        ["add", "robot_descriptions:none_such"],
    ],
)
def test_what_cannot_be_done_is_one_line(
    words: list[str], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["robots", *words]) == 2
    printed = capsys.readouterr()
    assert len(lines(printed.err)) == 1
    assert "Fix" in printed.err or "cannot be read" in printed.err
    assert not home.exists()


def test_a_card_tells_joints_contacts_and_handshapes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["robots", "show", "inspire"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "R_thumb_proximal_yaw_joint" in text
    assert "left thumb–pinky │ short by 46.2 mm" in text
    assert "of 55 readable" in text
    assert main(["robots", "g1-dex3"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "left_shoulder_pitch_joint" in text


def test_a_hand_is_added_measured_drawn_and_found(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pinocchio")
    path = tmp_path / "gripper.urdf"
    path.write_text(made_up("left", 2, 3))
    assert main(["robots", "add", str(path)]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "added gripper" in text
    assert "mirror image" in text
    folder = home / "gripper"
    names = {"hand.toml", "left.urdf", "right.urdf", "README.md", "LICENSE"}
    assert names | {"capability.json", "gripper.png"} == {
        p.name for p in folder.iterdir()
    }
    pairs = json.loads((folder / "capability.json").read_text())["pairs"]
    assert "left.thumb_tip|left.index_tip" in pairs
    with Image.open(folder / "gripper.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert pixels.std() > 10
    assert load_robot("gripper").hands["left"].side == "left"
    assert main(["robots", "add", str(path)]) == 2
    assert "--replace" in capsys.readouterr().err


def test_an_added_hand_is_retargeted_and_makes_a_scene(
    tmp_path: Path, home: Path
) -> None:
    pytest.importorskip("pinocchio")
    pytest.importorskip("mujoco")
    from handx import pipeline
    from sim.scene import build_scene

    path = tmp_path / "mine.urdf"
    path.write_text(made_up("right", 4, 4))
    assert main(["robots", "add", str(path), "--name", "mine"]) == 0
    robot = load_robot("mine")
    reading = pipeline.read("touch the thumb to the index fingertip of the right hand")
    motion, _ = pipeline.generate(reading, "program", 0, 1, "cpu")
    trajectory, report = pipeline.retarget(motion, robot)
    assert report.position_violations == report.velocity_violations == 0
    assert np.isfinite(trajectory.T_world_base).all()
    assert report.pinch.recall == 1 or report.pinch.unreachable
    assert build_scene(robot).model.nu > 0


def test_a_description_of_the_package_is_a_path(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stands in for robot_descriptions, which fetches from the net when imported."""
    from handx.cli import robots_add

    path = tmp_path / "somehand.urdf"
    path.write_text(made_up())
    package = types.ModuleType("robot_descriptions")
    package.__path__ = []
    package.__spec__ = types.SimpleNamespace(submodule_search_locations=[])  # type: ignore[assignment]
    description = types.ModuleType("robot_descriptions.some_description")
    description.URDF_PATH = str(path)  # type: ignore[attr-defined]
    description.__spec__ = types.SimpleNamespace()  # type: ignore[assignment]
    monkeypatch.setitem(sys.modules, package.__name__, package)
    monkeypatch.setitem(sys.modules, description.__name__, description)
    assert robots_add.resolve("robot_descriptions:some_description") == path
