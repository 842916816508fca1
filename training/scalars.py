"""The numbers of a run: `log.jsonl`, and TensorBoard where it is installed."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any


class Scalars:
    """Writes rows of numbers as they come.

    Args:
        folder: Of the run.
        step: Where it goes on; later rows of a run that was killed are hidden.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self.path = folder / "log.jsonl"
        self._board: Any = None
        if find_spec("tensorboard") is not None:
            from torch.utils.tensorboard import SummaryWriter

            self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=step)

    def write(self, row: dict[str, Any]) -> None:
        """One row; `step` says when."""
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")
        if self._board is not None:
            for name, value in row.items():
                if name != "step" and isinstance(value, (int, float)):
                    self._board.add_scalar(name, value, row["step"])

    def close(self) -> None:
        """Write out what is left."""
        if self._board is not None:
            self._board.close()
