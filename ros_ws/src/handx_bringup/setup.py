"""Build of the launch files' package."""

from glob import glob

from setuptools import setup

NAME = "handx_bringup"

setup(
    name=NAME,
    version="0.1.0",
    packages=[NAME],
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
        (f"share/{NAME}/launch", sorted(glob("launch/*.launch.py"))),
        (f"share/{NAME}/config", sorted(glob("config/*.yaml"))),
        (f"share/{NAME}/security", ["security/policy.xml"]),
    ],
    install_requires=["setuptools", "numpy"],
    zip_safe=True,
    maintainer="The HandX authors",
    maintainer_email="handx@example.org",
    description="Launch files and controller parameters for every robot.",
    license="Apache-2.0",
    entry_points={"console_scripts": [f"controllers = {NAME}.controllers:main"]},
)
