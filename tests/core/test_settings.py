"""Settings: overrides by keyword, and a record from which every field that matters comes back."""

import json
from dataclasses import dataclass, fields

from bathyscope.core.settings import Settings, recorded_at, unrecorded


@dataclass(frozen=True)
class Brewing(Settings):
    minutes: int = 3
    spices: tuple[str, ...] = ()
    name: str = recorded_at("pot", "name", default="small")
    listener: object = unrecorded(default=None)


def test_overrides_replace_fields() -> None:
    begun = Brewing(minutes=9)
    assert Brewing.chosen(begun, {"name": "big"}) == Brewing(9, (), "big")
    assert Brewing.chosen(None, {}) == Brewing()


def test_a_record_brings_back_every_field_but_those_that_change_no_number() -> None:
    made = Brewing(minutes=7, spices=("mint", "clove"), name="big", listener=print)
    document = json.loads(json.dumps(made.to_document()))
    assert document == {"minutes": 7, "spices": ["mint", "clove"], "pot": {"name": "big"}}
    again = Brewing.from_document({**document, "unrelated": 1})
    unequal = {
        one.name for one in fields(made) if getattr(made, one.name) != getattr(again, one.name)
    }
    assert unequal == {"listener"}
    assert Brewing.from_document(document, listener=print) == made


def test_a_record_from_before_a_setting_existed_has_its_default() -> None:
    assert Brewing.from_document({"minutes": 5}) == Brewing(minutes=5)
