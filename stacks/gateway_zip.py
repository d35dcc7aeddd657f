"""The gateway function's package: the same bytes wherever and whenever it is built."""

from __future__ import annotations

import base64
import hashlib
import io
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

__all__ = ["GatewayZip", "build_zip", "write_zip"]

_SOURCE = Path(__file__).with_name("gateway_lambda")
# Git, wheels and copies of the program all leave this folder out.
_BUILD = Path(__file__).with_name("__pycache__")
_KINDS = (".py", ".json")
_START = "run.sh"
# The earliest date a zip file can hold.
_DATE = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_FILE, _PROGRAM = 0o100644, 0o100755


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayZip:
    """The package, and its hash in the two spellings in use."""

    content: bytes

    @property
    def sha256(self) -> str:
        """In hex, as the plan holds it."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def source_code_hash(self) -> str:
        """In base64, as Lambda does."""
        return base64.b64encode(hashlib.sha256(self.content).digest()).decode()


def build_zip() -> GatewayZip:
    """Packs ``gateway_lambda`` with fixed dates and modes, line feeds, and no compression, whose
    result depends on the version of zlib."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(_SOURCE.iterdir()):
            if path.name == _START:
                # The web adapter starts this file itself, so it must be executable.
                _add(archive, _START, path, _PROGRAM)
            elif path.suffix in _KINDS:
                _add(archive, f"{_SOURCE.name}/{path.name}", path, _FILE)
    return GatewayZip(content=buffer.getvalue())


def _add(archive: zipfile.ZipFile, name: str, path: Path, mode: int) -> None:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.create_system = _UNIX
    entry.external_attr = mode << 16
    archive.writestr(entry, path.read_bytes().replace(b"\r\n", b"\n"))


def write_zip(package: GatewayZip) -> Path:
    """Writes the package beside the program, or where that is read-only, to a private folder."""
    try:
        _BUILD.mkdir(exist_ok=True)
        path = _BUILD / "gateway.zip"
        if not path.is_file() or path.read_bytes() != package.content:
            _replace(path, package.content)
    except OSError:
        path = Path(tempfile.mkdtemp(prefix="gateway-")) / "gateway.zip"
        path.write_bytes(package.content)
    return path


def _replace(path: Path, content: bytes) -> None:
    """Whole or not at all: another preview may be reading the old one."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as new:
        new.write(content)
    Path(new.name).replace(path)
