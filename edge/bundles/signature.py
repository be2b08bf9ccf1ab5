"""The signature of a bundle, by minisign, of its ``model.json``, which holds the SHA-256 of everything else.

https://jedisct1.github.io/minisign. The package ``py-minisign`` is optional and only loaded where a public
key is set.
"""

from pathlib import Path

from edge.bundles.format import JSON_FILE, MAX_BYTES, SIGNATURE_FILE
from edge.core.errors import BundleError, ConfigError

_PACKAGE = "py-minisign>=0.21,<0.22"


def verify(folder: Path, public_key: str, text: bytes) -> None:
    """Check the signature beside ``model.json``.

    Args:
        folder: the bundle.
        public_key: the key as minisign prints it, ``RW…``.
        text: the bytes of ``model.json``.

    Raises:
        BundleError: the signature is missing, or not one of this key for these bytes.
        ConfigError: the package is missing, or the key is malformed.
    """
    try:
        import minisign
    except ImportError:
        raise ConfigError(
            "expression.public_key is set, and signatures need a package: run systemd/install.sh again "
            f"where it installed the service, else pip install '{_PACKAGE}'"
        ) from None
    try:
        key = minisign.PublicKey.from_base64(public_key)
    except ValueError as error:
        raise ConfigError(
            f"expression.public_key is no minisign public key ({error}): "
            "expected the line of minisign.pub that begins with RW"
        ) from None
    try:
        key.verify(text, minisign.Signature.from_bytes(_read(folder / SIGNATURE_FILE)))
    except ValueError as error:
        raise BundleError(
            f"{SIGNATURE_FILE} is not a signature of {JSON_FILE} by expression.public_key ({error}): "
            f"sign it again with `minisign -Sm {JSON_FILE}`"
        ) from None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES[SIGNATURE_FILE])
    except FileNotFoundError:
        raise BundleError(
            f"is not signed, and expression.public_key is set: sign it with `minisign -Sm {JSON_FILE}`"
        ) from None
    except OSError as error:
        raise BundleError(f"cannot read {SIGNATURE_FILE}: {error.strerror}") from None
