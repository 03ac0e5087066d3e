"""What docs/families.md says, from the facts; `python -m tests.families_page` writes it."""

from pathlib import Path

from bathyscope.core.errors import BathyscopeError
from bathyscope.model.gradients import require_embeddings
from bathyscope.model.language_model import LanguageModel
from bathyscope.model.sharing import longest_shareable
from tests.conftest import tiny
from tests.families import FAMILIES

PAGE = Path(__file__).parent.parent / "docs" / "families.md"

BEFORE = """# Families

Layers, final norm and unembedding are found by structure and verified by number (see
[models](models.md)), so a family need not be listed to work. These are tried as tiny random
models: attribution over features, gradients and the depth map of each agree with plain
computations in float64, and prompts with shared prefixes give the values of separate prompts
within 2e-5 nats in float32.

| family | class | prefixes shared | gradients | depth |
|---|---|---|---|---|
"""

AFTER = """
Where prefixes are not shared, every prompt is computed whole: the values are the same, and take
longer. A model that is not listed is tried with a few short sequences when it is first asked, with
shared prefixes and without, and computed whole where the two differ.

Longrope turns every token of a sequence beyond the original context by other angles, those of its
beginning too. Such sequences are computed whole, apart from the shorter ones, and the values of
early target tokens then depend on where the target ends.
"""


def page() -> str:
    """Return the whole page."""
    rows = [_row(name, tiny(name)) for name in sorted(FAMILIES) if name != "llama-36"]
    return BEFORE + "".join(rows) + AFTER


def _row(name: str, model: LanguageModel) -> str:
    limit = longest_shareable(model.model)
    shared = "yes" if model.why_not_shared is None else f"no: {model.why_not_shared}"
    if limit is not None and model.why_not_shared is None:
        shared = "up to the original context (longrope)"
    try:
        require_embeddings(model)
        gradients = "yes"
    except BathyscopeError as error:
        gradients = f"no: {error}"
    depth = "yes" if model.num_layers > 1 else "no: it has one layer"
    return f"| {name} | {type(model.model).__name__} | {shared} | {gradients} | {depth} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
