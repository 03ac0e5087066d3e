"""Facts as sentences. Every sentence says a fact that was handed over, and none but these."""

from bathyscope.description.facts import Facts
from bathyscope.description.facts.attribution import AttributionFacts
from bathyscope.description.facts.depth import DepthFacts
from bathyscope.description.facts.faithfulness import FaithfulnessFacts
from bathyscope.description.facts.interactions import InteractionFacts
from bathyscope.description.words.account import Account
from bathyscope.description.words.attribution import attribution_account
from bathyscope.description.words.depth import depth_account
from bathyscope.description.words.faithfulness import faithfulness_account
from bathyscope.description.words.interactions import interaction_account
from bathyscope.description.words.map import map_account


def account(found: Facts) -> Account:
    """Return what is said of facts."""
    match found:
        case AttributionFacts():
            return attribution_account(found)
        case InteractionFacts():
            return interaction_account(found)
        case DepthFacts():
            return depth_account(found)
        case FaithfulnessFacts():
            return faithfulness_account(found)
        case _:
            return map_account(found)
