"""Text for people: from outside, such as a file's name, made safe to print; and numbers of things."""


def counted(count: int, noun: str) -> str:
    """A number of things, as ``1 face`` or ``1,200 faces``; the plural of the noun ends in ``s``."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def escaped(text: str) -> str:
    """The text on one line, with each unprintable character as its Python escape.

    Unprintable are control characters (``\\n``, ``\\x1b``), those that turn the direction of writing
    (``\\u202e``) or are invisible, and bytes of a name that are not UTF-8 (``\\udce9``).
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
