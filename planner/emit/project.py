"""Pulumi projects: the one a command runs in, and new ones made from the shipped program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from planner import __version__
from planner.emit.capture import program_folder
from planner.errors import InputError
from planner.files import read_text, write_atomic, write_atomic_bytes

__all__ = [
    "Project",
    "find_project",
    "make_project",
    "read_project",
    "write_config",
]

_PROJECT_FILE = "Pulumi.yaml"
# What tells our program from any other.
_MARKERS = ("__main__.py", "spend_guard.py", "vllm_gpu.py")
_TEMPLATES = Path(__file__).parent / "data/project"
# Parts of the program's folder that only the repository needs.
_NOT_SHIPPED = ("fake_engine", "__pycache__", "README.md")


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A folder with a ``Pulumi.yaml``. ``ours``: its program is the one in ``stacks/``."""

    root: Path
    name: str
    config_dir: Path
    ours: bool

    @property
    def plan_key(self) -> str:
        """The configuration key the program reads."""
        return f"{self.name}:plan"

    def stack_file(self, stack: str) -> Path:
        """Where Pulumi keeps the configuration of a stack."""
        return self.config_dir / f"Pulumi.{stack.rsplit('/', 1)[-1]}.yaml"


def find_project(start: Path) -> Project | None:
    """The project that ``pulumi`` would take in this folder; None when there is none."""
    for folder in (start, *start.resolve().parents):
        if (folder / _PROJECT_FILE).is_file():
            return read_project(folder)
    return None


def read_project(root: Path) -> Project:
    """The project of a folder; InputError when its ``Pulumi.yaml`` is no project."""
    import yaml

    path = root / _PROJECT_FILE
    try:
        raw = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        raise InputError(f"{path}: not YAML ({getattr(error, 'problem', error)})") from None
    if not isinstance(raw, Mapping) or not isinstance(cast("object", raw.get("name")), str):  # pyright: ignore[reportUnknownMemberType] - checked here
        raise InputError(f"{path}: a Pulumi project has a `name`; this file has none")
    project = cast("Mapping[str, object]", raw)
    main = root / str(project.get("main") or ".")
    return Project(
        root=root,
        name=str(project["name"]),
        config_dir=root / str(project.get("stackConfigDir") or "."),
        ours=all((main / name).is_file() for name in _MARKERS),
    )


def make_project(root: Path) -> tuple[Project, tuple[Path, ...], tuple[Path, ...]]:
    """A folder that ``pulumi up`` works in, without this repository.

    Returns the project, the files written, and those that were there with other content: they
    are kept, since they may have been changed on purpose.
    """
    files = {
        **{
            f"stacks/{path.relative_to(program_folder()).as_posix()}": path.read_bytes()
            for path in _program_files(program_folder())
        },
        **{
            path.name.removesuffix(".txt"): _filled(read_text(path)).encode()
            for path in sorted(_TEMPLATES.iterdir())
        },
    }
    written: list[Path] = []
    kept: list[Path] = []
    for name, content in sorted(files.items()):
        path = root / name
        if not path.exists():
            _make_folder(path.parent)
            write_atomic_bytes(path, content)
            written.append(path)
        elif path.read_bytes() != content:
            kept.append(path)
    return read_project(root), tuple(written), tuple(kept)


def write_config(path: Path, text: str) -> None:
    """Replace a stack's configuration in one step."""
    _make_folder(path.parent)
    write_atomic(path, text)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be made: {error.strerror or error}") from error


def _program_files(source: Path) -> list[Path]:
    return sorted(
        path
        for path in source.rglob("*")
        if path.is_file()
        and path.suffix != ".pyc"
        and not any(
            part in _NOT_SHIPPED or part.startswith(".") for part in path.relative_to(source).parts
        )
    )


def _filled(text: str) -> str:
    return text.replace("@VERSION@", __version__)
