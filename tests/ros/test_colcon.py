"""colcon builds the packages as ROS does; `make test-ros` brings it.

An invalid package.xml makes colcon treat a package silently as plain Python, so its kind
is checked as well.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "ros_ws" / "src"
COLCON = shutil.which("colcon")
BUILT = ("handx_ros", "handx_bringup", "handx_description")

pytestmark = pytest.mark.skipif(
    COLCON is None, reason="colcon is not in the path: `make test-ros` installs it"
)


def python():
    """The interpreter of colcon's environment: numpy, and nothing of the engine."""
    return str(Path(str(COLCON)).with_name("python"))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The install space of a build."""
    base = tmp_path_factory.mktemp("colcon")
    done = subprocess.run(
        # The interfaces need rosidl to be built; without them in sight colcon takes them
        # for installed.
        [COLCON, "--log-base", base / "log", "build", "--paths",
         *(SOURCES / name for name in BUILT),
         "--build-base", base / "build", "--install-base", base / "install"],
        capture_output=True, text=True, check=False, cwd=base,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return base / "install"


def test_package_files_are_valid():
    code = (
        "import sys\n"
        "from catkin_pkg.package import parse_package\n"
        "for path in sys.argv[1:]:\n"
        "    warnings = []\n"
        "    package = parse_package(path, warnings=warnings)\n"
        "    package.validate(warnings=warnings)\n"
        "    assert not warnings, warnings\n"
        "    print(package.name, package.package_format)\n"
    )
    files = sorted(SOURCES.glob("*/package.xml"))
    done = subprocess.run(
        [python(), "-c", code, *files], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [
        w for f in files for w in (f.parent.name, "3")
    ]  # fmt: skip


def test_an_invalid_one_is_seen(tmp_path):
    text = (SOURCES / "handx_ros" / "package.xml").read_text()
    broken = tmp_path / "package.xml"
    broken.write_text(text.replace("handx@example.org", "nobody"))
    code = (
        "import sys; from catkin_pkg.package import parse_package as p; p(sys.argv[1])"
    )
    done = subprocess.run(
        [python(), "-c", code, broken], capture_output=True, check=False
    )
    assert done.returncode != 0


def test_colcon_knows_their_kinds():
    done = subprocess.run(
        [COLCON, "list", "--base-paths", SOURCES], capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    found = {line.split()[0]: line.split()[2] for line in done.stdout.splitlines()}
    assert found == {
        **dict.fromkeys(BUILT, "(ros.ament_python)"),
        "handx_interfaces": "(ros.ament_cmake)",
    }


def test_what_is_installed(built):
    for name in ("generator", "streamer", "simulated_hand"):
        executable = built / "handx_ros" / "lib" / "handx_ros" / name
        assert os.access(executable, os.X_OK)
    share = built / "handx_bringup" / "share" / "handx_bringup"
    assert len(list((share / "config").glob("*.yaml"))) >= 7
    assert (share / "security" / "policy.xml").is_file()
    launched = {p.name for p in built.glob("*/share/*/launch/*.py")}
    assert launched == {p.name for p in SOURCES.glob("*/launch/*.py")}
    for name in BUILT:
        index = built / name / "share" / "ament_index" / "resource_index" / "packages"
        assert (index / name).is_file()


def test_it_runs_from_there_with_numpy_alone(built):
    # In that environment there is no torch, mujoco, pinocchio or numba to be found.
    site = list(built.glob("*/lib/python3.*/site-packages"))
    path = os.pathsep.join(map(str, [*site, ROOT]))
    code = (
        "import importlib.util as u\n"
        "for name in ('torch', 'mujoco', 'pinocchio', 'numba', 'rosbags', 'tyro'):\n"
        "    assert u.find_spec(name) is None, name\n"
        "import handx_ros.streamer, handx_ros.generation, handx_ros.controller\n"
        "from handx_description.description import describe\n"
        "from robots import load_robot\n"
        "print(describe(load_robot('g1-inspire'), 'mock').count('<link'))\n"
    )
    done = subprocess.run(
        [python(), "-c", code], capture_output=True, text=True, check=False,
        env={"PYTHONPATH": path, "PATH": os.environ["PATH"]}, cwd="/",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 50
    described = subprocess.run(
        [built / "handx_description" / "lib" / "handx_description" / "describe", "dex3"],
        capture_output=True, text=True, check=False, cwd="/",
        env={"PYTHONPATH": path, "PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert described.returncode == 0, described.stderr
    assert described.stdout.startswith("<robot")
