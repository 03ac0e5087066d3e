"""Things by name: own ones, registered ones, and those that other packages bring."""

from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from bathyscope.core import registry as registry_module
from bathyscope.core.errors import InputError
from bathyscope.core.registry import Registry


@dataclass(frozen=True)
class Thing:
    name: str
    size: int = 0


PLUGIN = Thing("plugged", 7)


def with_entry_points(monkeypatch: pytest.MonkeyPatch, *points: EntryPoint) -> list[str]:
    asked: list[str] = []

    def entry_points(group: str) -> Any:
        asked.append(group)
        return points

    monkeypatch.setattr(registry_module, "entry_points", entry_points)
    return asked


def test_own_names_are_found_without_looking_into_other_packages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = with_entry_points(monkeypatch)
    things = Registry("thing", "bathyscope.things", (Thing("first"), Thing("second")))
    assert things.require("second") == things["second"] == Thing("second")
    assert asked == []
    assert list(things) == ["first", "second"] and len(things) == 2
    assert asked == ["bathyscope.things"]


def test_what_another_package_brings_is_found_and_own_things_keep_their_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_entry_points(
        monkeypatch,
        EntryPoint("plugged", "tests.core.test_registry:PLUGIN", "bathyscope.things"),
        EntryPoint("broken", "tests.core.no_such_module:X", "bathyscope.things"),
    )
    things = Registry("thing", "bathyscope.things", (Thing("first"),))
    assert things.require("plugged") is PLUGIN
    assert list(things) == ["first", "plugged"]
    with pytest.raises(InputError, match=r"'broken' of another package.*no_such_module.*remove"):
        things.require("broken")


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    things = Registry("thing", "bathyscope.none", (Thing("shapley"), Thing("banzhaf")))
    with pytest.raises(InputError, match=r"did you mean 'shapley'.*shapley, banzhaf"):
        things.require("shaply")
    with pytest.raises(InputError, match="'qqq' is not known; choose one of shapley, banzhaf"):
        things.require("qqq")
    with pytest.raises(KeyError):
        things["qqq"]


def test_a_name_is_given_once() -> None:
    things = Registry("thing", "bathyscope.none", (Thing("one"),))
    mine = things.register(Thing("mine", 3))
    assert things["mine"] is mine and things.register(mine) is mine
    with pytest.raises(InputError, match="There is a thing 'one' already"):
        things.register(Thing("one", 2))
