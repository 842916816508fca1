"""Checkpoints on the Hugging Face hub: two plain files, at a pinned revision, no code.

A checkpoint is `model.safetensors` and `config.json` (`handx_gen.checkpoint`). Only these
two, and the model card, go up or come down; nothing that is fetched is executed. A branch
can change under its name, so reading asks for a commit.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from handx_gen.checkpoint import GeneratorConfig, load_checkpoint, save_checkpoint
from handx_gen.errors import InputError, MissingExtra

if TYPE_CHECKING:
    from handx_gen.diffusion.denoiser import MotionDenoiser

FILES = ("config.json", "model.safetensors")
CARD = "README.md"

_COMMIT = re.compile(r"[0-9a-f]{40}")
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


def save_pretrained(
    folder: str | Path, denoiser: "MotionDenoiser", config: GeneratorConfig
) -> Path:
    """Write a checkpoint; `save_checkpoint` under the hub's usual name."""
    return save_checkpoint(folder, denoiser, config)


def fetch_checkpoint(repository: str, revision: str) -> Path:
    """Download a checkpoint, or find it in the hub's cache.

    Args:
        repository: OWNER/NAME.
        revision: The full commit, 40 hexadecimal digits.

    Returns:
        The folder with the two files.

    Raises:
        InputError: No such repository, revision or file, a revision that is no commit,
            or a hub that cannot be reached.
        MissingExtra: huggingface_hub is not installed.
    """
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    except ImportError as error:
        raise MissingExtra("the hub", "gen", str(error.name)) from error
    if not _REPOSITORY.fullmatch(repository):
        raise InputError(repository, "", "not a repository", "say OWNER/NAME")
    if not _COMMIT.fullmatch(revision):
        raise InputError(
            repository, "revision", f"{revision!r} is no commit and may change",
            "give all 40 digits of the commit; the repository's page shows them",
        )  # fmt: skip
    try:
        paths = [
            Path(hf_hub_download(repository, name, revision=revision)) for name in FILES
        ]
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise InputError(
            repository, revision[:12], " ".join(str(error).split())[:200],
            "check the name, the commit, HF_TOKEN and the connection",
        ) from error  # fmt: skip
    return paths[0].parent


def from_pretrained(
    source: str | Path, revision: str = "", device: str = "cpu"
) -> "tuple[MotionDenoiser, GeneratorConfig]":
    """A checkpoint from a folder or from the hub, in float32 and eval mode.

    Args:
        source: A folder, or OWNER/NAME.
        revision: The commit, for OWNER/NAME.
        device: Torch device.

    Raises:
        InputError: It cannot be found, fetched or used.
        MissingExtra: torch, safetensors or huggingface_hub is not installed.
    """
    folder = Path(source)
    if not folder.is_dir():
        folder = fetch_checkpoint(str(source), revision)
    return load_checkpoint(folder, device)


def push(folder: str | Path, repository: str, private: bool = True) -> str:
    """Upload a checkpoint that can be read; returns the commit to pin.

    Args:
        folder: A checkpoint, with or without a model card.
        repository: OWNER/NAME; made where it is missing. HF_TOKEN lets you in.
        private: Whether a new repository is seen by its owner only.

    Raises:
        InputError: The checkpoint cannot be used, or the hub refuses it.
        MissingExtra: torch, safetensors or huggingface_hub is not installed.
    """
    try:
        from huggingface_hub import CommitOperationAdd, HfApi
        from huggingface_hub.errors import HfHubHTTPError
    except ImportError as error:
        raise MissingExtra("the hub", "gen", str(error.name)) from error
    folder = Path(folder)
    _, config = load_checkpoint(folder)
    names = [name for name in (*FILES, CARD) if (folder / name).is_file()]
    operations = [
        CommitOperationAdd(name, (folder / name).read_bytes()) for name in names
    ]
    api = HfApi()
    try:
        api.create_repo(repository, private=private, exist_ok=True)
        done = api.create_commit(
            repository, operations, commit_message=f"{config.name}: checkpoint"
        )
    except (HfHubHTTPError, OSError) as error:
        raise InputError(
            repository, "", " ".join(str(error).split())[:200],
            "check the name, HF_TOKEN and the connection",
        ) from error  # fmt: skip
    return done.oid
