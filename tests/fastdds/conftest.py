"""The Fast DDS program, built once from our sources with Debian's packages."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.fastdds.peer import Peer

HERE = Path(__file__).parent
NEEDED = {
    "libfastrtps-dev": "/usr/include/fastrtps/fastrtps_dll.h",
    "fastddsgen": "fastddsgen",
    "default-jre-headless": "java",
    "g++": "g++",
}
"""Debian package → a file or command of it."""


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    """The peer's executable; types come from messages.idl by Fast DDS's own generator."""
    missing = [
        package
        for package, found in NEEDED.items()
        if not (Path(found).exists() or shutil.which(found))
    ]
    if missing:
        pytest.fail(
            "no Fast DDS to test with. Fix (Debian): apt-get install "
            f"--no-install-recommends {' '.join(missing)}",
            pytrace=False,
        )
    folder = tmp_path_factory.mktemp("fastdds")

    def run(*words):
        done = subprocess.run(
            words, cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    run("fastddsgen", "-cs", "-replace", "-d", folder, HERE / "messages.idl")
    run("g++", "-std=c++17", "-O1", "-Wall", "-I", folder, HERE / "peer.cpp",
        *folder.glob("*.cxx"), "-lfastrtps", "-lfastcdr", "-o", "fastdds_peer")  # fmt: skip
    return folder / "fastdds_peer"


@pytest.fixture
def peer(program, domain):
    """A Fast DDS participant on 127.0.0.1, in a domain of this test's own."""
    with Peer(program, domain) as peer:
        yield peer
