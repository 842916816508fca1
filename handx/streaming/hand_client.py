"""Driving the hands of `handx simulate` over their local socket, without MuJoCo.

One JSON object per line, both ways. To the hands: `{"names", "positions", "velocities"}`.
From them: first who they are, then measured states, and refusals.
"""

import json
import os
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handx.streaming.errors import StreamError

MAX_LINE = 1 << 20
"""Longest line that is accepted [bytes]."""


def socket_path(robot: str) -> Path:
    """Where the hands of a robot listen: a folder that only this user may enter."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(runtime or state) / "handx" / f"hand-{robot}.sock"


@dataclass(frozen=True)
class JointReading:
    """Measured joints, by `HandClient.joint_names`.

    Attributes:
        time: Of the simulation [s].
        positions, velocities, effort: [rad], [rad/s], [N·m].
    """

    time: float
    positions: list[float]
    velocities: list[float]
    effort: list[float]


class HandClient:
    """A connection to simulated hands; a thread of its own keeps the newest state.

    Args:
        path: Their socket.

    Raises:
        StreamError: Nobody is there, or somebody else drives them.
    """

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(5.0)
        try:
            self._socket.connect(str(path))
            self._lines = self._socket.makefile("rb")
            hello = self._line()
        except (OSError, ValueError) as error:
            self._socket.close()
            raise StreamError(
                f"{path}: no simulated hands ({error}). Fix: start `handx simulate`"
            ) from error
        if "busy" in hello:
            self._socket.close()
            raise StreamError(f"{path}: {hello['busy']}. Fix: end that program first")
        self.robot = str(hello["robot"])
        self.joint_names: tuple[str, ...] = tuple(hello["joints"])
        self.commanded_names: tuple[str, ...] = tuple(hello["commanded"])
        self.refusal = ""
        self.gone = ""
        self._latest: JointReading | None = None
        self._socket.settimeout(None)
        threading.Thread(target=self._listen, daemon=True).start()

    def latest(self) -> JointReading | None:
        """The newest state; None before the first and after the last."""
        return None if self.gone else self._latest

    def command(
        self,
        names: Sequence[str],
        positions: Sequence[float],
        velocities: Sequence[float] = (),
    ) -> None:
        """Set targets; a refusal shows in `refusal`.

        Raises:
            StreamError: The hands are gone.
        """
        body = {"names": list(names), "positions": [float(x) for x in positions]}
        if len(velocities):
            body["velocities"] = [float(x) for x in velocities]
        try:
            data = json.dumps(body, allow_nan=False).encode() + b"\n"
            self._socket.sendall(data)
        except ValueError as error:
            raise StreamError("a command holds NaN or infinity") from error
        except OSError as error:
            raise StreamError(f"the simulated hands are gone ({error})") from error

    def close(self) -> None:
        """Hang up; the hands keep their last targets."""
        self.gone = self.gone or "hung up"
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:  # the other side was faster
            pass
        self._socket.close()

    def _line(self) -> dict[str, Any]:
        line = self._lines.readline(MAX_LINE)
        if not line.endswith(b"\n"):
            raise ValueError("hung up")
        return json.loads(line)

    def _listen(self) -> None:
        try:
            while True:
                line = self._line()
                if "refused" in line:
                    self.refusal = str(line["refused"])
                    continue
                self._latest = JointReading(
                    line["time"], line["positions"], line["velocities"], line["effort"]
                )
        except (OSError, ValueError, KeyError) as error:
            self.gone = self.gone or f"the simulated hands are gone ({error})"
