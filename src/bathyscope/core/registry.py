"""Registries: the things of one kind by name, those of other packages among them."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from bathyscope.core.errors import BathyscopeError, InputError, advice, first_sentence

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints


class Named(Protocol):
    """Entry of a registry: anything with a name of its own."""

    @property
    def name(self) -> str:
        """The name it is looked up by: lower case, words joined by underscores."""


T = TypeVar("T", bound=Named)


@contextmanager
def working(kind: str, thing: object) -> Iterator[None]:
    """Turn what a thing of another package stumbles over into one sentence that names it.

    Errors of bathyscope's own things stay what they are.

    Args:
        kind: What it is, e.g. "segmenter".
        thing: The thing that is at work inside, called by its name or else its class.

    Raises:
        InputError: It raised an error of its own.
    """
    try:
        yield
    except BathyscopeError:
        raise
    except Exception as error:  # foreign code raises whatever it stumbles over
        made = thing if isinstance(thing, type) else type(thing)
        if made.__module__.partition(".")[0] == "bathyscope":
            raise
        name = getattr(thing, "name", made.__name__)
        raise InputError(
            f"The {kind} {name!r} fails ({type(error).__name__}: {first_sentence(error)}); "
            f"choose another {kind}, or report it where it comes from."
        ) from error


def entry_points(group: str) -> "EntryPoints":
    """Return the entry points of a group; what reads them is imported only where it is asked."""
    from importlib import metadata

    return metadata.entry_points(group=group)


def brought(group: str) -> dict[str, str]:
    """Return the names that other packages bring to a group, and the packages; imports none."""
    return {
        entry.name: entry.dist.name if entry.dist else "another package"
        for entry in entry_points(group)
    }


class Registry(Mapping[str, T], Generic[T]):
    """Things of one kind by name.

    Other packages add theirs by an entry point of the registry's group, whose object is such a
    thing and whose name is the thing's. They are imported when a name is asked for that is not
    known yet, or all names are listed. What fails to be imported is named in the error of whoever
    asks for it, and disturbs nobody else.

    Attributes:
        kind: What the things are, for sentences, e.g. "method".
        group: The group of entry points, e.g. "bathyscope.methods".
    """

    def __init__(
        self, kind: str, group: str, own: Iterable[T] = (), *, of_classes: bool = False
    ) -> None:
        """Begin with bathyscope's own things, in the order in which they are to be listed.

        Args:
            kind: What the things are.
            group: The group of entry points.
            own: The things.
            of_classes: Whether the things are classes; else an entry point that names a class
                stands for an instance of it.
        """
        self.kind, self.group = kind, group
        self._of_classes = of_classes
        self._known: dict[str, T] = {thing.name: thing for thing in own}
        self._failed: dict[str, str] = {}
        self._complete = False

    def register(self, thing: T) -> T:
        """Add a thing for the time of this process; usable as a decorator of a class.

        Raises:
            InputError: Another thing has its name.
        """
        if self._known.setdefault(thing.name, thing) is not thing:
            raise InputError(
                f"There is a {self.kind} {thing.name!r} already; give this one another name."
            )
        return thing

    def require(self, name: str) -> T:
        """Return a thing by its name.

        Raises:
            InputError: There is none; the sentence names the nearest, or all.
        """
        if name in self:
            return self._known[name]
        if self.failed(name):
            raise InputError(
                f"The {self.kind} {name!r} of another package cannot be used: "
                f"{self._failed[name]}; mend or remove that package."
            )
        raise InputError(f"The {self.kind} {name!r} is not known; {advice(name, self)}.")

    def failed(self, name: str) -> bool:
        """Tell whether a package brings a thing of this name that cannot be imported."""
        self._load()
        return name in self._failed

    def own(self) -> dict[str, T]:
        """Return what is known without importing anything of another package, by name."""
        return dict(self._known)

    def __getitem__(self, name: str) -> T:
        """Return a thing by its name; KeyError where there is none."""
        if name not in self._known:
            self._load()
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over all names, bathyscope's own first."""
        self._load()
        return iter(self._known)

    def __len__(self) -> int:
        """Return how many there are."""
        self._load()
        return len(self._known)

    def __contains__(self, name: object) -> bool:
        """Tell whether there is one of this name."""
        if name not in self._known:
            self._load()
        return name in self._known

    def _load(self) -> None:
        """Import what other packages bring; a name of bathyscope's own stays its own."""
        if self._complete:
            return
        self._complete = True
        for entry in entry_points(self.group):
            try:
                loaded = entry.load()
                make = isinstance(loaded, type) and not self._of_classes
                thing: T = loaded() if make else loaded
                if thing.name != entry.name:
                    raise ValueError(f"its own name is {thing.name!r}")
                self._known.setdefault(thing.name, thing)
            except Exception as error:  # whatever a foreign package stumbles over
                self._failed[entry.name] = f"{type(error).__name__}: {error}"
