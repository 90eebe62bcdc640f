"""What an upgrade is made of, and the version that becomes of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic

from .arguments import checked
from .errors import InvalidArgument, InvalidManifest
from .manifest import Manifest

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    P = TypeVar("P", default=Any)
else:
    from typing import TypeVar

    P = TypeVar("P")

__all__ = ["Candidate", "CloseFailure", "Functions", "P", "Version"]

_log = logging.getLogger("quiesce")
Functions = MutableMapping[str, Callable[..., Any]]


@dataclass(frozen=True, slots=True)
class Candidate(Generic[P]):
    """A manifest, and how to build the instance that it describes.

    `build` is called with no arguments, once for each upgrade that is tried, in the thread that prepares it.  It
    returns any object that has the exported functions as attributes.  Besides them it may have

    - `init()`: called once before the version serves.  If it raises, the upgrade fails, and `close()` is called.
    - `close()`: called once, when nobody uses the version any more, in the thread that was the last to let it go.
    - `export_state()` and `import_state(state)`: under `DrainPolicy.HOLD`, what the first returns on the old version is
      given to the second on the new one while no call runs.  `export_state` must leave the old version as it is: it
      goes on serving if the upgrade fails.
    """

    manifest: Manifest | Callable[[], Manifest]
    """The manifest, or how to read it: then what is wrong with it fails the upgrade in its VALIDATE phase."""
    build: Callable[[], P]

    def __post_init__(self) -> None:
        manifest: object = self.manifest
        if not isinstance(manifest, Manifest) and not callable(manifest):
            raise InvalidArgument("manifest", "a Manifest, or a callable without arguments that returns one", manifest)
        if not callable(self.build):
            raise InvalidArgument("build", "a callable without arguments", self.build)

    def read_manifest(self) -> Manifest:
        """Give the manifest.  Raises what reading it raises, and `InvalidArgument` if that is no manifest."""
        return self.manifest if isinstance(self.manifest, Manifest) else checked("manifest", self.manifest(), Manifest)


@dataclass(frozen=True, slots=True)
class CloseFailure:
    """A close hook raised (rule M6)."""

    plugin: str
    version: int
    error: BaseException


class Version:
    """One instance with its manifest and number.  Immutable until it is freed; then the instance is let go."""

    __slots__ = (
        "close_begun",
        "close_ended",
        "close_failed",
        "coroutines",
        "functions",
        "instance",
        "manifest",
        "number",
    )

    def __init__(
        self,
        number: int,
        manifest: Manifest,
        instance: object,
        functions: Functions,
        close_failed: Callable[[CloseFailure], object] | None = None,
    ) -> None:
        self.number, self.manifest = number, manifest
        self.instance: object = instance
        self.functions: Functions = functions
        """What calls find; written before the version is published, and emptied when it was freed."""
        self.coroutines: Functions = {}
        """The coroutine functions among them, unwrapped: `call_async` holds the version itself while it awaits them."""
        self.close_failed = close_failed
        self.close_begun = self.close_ended = False

    def hook(self, name: str) -> Callable[..., Any] | None:
        """Find the instance's hook of that name.  Raises `InvalidManifest` if it is there and cannot be called."""
        found = getattr(self.instance, name, None)
        if found is not None and not callable(found):
            raise InvalidManifest(f"{name}: expected a method, got {found!r} of type {type(found).__name__}")
        return found

    def init(self) -> None:
        """Run the init hook, if there is one.  Raises what it raises."""
        for name in ("close", "export_state", "import_state"):
            self.hook(name)
        if hook := self.hook("init"):
            hook()

    def close(self) -> None:
        """Run the close hook, if there is one, and report its failure (rule M6).

        Whoever called a function of the plugin last runs this, and has nothing to do with the failure: so it is
        reported and not raised.  Only a KeyboardInterrupt goes on, because it is meant for the thread.
        """
        try:
            hook = self.hook("close")
            self.close_begun = True
            if hook is not None:
                hook()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - reported: the thread that runs this is not to blame
            failure = CloseFailure(self.manifest.name, self.number, error)
            _log.exception("plugin %r: close() of version %d failed", failure.plugin, failure.version)
            if self.close_failed is not None:
                try:
                    self.close_failed(failure)
                except Exception:  # noqa: BLE001 - reported: an observer's failure is nobody else's
                    _log.exception("plugin %r: the observer of failing close hooks failed itself", failure.plugin)
        finally:
            self.close_ended = True

    def forget(self) -> None:
        """Let go of the instance: it was closed, and nobody uses it any more."""
        nothing: dict[str, Callable[..., Any]] = {}
        self.instance, self.functions, self.coroutines = None, nothing, nothing

    def __repr__(self) -> str:
        return f"<version {self.number} of plugin {self.manifest.name!r}>"


def bind(manifest: Manifest, instance: object) -> Functions:
    """Look up every exported function once, so that a call pays for no attribute lookup.

    A plain dict, because the interpreter is fastest with those.

    Raises `InvalidManifest` if one is missing or cannot be called.
    """
    found: dict[str, Callable[..., Any]] = {}
    for name in manifest.exports:
        function = getattr(instance, name, None)
        if not callable(function):
            got = "nothing of that name" if function is None else f"{function!r} of type {type(function).__name__}"
            raise InvalidManifest(f"exports: expected a function {name!r} of the instance, got {got}")
        found[name] = function
    return found
