"""Bundles that did not come with the program, made of one that did."""

import json
import shutil

from edge.bundles.format import JSON_FILE, MODEL_FILE, checksum
from edge.bundles.store import SHIPPED
from edge.core.files import sha256


def alter(folder, change):
    """Change ``model.json``, and give it a matching checksum: what is left to find is the content."""
    path = folder / JSON_FILE
    info = json.loads(path.read_text())
    change(info)
    info["checksum"] = checksum(info)
    path.write_text(json.dumps(info))


def own_bundle(folder, name="mine", **changes):
    """A whole bundle of that name, the small shipped one by another name."""
    shutil.copytree(SHIPPED / "landmarks", folder)
    alter(folder, lambda info: info.update(name=name, **changes))
    return folder


def replace_model(folder, model):
    """Another network, with a matching hash."""
    (folder / MODEL_FILE).write_bytes(model)
    entry = {MODEL_FILE: {"sha256": sha256(model), "bytes": len(model)}}
    alter(folder, lambda info: info.update(files=entry))


def shift_golden(folder, codes):
    """Let a network that is as it should be seem off by so many codes."""

    def change(info):
        row = info["golden"]["codes"][3]
        row[0] += codes if row[0] < 0 else -codes

    alter(folder, change)
