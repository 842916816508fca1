"""Put a trained run into the package: weights in bfloat16, config, log, model card.

python -m training.ship --run runs/first --name synth-v1
python -m training.evaluation.report --model synth-v1 --data data/synth-v1
python -m training.ship --run runs/first --name synth-v1   # once more: the scores
"""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

from handx_gen.checkpoint import (
    ASSETS,
    GeneratorConfig,
    load_checkpoint,
    save_checkpoint,
)
from training.evaluation.report import RESULTS

LARGEST = 16 * 2**20
"""A shipped checkpoint is at most this big [bytes]."""

LOG_ROWS = 60


def thinned_log(run: Path) -> list[dict]:
    """About `LOG_ROWS` rows of the run's log, evenly spread, the last one included."""
    rows: list[dict] = []
    for line in (run / "log.jsonl").read_text().splitlines():
        row = json.loads(line)
        # A run that was resumed repeats the steps since its last checkpoint; a
        # validation has a row of its own after that of its step.
        same = rows[-1] if rows and rows[-1]["step"] == row["step"] else {}
        while rows and rows[-1]["step"] >= row["step"]:
            rows.pop()
        rows.append(same | row)
    stride = max(1, len(rows) // LOG_ROWS)
    kept = rows[::-1][::stride][::-1]
    return [
        {k: round(v, 5) if isinstance(v, float) else v for k, v in r.items()}
        for r in kept
    ]


def score_lines(numbers: dict) -> list[str]:
    """The event-F1 table of a report's JSON, as Markdown."""
    scores = numbers["scores"]
    sets = list(next(iter(scores.values())))
    lines = ["| model | " + " | ".join(sets) + " |", "|---" * (len(sets) + 1) + "|"]
    for name, row in scores.items():
        cells = [f"{row[s]['f1']['mean']:.2f}" for s in sets]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def start(trained: dict) -> str:
    """Which weights the run started from, in a sentence; nothing if from none."""
    init = trained.get("init")
    if not init:
        note = trained.get("note", "")
        return f"{note.capitalize()}. " if note else ""
    before = init["trained"]
    return (
        f"It started from the weights of an earlier {init['name']} "
        f"({before['steps']:,} steps, {before['minutes']:g} minutes; sha256 "
        f"{init['sha256'][:12]}), with a fresh optimiser: these come on top. "
    )


def shown(trained: dict) -> str:
    """Whether it can be given keyframes and paths, in a sentence."""
    share = 1 - trained.get("show_nothing", 1.0)
    if share <= 0:
        return "No control by keyframes or paths."
    return (
        f"Given keyframes, paths or one hand it fits the rest to them; {share:.0%} of its "
        "training clips showed some, most of its training had the text alone."
    )


def model_card(config: GeneratorConfig, weights: int, scores: list[str]) -> str:
    """What a user should know before trusting the model."""
    trained, shape = config.trained, config.denoiser
    return "\n".join(
        [
            f"# {config.name}",
            "",
            "Text → two seconds of two hands (60 frames at 30 Hz, 21 joints per hand).",
            "",
            "**Trained on synthetic motion made by this project's own procedural teacher. "
            "It has never seen a human hand**, and its scores say nothing about how human "
            "its motion looks.",
            "",
            "## What it is",
            "",
            f"A diffusion transformer of {weights / 1e6:.1f} M weights "
            f"(width {shape['width']}, {shape['depth']} blocks, {shape['patch']} frames a "
            "token), two weight-shared hand streams, x_0-prediction on the linear path, "
            f"{config.steps} DPM++(2M) steps, no classifier-free guidance"
            f" (weight {config.guidance:g}). Text: frozen MiniLM token states "
            "(`sentence-transformers/all-MiniLM-L6-v2`, Apache-2.0, not included).",
            "The last step fits the parametric hand (bones constant, angles within their "
            "limits) and closes the contacts that the network says it means.",
            "",
            "## How it was trained",
            "",
            f"{trained['clips']:,} clips of `handx_gen.procedural.synthesize(seed, "
            '"train")`, some as their mirror image; '
            f"{trained['steps']:,} steps of {trained['batch']} in {trained['minutes']:g} "
            f"minutes on {trained['device']} (a busy machine with two cores), seed "
            f"{trained['seed']}. Command: `python -m training.train_diffusion --preset "
            f"cpu`. {start(trained)}The log is in `log.json`.",
            "",
            "## Scores",
            "",
            "Event F1, means; intervals, exact shares, left/right swaps and kinds are in "
            "`training/RESULTS.md`. The network reads the raw sentence; no rule is in its "
            "path.",
            "",
            *(scores or ["Not yet scored."]),
            "",
            "## Limits",
            "",
            "- It knows the teacher's primitives and near paraphrases of its wordings. "
            "Outside them it moves plausibly and wrongly; only the verdict tells.",
            "- Two seconds at a time; longer plans are joined segment by segment.",
            f"- {shown(trained)} No objects, no force.",
            "- Precise contacts are its weak side: prefer `--model program` where every "
            "millimetre counts.",
            "",
        ]
    )


def main(arguments: list[str] | None = None) -> int:
    """Ship a run."""
    parser = argparse.ArgumentParser(
        prog="python -m training.ship",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    parser.add_argument("--name", default="synth-v1")
    options = parser.parse_args(arguments)
    denoiser, config = load_checkpoint(options.run)
    config = replace(config, name=options.name)
    folder = save_checkpoint(ASSETS / options.name, denoiser, config, half=True)
    size = (folder / "model.safetensors").stat().st_size
    if size > LARGEST:
        sys.stderr.write(f"{size} bytes, more than {LARGEST}: train a smaller model\n")
        return 1
    log = thinned_log(options.run)
    (folder / "log.json").write_text(json.dumps(log, indent=0) + "\n")
    results = RESULTS.with_suffix(".json")
    numbers = json.loads(results.read_text()) if results.is_file() else {}
    current = numbers.get("trained") == config.trained
    scores = score_lines(numbers) if current else []
    weights = sum(value.numel() for value in denoiser.parameters())
    (folder / "README.md").write_text(model_card(config, weights, scores))
    sys.stderr.write(f"{folder}: {size / 2**20:.1f} MiB, scores: {bool(scores)}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
