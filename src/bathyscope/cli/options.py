"""Arguments and options that several commands share, defined once."""

import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bathyscope.core.progress import Progress
    from bathyscope.model.language_model import LanguageModel

Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        metavar="MODEL",
        help="A folder, a Hugging Face hub id, or a .gguf file. [default: SmolLM2-135M-Instruct]",
    ),
]
Revision = Annotated[
    str | None, typer.Option(metavar="NAME", help="Branch, tag or commit of a hub id.")
]
Dtype = Annotated[
    str,
    typer.Option(
        help="float32, bfloat16, float16, float64; weights in few bits: int8, int4, llm.int8, nf4."
    ),
]
Device = Annotated[
    str | None,
    typer.Option(
        "--device",
        "--device-map",
        help="cpu, cuda, cuda:1, …; auto, balanced, sequential or a .json file: layers on several; "
        "tensor: matrices among torchrun's processes. [default: CUDA where there is one]",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FOLDER",
        help="Folder for the run. [default: a new one in ./bathyscope-runs/]",
    ),
]
Name = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Name of the run's folder in ./bathyscope-runs/."),
]
Wide = Annotated[bool, typer.Option("--wide", help="Print every cell, not what weighs most alone.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the output if it exists.")]
Figure = Annotated[
    list[Path] | None,
    typer.Option(metavar="FILE", help="Also draw into this .png, .svg or .pdf file; repeatable."),
]
Palette = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="RdBu, PuOr, RdYlGn, YlOrBr, Blues, viridis, cividis or Greys. "
        "[default: by the kind of map]",
    ),
]
Features = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="What the columns are; listed below.",
    ),
]
Budget = Annotated[
    int | None,
    typer.Option(
        help="Coalitions to evaluate at most; exact where these are all of them. "
        "[default: 4096, or fewer once errors are small]"
    ),
]
Tolerance = Annotated[
    float | None, typer.Option(help="Stop sampling at this largest standard error.")
]
Cache = Annotated[
    bool,
    typer.Option("--cache", help="Keep evaluations on disk; a later run goes on from there."),
]
Prompt = Annotated[
    str | None, typer.Argument(metavar="PROMPT", help="A file, a text, or -.", show_default=False)
]
MarkedPrompt = Annotated[
    str | None,
    typer.Argument(
        metavar="PROMPT",
        help="A file, a text, or -; parts may be marked [[like this]].",
        show_default=False,
    ),
]
Chat = Annotated[
    bool, typer.Option("--chat", help="Put the prompt into the model's chat template.")
]
System = Annotated[
    str | None,
    typer.Option(metavar="TEXT", help="What the system says before it; it means --chat."),
]
NoSystem = Annotated[
    bool,
    typer.Option(
        "--no-system", help="Leave out what the template has the system say; it means --chat."
    ),
]
Messages = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Instead of PROMPT: a conversation as JSON, in the form of OpenAI's API.",
    ),
]
TargetTurn = Annotated[
    int | None,
    typer.Option(
        metavar="[N]",
        help="Explain what the assistant said in the conversation: its N-th turn, or its last.",
    ),
]
Lens = Annotated[
    str,
    typer.Option(metavar="NAME", help="How intermediate layers are read; listed below."),
]
Threshold = Annotated[
    float, typer.Option(help="g: a token has settled at this many bits or fewer.")
]
DepthFraction = Annotated[
    float, typer.Option(help="ρ: layers from this share of all count as deep.")
]
Translators = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Of a lens that was fitted: the file from `bathyscope lens fit`."
    ),
]
Begin = Annotated[
    str,
    typer.Option(
        help="Whether the text begins with the token that begins one: tokenizer (as it has it), "
        "always or never."
    ),
]
Roles = Annotated[
    list[str] | None,
    typer.Option("--role", metavar="NAME=PATTERN", help="A role of your own; repeatable."),
]
KeepNewline = Annotated[
    bool,
    typer.Option(
        "--keep-newline", help="Keep the line break at the end of a file or of standard input."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON, not as a table.")]
BatchTokens = Annotated[
    int | None,
    typer.Option(
        min=1, help="Most tokens in a forward pass; bounds memory. [default: by the device]"
    ),
]
DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Say what it would cost, from counts and a measured rate, and end."
    ),
]
Verify = Annotated[
    bool,
    typer.Option(
        "--verify", help="Measure again what the cache keeps of unchanged files and models."
    ),
]
MaxNewTokens = Annotated[
    int, typer.Option(help="Longest text the model writes where none is given.")
]


def cache_file(wanted: bool) -> Path | None:
    """Return the file that `--cache` keeps evaluations in."""
    from bathyscope.model.cache import cache_folder

    return cache_folder() / "evaluations.sqlite" if wanted else None


def _print_once(device: str | None) -> None:
    """Have one of the processes that hold a model together print alone."""
    if device == "tensor" and os.environ.get("RANK", "0") != "0":
        sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115


def load_model(
    model: str | None,
    revision: str | None,
    dtype: str,
    device: str | None,
    progress: "Progress",
    *,
    verify: bool = False,
) -> "LanguageModel":
    """Load the model the options name."""
    from bathyscope.model.lean_imports import lean_imports

    _print_once(device)
    # Layers over devices, divided matrices and few bits need what is put off there.
    plain = device in (None, "cpu") and dtype in ("float32", "bfloat16", "float16", "float64")
    with lean_imports() if plain else nullcontext():
        from bathyscope.model.loading import load

        return load(
            model, revision=revision, dtype=dtype, device=device, verify=verify, progress=progress
        )
