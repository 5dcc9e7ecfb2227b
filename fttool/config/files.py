"""The files that settings and keys are kept in: finding, reading, and writing them in one step."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fttool.errors import ConfigError, OutputError

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

PROJECT_FILE = "fttool.toml"


def config_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The user's folder for fttool; `FTTOOL_CONFIG_DIR` moves it."""
    if moved := environ.get("FTTOOL_CONFIG_DIR"):
        return Path(moved).expanduser()
    from platformdirs import user_config_path

    return user_config_path("fttool", appauthor=False)


def user_file(environ: Mapping[str, str] = os.environ) -> Path:
    """The user's settings."""
    return config_folder(environ) / "config.toml"


def credentials_file(environ: Mapping[str, str] = os.environ) -> Path:
    """The user's API keys."""
    return config_folder(environ) / "credentials.toml"


def current_folder() -> Path:
    """The folder we are in; the root if it was deleted under us."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return Path(os.sep)


def find_project(folder: Path) -> tuple[Path, dict[str, Any]] | None:
    """The nearest `fttool.toml`, or `pyproject.toml` with a [tool.fttool], from `folder` up; and its settings."""
    for parent in (folder, *folder.parents):
        with contextlib.suppress(OSError):  # a folder that we may not look into
            if (own := parent / PROJECT_FILE).is_file():
                return own, read_toml(own)
            # a pyproject.toml that is not for us may be as broken as it likes
            shared = parent / "pyproject.toml"
            if shared.is_file() and b"tool.fttool" in shared.read_bytes():
                tool = read_toml(shared).get("tool")
                if isinstance(tool, dict) and isinstance(tool.get("fttool"), dict):
                    return shared, tool["fttool"]
    return None


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file, {} if there is none. Raises ConfigError with file and line."""
    text = read_text(path)
    return {} if text is None else _parse(path, text)


def read_text(path: Path) -> str | None:
    """The text of a settings file, None if there is none."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise ConfigError("this file is not UTF-8", file=str(path), offset=error.start) from None
    except OSError as error:
        raise ConfigError(f"cannot be read: {(error.strerror or str(error)).lower()}", file=str(path)) from None


def _parse(path: Path, text: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, _, place = str(error).rpartition(" (at ")
        numbers = [int(number) for number in re.findall(r"\d+", place)]
        line, column = (numbers[0], numbers[1]) if len(numbers) > 1 else (text.count("\n") + 1, None)
        message = f"not valid TOML: {message[:1].lower()}{message[1:]}"
        raise ConfigError(message, file=str(path), line=line, column=column) from None


def line_of(path: Path, name: str, table: str = "") -> int | None:
    """The line where a setting (or a table) stands, for messages: a look at the text is enough."""
    inside = not table
    for number, line in enumerate((read_text(path) or "").splitlines(), 1):
        header = re.match(r"\s*\[+\s*(.*?)\s*\]+", line)
        if header is not None:
            here = header[1].replace('"', "").replace("'", "")
            if here == name:
                return number
            inside = here == table
        elif inside and re.match(rf"\s*[\"']?{re.escape(name)}[\"']?\s*[=.]", line):
            return number
    return None


def edit_toml(path: Path, change: Callable[[TOMLDocument], None], *, private: bool = False) -> None:
    """Apply `change` to a TOML file, keeping its comments, while no one else does. `private`: only for the user."""
    import tomlkit
    from filelock import FileLock, Timeout

    with _writing(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with FileLock(path.with_name(f".{path.name}.lock"), timeout=10):
                text = read_text(path) or ""
                if text:
                    _parse(path, text)  # the same message for a broken file as everywhere
                document = tomlkit.parse(text)
                change(document)
                write_text(path, tomlkit.dumps(document), private=private)
        except Timeout:
            raise OutputError("another fttool is writing it", file=str(path)) from None


def write_text(path: Path, text: str, *, private: bool) -> None:
    """Put `text` in place of a file in one step: there is no moment at which it is half written or open to others."""
    target = path.resolve()  # a link stays a link
    mode = 0o600
    if not private:
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
    # mkstemp opens with 0600 from the start, whatever the umask
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot be written: {(error.strerror or str(error)).lower()}", file=str(path)) from None
