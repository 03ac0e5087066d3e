"""Ray: actors that load the model once, on this machine or on a cluster that runs already."""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from bathyscope.core.errors import BathyscopeError, InputError, ModelError, first_sentence
from bathyscope.study.engines.engine import Ends, Engine, EngineOptions, Finished, Pending
from bathyscope.study.packages import ray as imported_ray

if TYPE_CHECKING:
    from bathyscope.study.questions import Shard
    from bathyscope.study.work import Work

LOOPBACK = "127.0.0.1"

# Ray has no option for it: on machines where clusters are unusual it listens on loopback alone,
# and this switch says that this is one.
_ALONE = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"


class OnRay(Engine):
    """Actors of Ray; one that ends is replaced, and its shard given to the next."""

    name = "ray"
    summary = "Ray: --address of a running cluster, or one of this machine's own"

    def __init__(self, options: EngineOptions) -> None:
        """Take workers, address, and what each actor needs, `num_cpus` and `num_gpus` among it.

        Raises:
            InputError: A need is no number.
        """
        self.workers, self.address = options.workers, options.address
        try:
            self.needs = {name: float(need) for name, need in options.parameters.items()}
        except ValueError as error:
            raise InputError(f"What an actor needs is a number ({error}).") from error

    def results(self, work: "Work", shards: "Sequence[Shard]") -> Iterator[Finished]:
        """Yield each shard as it is done."""
        ray = _imported(alone=self.address is None)
        began = not ray.is_initialized()
        if began:
            _begin(ray, self.address, self.workers)
        crew: _Crew | None = None
        try:
            needs = {"num_cpus": 1.0} | ({"num_gpus": 1.0} if _gpus(ray) else {}) | self.needs
            count = min(self.workers or _room(ray, needs), len(shards))
            crew = _Crew(ray, work, needs, count)
            yield from crew.results(shards)
        finally:
            if began:
                ray.shutdown()
            elif crew is not None:
                crew.dismiss()


class _Crew:
    """Some actors and what each is doing."""

    def __init__(self, ray: Any, work: "Work", needs: dict[str, float], count: int) -> None:
        self.ray = ray
        own = {name: need for name, need in needs.items() if name in ("num_cpus", "num_gpus")}
        other = {name: need for name, need in needs.items() if name not in own}
        self.kind = ray.remote(**own, resources=other or None)(_Actor)
        self.work = ray.put(work)
        self.actors = [self._hired() for _ in range(count)]
        self.ends = Ends()
        self.busy: dict[Any, tuple[Any, Pending]] = {}

    def _hired(self) -> Any:
        return self.kind.remote(self.work)

    def results(self, shards: "Sequence[Shard]") -> Iterator[Finished]:
        """Yield each shard as it is done."""
        waiting = deque(Pending(shard) for shard in shards)
        idle = list(self.actors)
        while waiting or self.busy:
            while idle and waiting:
                actor, pending = idle.pop(), waiting.popleft()
                self.busy[actor.answer.remote(pending.shard)] = actor, pending
            done, _ = self.ray.wait(list(self.busy), num_returns=1)
            for promise in done:
                actor, pending = self.busy.pop(promise)
                yield from self._received(promise, actor, pending, waiting, idle)

    def _received(
        self, promise: Any, actor: Any, pending: Pending, waiting: deque[Pending], idle: list[Any]
    ) -> Iterator[Finished]:
        """Take what an actor answers; where it has ended, requeue its shard with another."""
        errors = self.ray.exceptions
        try:
            answer = self.ray.get(promise)
        except errors.ActorUnavailableError:  # it lives, its answer was lost on the way
            waiting.appendleft(pending)
            idle.append(actor)
        except (errors.RayActorError, errors.WorkerCrashedError, errors.OutOfMemoryError) as error:
            self.ends.ended(type(error).__name__)
            self.actors.remove(actor)
            self.actors.append(self._hired())
            idle.append(self.actors[-1])
            for again in pending.after_an_end():
                if again.hopeless:
                    yield Finished(again.given_up(type(error).__name__), {})
                else:
                    waiting.appendleft(again)
        except errors.RayError as error:
            raise ModelError(f"Ray cannot go on: {first_sentence(error)}.") from error
        else:
            if isinstance(answer, BathyscopeError):
                raise answer
            self.ends.answered()
            idle.append(actor)
            yield answer

    def dismiss(self) -> None:
        """End the actors."""
        for actor in self.actors:
            self.ray.kill(actor)


class _Actor:
    """A worker in a process of Ray's."""

    def __init__(self, work: "Work") -> None:
        self.error: BathyscopeError | None = None
        try:
            self.worker = work.begin()
        except BathyscopeError as error:  # is told as it is, not as the end of an actor
            self.error = error

    def answer(self, shard: "Shard") -> Finished | BathyscopeError:
        """Return the rows of a shard, or why there can be none."""
        if self.error is not None:
            return self.error
        return Finished(self.worker(shard), self.worker.provenance)


def _imported(*, alone: bool) -> Any:
    """Return Ray, told to listen on loopback only where it is to begin a cluster of its own."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if alone and "RAY_ADDRESS" not in os.environ:
        os.environ[_ALONE] = "0"
    ray = imported_ray()
    if alone and "RAY_ADDRESS" not in os.environ:
        ray._private.ray_constants.ENABLE_RAY_CLUSTER = False  # it may have been imported before
    return ray


def _begin(ray: Any, address: str | None, workers: int | None) -> None:
    """Join a cluster, or begin one that only this machine can reach.

    Raises:
        InputError: There is none at the address, or it could be reached from elsewhere.
    """
    quiet = {"log_to_driver": False, "logging_level": "ERROR", "configure_logging": False}
    try:
        if address is not None or "RAY_ADDRESS" in os.environ:
            ray.init(address=address or "auto", **quiet)
            return
        cores = max(workers or 1, os.cpu_count() or 1)
        ray.init(address="local", num_cpus=cores, include_dashboard=False, **quiet)
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        raise InputError(f"Ray cannot be reached or begun: {first_sentence(error)}.") from error
    places = {node["NodeManagerAddress"] for node in ray.nodes()}
    if places != {LOOPBACK}:
        ray.shutdown()
        raise InputError(
            f"Ray would listen on {', '.join(sorted(places))}, where other machines reach it; "
            "begin a cluster yourself (`ray start`) and give its --address."
        )


def _gpus(ray: Any) -> int:
    return int(ray.cluster_resources().get("GPU", 0))


def _room(ray: Any, needs: dict[str, float]) -> int:
    """Return how many actors there is room for."""
    there = ray.cluster_resources()
    names = {"num_cpus": "CPU", "num_gpus": "GPU"}
    rooms = [there.get(names.get(n, n), 0) / need for n, need in needs.items() if need > 0]
    return max(1, int(min(rooms, default=1)))
