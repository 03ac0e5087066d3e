"""Settings of a batch: what is asked of every record, and how its prompt is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from bathyscope.attribution.settings import AttributionSettings
from bathyscope.core.errors import InputError
from bathyscope.layers.settings import DepthSettings, require_no_map
from bathyscope.model.chat import ChatSettings
from bathyscope.prompt.segmenters import MARKED, TOKENS, require_known
from bathyscope.thinking.answer_rules.rules import extractor
from bathyscope.thinking.settings import ThinkSettings


@dataclass(frozen=True)
class BatchSettings:
    """Settings of a batch, asked of every record; all of it shares what the model writes.

    Attributes:
        attribution: How each record is attributed; None leaves it out.
        depth: How the layers of each are read; None leaves it out.
        ratio_only: Whether settling depths are found without their map.
        chat: How prompts are put to the model for its answers; where that is not said, as for the
            attribution, or else for depth or Think@n.
        answer: Rule by which an answer is read from what the model writes, and graded where the
            record has one; None asks for no answer.
        think: How Think@n is played for each; None leaves it out.
        features: What the features of a prompt are, where no template marks them.
        template: Jinja2 source of the prompts; None takes each record's own.
        target: Jinja2 source of the continuation to explain, for records without one of their own.
        demonstrations: Records that a template is given as `demonstrations`.
        orders: In how many orders of its demonstrations each prompt is asked.
        max_new_tokens: Longest text that the model writes.
        stop: A text that ends what the model writes; none where empty.
        seed: Where random orders begin.
    """

    attribution: AttributionSettings | None = None
    depth: DepthSettings | None = None
    ratio_only: bool = False
    chat: ChatSettings = field(default_factory=ChatSettings)
    answer: str | None = None
    think: ThinkSettings | None = None
    features: str = MARKED
    template: str | None = None
    target: str | None = None
    demonstrations: tuple[Mapping[str, Any], ...] = ()
    orders: int = 1
    max_new_tokens: int = 64
    stop: str = ""
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what can be seen to be wrong without a model.

        Raises:
            InputError: Nothing is asked for, or a value cannot be.
        """
        if not (self.attribution or self.depth or self.answer or self.think):
            raise InputError(
                "A batch asks for something of every record: --attribute, --depth, --answer or "
                "--think, or several of them."
            )
        if self.orders < 1:
            raise InputError(f"Each prompt is asked in 1 order or more, not {self.orders}.")
        if self.max_new_tokens < 1:
            raise InputError(f"At least 1 new token must be allowed, not {self.max_new_tokens}.")
        if self.answer is not None:
            extractor(self.answer)
        if self.depth is not None and self.ratio_only:
            require_no_map(self.depth)
        require_known(self.features)
        if self.features == TOKENS and self.orders > 1:
            raise InputError("Tokens as features have no orders; choose other --features.")

    def to_document(self) -> dict[str, Any]:
        """Return all of it as plain JSON values."""
        own = {one.name: getattr(self, one.name) for one in fields(self)}
        for name in ("attribution", "depth", "think", "chat"):
            own[name] = None if own[name] is None else own[name].to_document()
        return own | {"demonstrations": [dict(one) for one in self.demonstrations]}
