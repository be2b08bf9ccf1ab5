"""Text from outside, such as a file's name, made safe to print."""


def escaped(text: str) -> str:
    """The text on one line, with each unprintable character as its Python escape.

    Unprintable are control characters (``\\n``, ``\\x1b``), those that turn the direction of writing
    (``\\u202e``) or are invisible, and bytes of a name that are not UTF-8 (``\\udce9``).
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
