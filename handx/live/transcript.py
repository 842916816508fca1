"""What was said in a live session and what came of it, in words and as live.json."""

import json
from pathlib import Path

import numpy as np

from handx import files
from handx.live.source import LiveSource
from handx.streaming.status import PlayResult

LIVE = "live.json"


def delays(source: LiveSource) -> str:
    """Median and worst time from words to the first command that follows them."""
    late = [words.delay for words in source.words if words.delay is not None]
    if not late:
        return ""
    return f"{np.median(late):.2f} s, at most {max(late):.2f} s ({len(late)} requests)"


def save(out: Path, robot: str, source: LiveSource, result: PlayResult) -> Path:
    """Write live.json.

    Raises:
        InputError: It cannot be written.
    """
    content = {
        "robot": robot, "model": source.model, "seconds": result.seconds,
        "ended": result.reason, "messages": result.messages, "latest": result.latest,
        "chunks": source.chunks, "cpu_seconds": source.cpu,
        "not_let_through": source.problems,
        "said": [
            {"text": w.text, "delay": w.delay, "refused": w.refused,
             "path_time": w.begins}
            for w in source.words
        ],
    }  # fmt: skip
    with files.staged(out, (LIVE,)) as folder:
        (folder / LIVE).write_text(json.dumps(content, indent=1) + "\n")
    return out / LIVE
