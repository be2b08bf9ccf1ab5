"""``mien page``: its flags, and the start of its server."""

from collections.abc import Sequence

from edge.cli import console

PORT = 8642


def main(argv: Sequence[str] | None = None) -> int:
    """Serve the page until Ctrl-C.

    Args:
        argv: the arguments; None: those of the process.
    """
    args = _parser().parse_args(argv)
    return console.run(lambda: _serve(args.port, args.bundle, args.socket, args.browser))


def _parser() -> console.Parser:
    text = "serve a page on this machine that shows the expressions in your browser's camera and pictures, "
    text += "and what a running mien run sees"
    parser = console.Parser(prog="mien page", description=text)
    text = f"port on localhost (default: {PORT}; 0: any that is free)"
    parser.add_argument("--port", type=_port, default=PORT, metavar="N", help=text)
    parser.add_argument("--no-browser", dest="browser", action="store_false", help="do not open the browser")
    text = "bundle that the page begins with: a shipped or installed one, or a path with a / in it"
    parser.add_argument("--bundle", default="", metavar="NAME", help=text)
    text = "socket of the mien run to watch (default: that of a run without settings)"
    parser.add_argument("--socket", default="", metavar="PATH", help=text)
    return parser


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise ValueError
    return number


def _serve(port: int, bundle: str, socket: str, browser: bool) -> int:
    with console.quiet_import():
        from mien.page import server  # Starlette and Uvicorn: only where the page is served

    server.serve(port, bundle, socket, browser)
    return 0
