"""TOML with limits."""

import pytest

from edge.core.toml import MAX_BYTES, MAX_DOTS, MAX_DOTS_IN_LINE, read_toml


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a = 1\n" + "#" * (MAX_BYTES - 6), None),
        ("a = 1\n" + "#" * (MAX_BYTES - 5), "it has more than 100000 bytes"),
        ("a = 1\n" + f"#{'.' * MAX_DOTS_IN_LINE}\n" * (MAX_DOTS // MAX_DOTS_IN_LINE), None),
        (
            "a = 1\n" + f"#{'.' * MAX_DOTS_IN_LINE}\n" * (MAX_DOTS // MAX_DOTS_IN_LINE) + "#.",
            "more than 1000 dots",
        ),
        ("a = 1\n#" + "." * (MAX_DOTS_IN_LINE + 1), "or 100 in a line"),
        ("a = 1\nb", "it is not valid TOML"),
        ("a = " + "9" * 5000, "it is not valid TOML"),
        ("a = 0x" + "f" * 5000, "it is not valid TOML"),
        ("a = " + "[" * 50_000, "it is not valid TOML"),
    ],
)
def test_limits(tmp_path, text, reason):
    path = tmp_path / "file.toml"
    path.write_text(text)
    if reason is None:
        assert read_toml(path) == {"a": 1}
        return
    with pytest.raises(ValueError, match=reason):
        read_toml(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_toml(tmp_path / "absent.toml")
