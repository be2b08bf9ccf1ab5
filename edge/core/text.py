"""Text from outside, such as a file's name, on its way to people."""


def escaped(text: str) -> str:
    """On one line and without a power over the terminal: what does not print is shown as Python writes it.

    That is control characters (``\\n``, ``\\x1b``), those that turn the direction of writing (``\\u202e``) or
    are invisible, and bytes of a name that are not UTF-8 (``\\udce9``).
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
