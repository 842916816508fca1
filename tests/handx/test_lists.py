"""`robots`, `vocabulary`, `describe`, `doctor`, and the help."""

import subprocess
import sys

import pytest

from handx.cli import COMMANDS
from handx_gen.procedural.vocabulary import PRIMITIVES
from robots import load_robot
from robots.capability import read_capability
from robots.registry import robot_names


def flat(text):
    """Table text without borders and folds."""
    kept = "".join(" " if c in "│┃┆├┤└┘┌┐─━" else c for c in text)
    return " ".join(kept.split())


def test_robots_lists_freedom_fingers_licence_and_sources(handx):
    done = handx("robots")
    text = flat(done.out)
    assert done.code == 0
    for name in robot_names():
        robot = load_robot(name)
        hand = robot.hands["left"]
        assert name in text
        assert f"{len(hand.actuated)} driven of {len(hand.joint_names)} joints" in text
        assert robot.licence in text
        assert ", ".join(hand.fingers) in text
    assert text.count("a placeholder") >= len(robot_names())


def test_robots_says_what_inspire_misses_and_by_how_much(handx):
    text = flat(handx("robots").out)
    missing = read_capability(load_robot("inspire")).unreachable
    pinky = [pair for pair in missing if "pinky" in pair]
    assert pinky
    for pair in pinky:
        assert (
            f"{pair.split('.')[0]} thumb–pinky by {1000 * missing[pair]:.0f} mm" in text
        )


def test_vocabulary_lists_every_movement_with_an_example(handx):
    done = handx("vocabulary")
    text = flat(done.out)
    assert done.code == 0
    assert len(PRIMITIVES) >= 20
    for name, primitive in PRIMITIVES.items():
        assert f" {name} " in text
        assert primitive.examples


def test_describe_tells_what_happens_and_when(handx, finished):
    done = handx("describe", finished.folder / "motion.npz")
    assert done.code == 0
    assert "left" in done.out
    assert "bend" in done.out


def test_doctor_names_every_stage(handx):
    done = handx("doctor")
    for stage in ("gen", "retarget", "sim", "stream", "rendering", "robots"):
        assert stage in done.out
    assert done.code == 0


def test_doctor_says_what_is_missing_and_what_gives_it(handx, monkeypatch):
    from handx.cli import doctor

    real = doctor.version
    monkeypatch.setattr(
        doctor,
        "version",
        lambda package: None if package == "mujoco" else real(package),
    )
    done = handx("doctor")
    assert done.code == 1
    assert "pip install 'handx[sim]'" in done.out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command_teaches(handx, command):
    done = handx(command, "--help")
    assert done.code == 0
    assert f"handx {command}" in done.out.split("options")[0].split("\n\n", 1)[1]


def test_help_lists_every_command_and_no_other(handx):
    done = handx("--help")
    assert done.code == 0
    for command in COMMANDS:
        assert f"• {command} " in done.out
    assert done.out.count("•") == len(COMMANDS)


def test_help_loads_nothing_heavy():
    code = (
        "import sys\n"
        "from handx.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'mujoco', 'pinocchio', 'transformers', 'av', 'numba'}\n"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_python_m_handx_ignores_the_working_folder(tmp_path):
    """`python -m` looks into the working folder first; the command must not."""
    for name in ("sim", "robots", "retarget", "handx_gen"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('foreign')\n")
    done = subprocess.run(
        [sys.executable, "-m", "handx", "robots"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "shadow" in done.stdout


def test_public_names_come_on_first_use():
    import handx

    assert callable(handx.run)
    assert handx.RunResult.__name__ == "RunResult"
    with pytest.raises(AttributeError, match="nothing"):
        _ = handx.nothing
