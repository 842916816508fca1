"""CPU seconds per two-second clip: `python benchmarks/generation.py [--model synth-v1]`.

All rows are measured in one run on one thread, taking turns; the least of each counts, as
other programs on the machine can only add to it. The published loop would take a quarter
of an hour: a few of its steps are measured and multiplied by its thousand, and the table
says so. The paper's network and T5 have their true shapes and random weights, as speed
does not depend on the values.
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from generation_published import TOKENS, PublishedStep

from handx_gen.diffusion.finish import finish
from handx_gen.diffusion.paper.network import SIZES, PaperDenoiser
from handx_gen.diffusion.paper.sampling import PaperSampling, sample
from handx_gen.diffusion.precision import has_fast_bfloat16, in_bfloat16
from handx_gen.generator import Generator, load_generator
from handx_gen.prompt import Plan, Prompt, Segment
from handx_gen.text.encoder import BRANCHES

CLIP_SECONDS = 2.0
EARLIER = {"network": 0.196, "T5, three texts": 0.255}
"""CPU seconds of one call of the released code's own classes, and of T5-base's encoder,
measured apart from this run on one core of the same kind of machine."""

PLAN = Plan(
    (
        Segment(
            Prompt(sentence="tap the left thumb to the right index twice"), CLIP_SECONDS
        ),
    )
)


@dataclass
class Row:
    """One way of sampling.

    Attributes:
        name: What it is.
        work: Does `share` of a clip.
        clips: How many clips one call of `work` makes.
        times: CPU time of a clip, each time it was measured [s].
    """

    name: str
    work: Callable[[], object]
    clips: float = 1.0
    times: list[float] = field(default_factory=list)

    def measure(self) -> None:
        """Do the work once."""
        start = time.process_time()
        self.work()
        self.times.append((time.process_time() - start) / self.clips)

    @property
    def seconds(self) -> float:
        """The least [s]."""
        return min(self.times)


def paper_rows(denoiser: PaperDenoiser, published: PublishedStep) -> list[Row]:
    """The paper's network, as published and otherwise."""
    x, t = torch.randn(1, 60, 168), torch.tensor([500])
    branch = torch.tensor([BRANCHES.index(b) for b in ("left", "right", "relation")])
    branch = branch.repeat_interleave(TOKENS)[None]

    def clip(network: PaperDenoiser, sampling: PaperSampling) -> Callable[[], object]:
        def work() -> object:
            states = published.encode().reshape(1, 3 * TOKENS, -1)
            mask = torch.ones(branch.shape, dtype=torch.bool)
            return sample(network, (states, mask, branch), [0], 60, sampling)

        return work

    rows = [
        Row(
            "published loop: T5 inside, 2 × 1000 calls (one step measured × 1000)",
            lambda: published.step(x, t),
            clips=1 / 1000,
        ),
        Row(
            "same weights, text once, one call a step, 50 DDPM steps",
            clip(denoiser, PaperSampling("ddpm", 50)),
        ),
        Row(
            "same weights, text once, 20 DPM++ steps",
            clip(denoiser, PaperSampling("dpm++", 20)),
        ),
    ]
    if has_fast_bfloat16():
        quick = in_bfloat16(denoiser)
        rows.append(
            Row(
                "same weights, text once, 20 DPM++ steps, bfloat16",
                clip(quick, PaperSampling("dpm++", 20)),
            )
        )
    return rows


def default_row(generator: Generator) -> Row:
    """The default network from the sentence to finished joints, nothing cached."""

    def work() -> object:
        forget(generator)
        return generator.motion(PLAN, 0)

    name = f"{generator.config.name}: text, {generator.config.steps} steps, hand fit, motion"
    return Row(name, work)


def forget(generator: Generator) -> None:
    """Empty the text encoder's cache."""
    getattr(generator.encoder, "_cache", {}).clear()


def speed_table(rows: list[Row]) -> list[str]:
    """Markdown: seconds and how much faster than the first row."""
    first = rows[0].seconds
    lines = [
        "| one 2 s clip | CPU s | published / this | motion / CPU |",
        "|---|---|---|---|",
    ]
    for row in rows:
        speed = CLIP_SECONDS / row.seconds
        lines.append(
            f"| {row.name} | {row.seconds:.3g} | {first / row.seconds:,.0f}× "
            f"| {speed:.3g}× |"
        )
    return lines


def least(work: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Least CPU and wall time of `work` [ms]."""
    times = []
    for _ in range(rounds):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        times.append((time.process_time() - cpu, time.perf_counter() - wall))
    return 1e3 * min(t[0] for t in times), 1e3 * min(t[1] for t in times)


def stage_table(generator: Generator, rounds: int) -> list[str]:
    """Markdown: where the default's time goes, by batch."""
    lines = [
        "| clips | text [ms] | sampling [ms] | hand fit [ms] | CPU ms / clip "
        "| motion / CPU | motion / wall |",
        "|---|---|---|---|---|---|---|",
    ]
    prompt = PLAN.segments[0].prompt
    for batch in (1, 8, 32):
        prompts = [
            replace(prompt, sentence=f"{prompt.sentence} and rest {i}")
            for i in range(batch)
        ]
        seeds = list(range(batch))

        def text(prompts=prompts) -> None:
            forget(generator)
            generator.read(prompts)

        x_0, contact = generator.features(prompts, seeds)
        joints = generator.config.norm.unpack(x_0.numpy()).astype(float)
        touch = contact.numpy()

        def fit(joints=joints, touch=touch) -> None:
            for clip, pairs in zip(joints, touch):
                finish(clip, pairs)

        def whole(prompts=prompts, seeds=seeds) -> None:
            forget(generator)
            generator.clips(prompts, seeds)

        encode, _ = least(text, rounds)
        cached, _ = least(lambda p=prompts: generator.read(p), rounds)
        both, _ = least(lambda p=prompts, s=seeds: generator.features(p, s), rounds)
        last, _ = least(fit, rounds)
        cpu, wall = least(whole, rounds)
        motion = 1e3 * batch * CLIP_SECONDS
        lines.append(
            f"| {batch} | {encode:.1f} | {both - cached:.1f} | {last:.1f} "
            f"| {cpu / batch:.1f} | {motion / cpu:.1f}× | {motion / wall:.1f}× |"
        )
    return lines


def comparison(published: PublishedStep, rounds: int) -> list[str]:
    """Markdown: a published call beside what its own classes took."""
    x, t = torch.randn(1, 60, 168), torch.tensor([500])
    states = published.encode()
    works = {
        "network": lambda: published.decode(x, t, states),
        "T5, three texts": published.encode,
    }
    lines = [
        "| one published call | CPU ms | its own classes, elsewhere | difference |",
        "|---|---|---|---|",
    ]
    total = 0.0
    for name, work in works.items():
        cpu, _ = least(work, rounds)
        total += cpu
        earlier = 1e3 * EARLIER[name]
        lines.append(
            f"| {name} | {cpu:.0f} | {earlier:.0f} | {cpu / earlier - 1:+.0%} |"
        )
    earlier = 1e3 * sum(EARLIER.values())
    lines.append(f"| both | {total:.0f} | {earlier:.0f} | {total / earlier - 1:+.0%} |")
    return lines


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="synth-v1", help="name or folder")
    parser.add_argument("--rounds", type=int, default=5, help="turns of every row")
    parser.add_argument(
        "--threads", type=int, default=1,
        help="of the last table; more only helps on a machine with nothing else to do",
    )  # fmt: skip
    options = parser.parse_args()
    torch.manual_seed(0)
    denoiser = PaperDenoiser(SIZES["layers12"]).eval().requires_grad_(False)
    published = PublishedStep(denoiser)
    generator = load_generator(options.model)
    torch.set_num_threads(1)
    with torch.inference_mode():
        rows = [*paper_rows(denoiser, published), default_row(generator)]
        for number in range(options.rounds):
            for row in rows:
                row.measure()
            sys.stderr.write(f"round {number + 1} of {options.rounds}\n")
        lines = [*speed_table(rows), "", *comparison(published, options.rounds), ""]
        torch.set_num_threads(options.threads)
        lines += [f"{generator.config.name}, {options.threads} thread(s):", ""]
        lines += [*stage_table(generator, options.rounds), ""]
    sys.stdout.write("\n".join(lines))


if __name__ == "__main__":
    main()
