"""What a script must say where it fails."""


def check_one_line(script: str, code: int, errors: str, *words: str) -> None:
    """The script has ended with 1 and said one line, which starts with its name and has these words."""
    assert code == 1
    assert errors.startswith(f"{script}: ")
    assert errors.count("\n") == 1
    assert [word for word in words if word not in errors] == []
