"""Build of the robot descriptions' package."""

from glob import glob

from setuptools import setup

NAME = "handx_description"

setup(
    name=NAME,
    version="0.1.0",
    packages=[NAME],
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
        (f"share/{NAME}/launch", sorted(glob("launch/*.launch.py"))),
        (f"share/{NAME}/rviz", sorted(glob("rviz/*.rviz"))),
    ],
    install_requires=["setuptools", "numpy"],
    zip_safe=True,
    maintainer="The HandX authors",
    maintainer_email="handx@example.org",
    description="URDF of both hands of a robot, with ros2_control tags.",
    license="Apache-2.0",
    entry_points={"console_scripts": [f"describe = {NAME}.description:main"]},
)
