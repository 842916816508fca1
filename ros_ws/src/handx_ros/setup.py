"""Build of the nodes' package."""

from setuptools import find_packages, setup

NAME = "handx_ros"

setup(
    name=NAME,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
    ],
    install_requires=["setuptools", "numpy"],
    zip_safe=True,
    maintainer="The HandX authors",
    maintainer_email="handx@example.org",
    description="Nodes that have hand motion made, stream it safely, and simulate hands.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            f"generator = {NAME}.generator_node:main",
            f"streamer = {NAME}.streamer_node:main",
            f"simulated_hand = {NAME}.simulated_hand_node:main",
        ]
    },
)
