"""A virtual environment for each peer, made once and kept as long as its requirements are the same.

The packages of npm that a peer requires are installed into it too.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.peers.registry import NPM_FILES, Peer
from benchmarks.workers.process import kill_group
from edge.core.errors import BackendError, ConfigError
from edge.core.files import replacing_folder, sha256

_ROOT = Path(__file__).resolve().parents[2]
_VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"
_ELSEWHERE = ("PYTHONPATH", "PYTHONHOME", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT")
"""Environment variables that would bring in packages from other places, or send new ones there."""
_NPM = ("npm", "ci", "--json", "--ignore-scripts", "--no-audit", "--no-fund")


def default_folder() -> Path:
    """The folder of all environments, below the user's cache directory.

    Raises:
        ConfigError: the user has no home directory.
    """
    cache = os.environ.get("XDG_CACHE_HOME", "")
    try:
        return (Path(cache) if cache else Path.home() / ".cache") / "mien" / "peers"
    except RuntimeError:
        raise ConfigError("this user has no home directory: name a folder with --environments") from None


def prepare(peer: Peer, folder: Path, python: Path = Path(sys.executable)) -> Path:
    """The environment of a peer, without a pip of its own; it is made unless it exists in ``folder``.

    Peers with the same requirements share one, if it is made with the same version of ``python``.

    Raises:
        BackendError: the peer does not run on this Python, a file of requirements or Node is missing, or
            pip or npm fails; the message has the reason.
        OSError: the folder cannot be written.
    """
    version = python_version(python)
    if version not in peer.pythons:
        raise BackendError(
            f"{peer.name} runs on Python {' or '.join(peer.pythons)}, and {python} is {version}: "
            f"name another with --python {peer.name}=PATH"
        )
    if peer.npm is not None:
        require_program(peer, "node")
    listed = _listed(peer)
    path = folder.resolve() / f"python{version}-{sha256(listed.encode())[:12]}"
    if interpreter(path).exists():  # it got this name when it was whole, but its Python may have gone since
        return path
    if peer.npm is not None:
        require_program(peer, "npm")
    print(f"making the environment of {peer.name} in {path}: once, it may take minutes", file=sys.stderr)
    with replacing_folder(path) as temporary:
        _run([str(python), "-m", "venv", "--without-pip", str(temporary)], peer)
        install(peer, temporary)
        if peer.npm is not None:
            install_npm(peer, peer.npm, temporary)
        (temporary / "requirements.txt").write_text(listed, "utf-8")  # what this environment is, for people
    return path


def interpreter(environment: Path) -> Path:
    """Path of the Python of an environment."""
    return environment / "bin" / "python"


def install(peer: Peer, environment: Path) -> None:
    """Install the requirements of a peer with our own pip.

    Raises:
        BackendError: pip fails; the message has the reason.
    """
    for lines, flags in ((peer.requirements, []), (peer.without_dependencies, ["--no-deps"])):
        if lines:
            pip = [sys.executable, "-m", "pip", "--python", str(interpreter(environment)), "--no-input"]
            _run([*pip, "install", *flags, *_arguments(lines)], peer)


def install_npm(peer: Peer, listed: Path, environment: Path) -> None:
    """Install the packages of a lock file into ``node_modules`` of the environment, without running scripts.

    ``listed`` is the folder of ``NPM_FILES``, of which the environment gets a copy.

    Raises:
        BackendError: npm fails; the message has the reason.
    """
    for name in NPM_FILES:
        shutil.copyfile(listed / name, environment / name)
    _run([*_NPM, "--prefix", str(environment)], peer, npm_reason)


def size_mb(environment: Path) -> float:
    """Disk space of an environment without the Python that it was made with, MB (10^6 bytes)."""
    sizes = (path.lstat().st_size for path in environment.rglob("*") if not path.is_dir())
    return round(sum(sizes) / 1e6, 1)


def _listed(peer: Peer) -> str:
    """All requirements of a peer, with the content of the files that they name."""
    files = [_ROOT / line.removeprefix("-r ") for line in peer.requirements if line.startswith("-r ")]
    try:
        npm = [f"# npm: {name} {sha256((peer.npm / name).read_bytes())}" for name in NPM_FILES if peer.npm]
        parts = ["\n".join(peer.requirements), *(file.read_text("utf-8") for file in files)]
    except OSError as error:
        raise BackendError(
            f"no environment for {peer.name}: cannot read {error.filename}: {error.strerror}"
        ) from None
    return "\n".join([*parts, "# without dependencies:", *peer.without_dependencies, *npm, ""])


def _arguments(lines: Sequence[str]) -> list[str]:
    return [f"-r{_ROOT / line.removeprefix('-r ')}" if line.startswith("-r ") else line for line in lines]


def python_version(python: Path) -> str:
    """Version of an interpreter, such as ``"3.11"``.

    Raises:
        BackendError: it does not run.
    """
    try:
        code, out, err = _call([str(python), "-c", _VERSION])
    except OSError as error:
        code, out, err = 1, "", str(error)
    if code != 0:
        reason = (err.strip() or f"it ended with {code}").splitlines()[-1]
        raise BackendError(f"{python} is no Python that runs ({reason}): name another with --python")
    return out.strip()


def require_program(peer: Peer, program: str) -> None:
    """See that a program which a peer needs is on the PATH.

    Raises:
        BackendError: it is not.
    """
    if shutil.which(program) is None:
        raise BackendError(
            f"no environment for {peer.name}: there is no {program} on the PATH: install Node.js and npm"
        )


def npm_reason(out: str, err: str) -> str:
    """The reason in npm's output, which is JSON unless npm fails early."""
    try:
        reason = str(json.loads(out)["error"]["summary"])
    except (ValueError, KeyError, TypeError):
        reason = err or out
    return f"npm: {next(iter(reason.strip().splitlines()), 'no message')}"


def _pip_reason(out: str, err: str) -> str:
    """The first error of pip, or the last line of another program."""
    lines = (err.strip() or out.strip() or "no message").splitlines()
    reason = next((line for line in lines if line.startswith("ERROR:")), lines[-1])
    return reason.removeprefix("ERROR:").strip()


def _run(command: Sequence[str], peer: Peer, reason: Callable[[str, str], str] = _pip_reason) -> None:
    code, out, err = _call(command)
    if code != 0:
        raise BackendError(f"no environment for {peer.name}: {reason(out, err)}")


def _call(command: Sequence[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command. Ctrl-C ends it with all that it started."""
    pipe = subprocess.PIPE
    variables = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=pipe,
        stderr=pipe,
        text=True,
        env=variables,
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate()
        except BaseException:
            kill_group(process)
            raise
        return process.returncode, out, err
