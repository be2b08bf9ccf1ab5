"""Signatures by minisign: the package that checks them, and the tool that makes them."""

import shutil
import subprocess
import sys

import pytest

from edge.build import load_bundle
from edge.bundles import signature
from edge.bundles.store import BundleStore, read_signed
from edge.core.errors import BundleError, ConfigError
from tests.edge.own_bundles import alter, own_bundle

try:
    import minisign
except ImportError:
    minisign = None

needs_package = pytest.mark.skipif(minisign is None, reason="py-minisign is not installed")
needs_tool = pytest.mark.skipif(shutil.which("minisign") is None, reason="the tool minisign is not installed")


def sign(folder, pair):
    signed = pair.secret_key.sign((folder / "model.json").read_bytes())
    (folder / "model.json.minisig").write_bytes(bytes(signed) + b"\n")


@pytest.fixture
def pair():
    return minisign.KeyPair.generate()


@pytest.fixture
def key(pair):
    return pair.public_key.to_base64().decode()


@pytest.fixture
def signed(tmp_path, pair):
    folder = own_bundle(tmp_path / "b")
    sign(folder, pair)
    return folder


@needs_package
class TestWithAKey:
    def test_a_signed_bundle_is_read(self, signed, key):
        assert read_signed(signed, key).name == "mine"
        assert load_bundle(str(signed), key).name == "mine"

    def test_an_unsigned_one_is_refused(self, signed, key):
        (signed / "model.json.minisig").unlink()
        with pytest.raises(BundleError, match=r"is not signed, .* `minisign -Sm model\.json`"):
            load_bundle(str(signed), key)
        assert load_bundle(str(signed)).name == "mine"  # without a key nobody asks

    @pytest.mark.parametrize(
        "damage",
        [
            lambda folder: alter(folder, lambda info: info.update(name="other")),
            lambda folder: sign(folder, minisign.KeyPair.generate()),
            # The signature is checked before anything is believed.
            lambda folder: (folder / "model.json").write_text("[" * 100_000),
            *(
                lambda folder, text=text: (folder / "model.json.minisig").write_bytes(text)
                for text in (b"", b"x", b"a\nb\nc\nd\n", b"\xff" * 20_000)
            ),
        ],
    )
    def test_what_is_not_signed_with_it_is_refused(self, signed, key, damage):
        damage(signed)
        with pytest.raises(BundleError, match="is not a signature of"):
            load_bundle(str(signed), key)

    @pytest.mark.parametrize(
        "key", ["RW", "not base64!", "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73"]
    )
    def test_a_key_that_is_none(self, signed, key):
        with pytest.raises(ConfigError, match="is no minisign public key"):
            load_bundle(str(signed), key)

    def test_shipped_bundles_came_with_the_program(self, key):
        assert load_bundle("landmarks", key).name == "landmarks"

    def test_the_store_takes_and_loads_signed_ones_only(self, signed, key, tmp_path):
        store = BundleStore(tmp_path / "store", key)
        store.install(str(signed))
        store.use("mine")
        (signed / "model.json.minisig").unlink()
        with pytest.raises(BundleError, match=r"not installed: .* is not signed"):
            store.install(str(signed), "other")
        assert store.names() == ["mine"]
        (store.folder / "mine" / "model.json.minisig").unlink()
        with pytest.raises(BundleError, match="is not signed"):
            store.use("mine")

    @needs_tool
    @pytest.mark.parametrize("flags", [(), ("-l",)], ids=["as it is", "legacy"])
    def test_a_signature_of_the_tool(self, tmp_path, flags):
        folder = own_bundle(tmp_path / "b")
        public, secret = tmp_path / "minisign.pub", tmp_path / "minisign.key"
        for command in (["-G", "-W", "-p", public], ["-S", *flags, "-m", folder / "model.json"]):
            subprocess.run(["minisign", *command, "-s", secret], check=True, capture_output=True, timeout=60)
        key = public.read_text().splitlines()[1]
        assert load_bundle(str(folder), key).name == "mine"
        alter(folder, lambda info: info.update(name="other"))
        with pytest.raises(BundleError, match="is not a signature of"):
            load_bundle(str(folder), key)


def test_without_the_package_the_error_names_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "minisign", None)
    with pytest.raises(ConfigError, match=r"systemd/install\.sh .* pip install 'py-minisign>=0\.21,<0\.22'"):
        signature.verify(tmp_path, "RW", b"{}")
