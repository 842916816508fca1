"""Does fast sampling lose anything? `python benchmarks/generation_parity.py --run runs/handx4`.

The same weights of the paper's small network (`generation_parity_training.py`) draw the
same requests with the paper's thousand ancestral steps and with twenty steps of DPM++, in
batches, from the same seeds. Both are finished alike and scored by event F1; the paired
difference comes with a 95 % bootstrap interval. Requests are one-step validation clips of
the kinds that the run was trained on; the data are synthetic.
"""

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from generation_parity_training import KINDS

from handx_gen.diffusion.finish import finish
from handx_gen.diffusion.paper.generator import PaperGenerator
from handx_gen.diffusion.paper.sampling import PAPER, PaperSampling
from handx_gen.diffusion.paper.weights import load_paper_checkpoint
from handx_gen.diffusion.precision import has_fast_bfloat16, in_bfloat16
from handx_gen.kinematics.requests import RequestedEvents, match
from handx_gen.motion import BimanualMotion
from handx_gen.procedural import synthesize
from handx_gen.prompt import Prompt
from handx_gen.representation.handx168 import Handx168
from handx_gen.text import load_encoder
from training.evaluation.score import Estimate

FIRST_SEED = 700_000
WAYS = {
    "DDPM, 1000 steps (published)": PAPER,
    "DDPM, 50 steps": PaperSampling("ddpm", 50),
    "DPM++, 20 steps": PaperSampling("dpm++", 20),
    "DPM++, 10 steps": PaperSampling("dpm++", 10),
}


def requests(count: int) -> list[tuple[Prompt, RequestedEvents]]:
    """One-step validation clips: a sentence and what a motion for it must contain."""
    found: list[tuple[Prompt, RequestedEvents]] = []
    seed = FIRST_SEED
    while len(found) < count:
        try:
            clip = synthesize(seed, "val")
        except AssertionError:  # no clip of this seed passed the teacher's checks
            continue
        finally:
            seed += 1
        kinds = {step.primitive for step in clip.program.steps}
        if len(clip.program.steps) == 1 and kinds <= KINDS and clip.requested.events:
            found.append((Prompt(sentence=clip.sentences[0]), clip.requested))
    return found


def load(folder: Path) -> PaperGenerator:
    """The network of a run with its statistics, in bfloat16 where that is fast."""
    about = json.loads((folder / "run.json").read_text())
    denoiser = load_paper_checkpoint(folder / "model.pt", text_norm=True)
    if has_fast_bfloat16():
        denoiser = in_bfloat16(denoiser)
    return PaperGenerator(denoiser, Handx168(**about["norm"]), load_encoder("minilm"))


def f1_of(clips: np.ndarray, asked: list[RequestedEvents]) -> np.ndarray:
    """Event F1 of each clip after the hand fit; 0 where nothing can be counted."""
    motions = [
        BimanualMotion(finish(c.astype(float)).astype(np.float32)) for c in clips
    ]
    scores = [match(m, a).f1 for m, a in zip(motions, asked, strict=True)]
    return np.array([score or 0.0 for score in scores])


def main() -> None:
    """Sample, score, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of the run")
    parser.add_argument("--clips", type=int, default=64)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--out", type=Path, help="F1 of every clip, as JSON")
    options = parser.parse_args()
    torch.set_num_threads(1)
    generator = load(options.run)
    prompts, asked = zip(*requests(options.clips))
    ways = {"text of another clip, DPM++, 20 steps": WAYS["DPM++, 20 steps"], **WAYS}
    f1: dict[str, np.ndarray] = {}
    cpu: dict[str, float] = {}
    for name, sampling in sorted(ways.items(), key=lambda way: way[1].steps):
        way = replace(generator, sampling=sampling)
        told = np.roll(np.arange(len(prompts)), 7 if "another" in name else 0)
        start, clips = time.process_time(), []
        for first in range(0, len(prompts), options.batch):
            rows = told[first : first + options.batch]
            clips.append(
                way.clips(
                    [prompts[row] for row in rows],
                    [first + n for n in range(len(rows))],
                    lambda i, n: (
                        sys.stderr.write(f"\r{i} of {n} ") if i % 50 == 0 else 0
                    ),
                )
            )
        cpu[name] = (time.process_time() - start) / len(prompts)
        f1[name] = f1_of(np.concatenate(clips), list(asked))
        sys.stderr.write(f"{name}: {Estimate.of(f1[name].tolist())}\n")
    published = f1["DDPM, 1000 steps (published)"]
    lines = [
        "| sampling of the same weights | event F1 | paired difference | CPU s / clip |",
        "|---|---|---|---|",
    ]
    for name, values in f1.items():
        difference = Estimate.of((values - published).tolist())
        lines.append(
            f"| {name} | {Estimate.of(values.tolist())} | {difference} | {cpu[name]:.2f} |"
        )
    sys.stdout.write("\n".join(lines) + "\n")
    if options.out:
        table = {name: values.tolist() for name, values in f1.items()}
        options.out.write_text(json.dumps({"f1": table, "cpu": cpu}, indent=1) + "\n")


if __name__ == "__main__":
    main()
