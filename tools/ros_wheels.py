"""Build the ROS workspace on ROS 2 wheels: `.venv-rclpy/bin/python tools/ros_wheels.py`.

For `make test-rclpy`, on a machine without a ROS installation: unofficial builds of Jazzy
from PyPI (requirements-rclpy.txt) in an environment, colcon, cmake and g++. The workspace
goes into that environment. What the wheels leave to be done: their CMake files name
folders of the machine that built them, and control_msgs is not among them.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PREFIX = Path(sys.prefix)
WORKSPACE = PREFIX / "workspace"

BUILT_IN = f"/opt/python/cp{sys.version_info.major}{sys.version_info.minor}"
"""Where the Python lay that built the wheels; each names its own folder of it."""

POINT = "trajectory_msgs/MultiDOFJointTrajectoryPoint"
TOLERANCE = "float64 position\nfloat64 velocity\nfloat64 acceleration\n"
CONTROL_MSGS = {
    "msg/JointTolerance.msg": f"string name\n{TOLERANCE}",
    "msg/JointComponentTolerance.msg": (
        f"string joint_name\nuint16 component\n{TOLERANCE}"
    ),
    "action/FollowJointTrajectory.action": f"""
trajectory_msgs/JointTrajectory trajectory
trajectory_msgs/MultiDOFJointTrajectory multi_dof_trajectory
JointTolerance[] path_tolerance
JointComponentTolerance[] component_path_tolerance
JointTolerance[] goal_tolerance
JointComponentTolerance[] component_goal_tolerance
builtin_interfaces/Duration goal_time_tolerance
---
int32 error_code
string error_string
---
std_msgs/Header header
string[] joint_names
trajectory_msgs/JointTrajectoryPoint desired
trajectory_msgs/JointTrajectoryPoint actual
trajectory_msgs/JointTrajectoryPoint error
string[] multi_dof_joint_names
{POINT} multi_dof_desired
{POINT} multi_dof_actual
{POINT} multi_dof_error
""",
    "CMakeLists.txt": """
cmake_minimum_required(VERSION 3.16)
project(control_msgs)
find_package(ament_cmake REQUIRED)
find_package(builtin_interfaces REQUIRED)
find_package(rosidl_default_generators REQUIRED)
find_package(std_msgs REQUIRED)
find_package(trajectory_msgs REQUIRED)
rosidl_generate_interfaces(${PROJECT_NAME}
  "action/FollowJointTrajectory.action"
  "msg/JointComponentTolerance.msg"
  "msg/JointTolerance.msg"
  DEPENDENCIES builtin_interfaces std_msgs trajectory_msgs
)
ament_package()
""",
    "package.xml": """
<package format="3">
  <name>control_msgs</name>
  <version>5.8.0</version>
  <description>The interfaces of control_msgs that HandX uses, to test with.</description>
  <maintainer email="handx@example.org">The HandX authors</maintainer>
  <license>Apache-2.0</license>
  <buildtool_depend>ament_cmake</buildtool_depend>
  <buildtool_depend>rosidl_default_generators</buildtool_depend>
  <depend>action_msgs</depend>
  <depend>builtin_interfaces</depend>
  <depend>std_msgs</depend>
  <depend>trajectory_msgs</depend>
  <member_of_group>rosidl_interface_packages</member_of_group>
  <export><build_type>ament_cmake</build_type></export>
</package>
""",
}
"""Its files, by name: the fields of Jazzy's control_msgs, whose type hashes follow."""


def missing() -> list[str]:
    """Debian packages of what is needed beside the wheels, and not there."""
    needed = {
        "cmake": shutil.which("cmake"),
        "g++": shutil.which("g++"),
        "python3-dev": (Path(sysconfig.get_path("include")) / "Python.h").is_file(),
    }
    return [package for package, found in needed.items() if not found]


def mend() -> None:
    """Let the wheels' CMake files name this machine's Python and numpy."""
    found = next(iter(PREFIX.glob("share/rosidl_runtime_c/cmake/*Export.cmake")), None)
    if found is None:
        raise SystemExit(
            f"ros_wheels: no wheels of ROS 2 in {PREFIX}. Fix: make test-rclpy"
        )
    tag = f"{BUILT_IN}-cp{sys.version_info.major}{sys.version_info.minor}"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    places = {
        f"{tag}/include/{version}": sysconfig.get_path("include"),
        f"{tag}/lib/{version}/site-packages": sysconfig.get_path("purelib"),
    }
    for path in PREFIX.glob("share/*/cmake/*.cmake"):
        text = mended = path.read_text()
        for theirs, ours in places.items():
            mended = mended.replace(theirs, ours)
        if mended != text:
            path.write_text(mended)


def write_control_msgs() -> Path:
    """The package's folder; files that are there already stay as old as they are."""
    folder = WORKSPACE / "src" / "control_msgs"
    for name, text in CONTROL_MSGS.items():
        path = folder / name
        if not path.is_file() or path.read_text() != text.lstrip():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.lstrip())
    return folder


def build(packages: Path) -> int:
    """Run colcon on ours and theirs; returns its exit code."""
    paths = os.pathsep.join([str(PREFIX / "bin"), os.environ["PATH"]])
    environment = {
        **os.environ, "AMENT_PREFIX_PATH": str(PREFIX), "CMAKE_PREFIX_PATH": str(PREFIX),
        "PATH": paths,
    }  # fmt: skip
    return subprocess.run(
        [PREFIX / "bin" / "colcon", "--log-base", WORKSPACE / "log", "build",
         "--paths", packages, *sorted((ROOT / "ros_ws" / "src").iterdir()),
         "--build-base", WORKSPACE / "build", "--install-base", WORKSPACE / "install",
         "--merge-install", "--cmake-args", f"-DPython3_EXECUTABLE={sys.executable}"],
        env=environment, cwd=WORKSPACE, check=False,
    ).returncode  # fmt: skip


def main() -> int:
    """Build, and say what is missing where something is."""
    lacking = missing()
    if lacking:
        print(
            f"make: cannot build ROS interfaces: no {', '.join(lacking)}. Fix (Debian): "
            f"apt-get install {' '.join(lacking)}", file=sys.stderr,
        )  # fmt: skip
        return 2
    mend()
    return build(write_control_msgs())


if __name__ == "__main__":
    sys.exit(main())
