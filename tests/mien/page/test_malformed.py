"""Anything that may come to the port: it is refused, and the page goes on."""

import random
import socket
import threading

import pytest

GOOD = b"GET /api/state HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n\r\n"


def requests(port, rng):
    """Endless requests, none of which the page should do."""

    def any_of(*choices):
        return rng.choice(choices)

    end, host = b"\r\n\r\n", b"\r\nHost: 127.0.0.1:%d\r\n" % port
    get, word = b"GET /x HTTP/1.1" + host, rng.randbytes(12).hex().encode()
    post = b"POST /api/recognize?session=a&kind=frame HTTP/1.1" + host
    chunked = post + b"Transfer-Encoding: chunked" + end
    command = (
        b"POST /api/command HTTP/1.1" + host + b"Content-Type: application/json\r\nContent-Length: %d" + end
    )
    kinds = [
        lambda: rng.randbytes(rng.randint(1, 2000)),
        lambda: b"\r\n" * rng.randint(1, 50),
        lambda: word + b" / HTTP/1.1" + host + b"\r\n",
        lambda: (
            b"GET /" + any_of(word, b"%", b"%z", b"%00", b"%ff%", b"%2e%2e/") + b" HTTP/1.1" + host + b"\r\n"
        ),
        lambda: b"GET /x HTTP/" + any_of(b"9.9", b"1.1.1", b"x", b"2.0", b"") + host + b"\r\n",
        lambda: b"GET /" + b"a" * 20_000 + b" HTTP/1.1" + host + b"\r\n",
        lambda: b"GET / HTTP/1.1\r\nHost: " + word + end,
        lambda: get + b"X: " + b"a" * any_of(20_000, 70_000) + end,
        lambda: get + b"X: y\r\n" * any_of(200, 5_000) + any_of(b"\r\n", b" z" + end),
        lambda: get + any_of(b"X y", b" X: y", b"\0: y", b"X\0: y", b"X: \0") + end,
        lambda: get + b"Upgrade: websocket\r\nConnection: Upgrade" + end,
        lambda: post + b"Content-Length: " + any_of(b"-1", b"x", b"1e9", b"9" * 40, b"5, 6") + end + b"abc",
        lambda: post + b"Content-Length: 3\r\nContent-Length: 4" + end + b"abc",
        lambda: post + b"Content-Length: 3\r\nTransfer-Encoding: chunked" + end + b"0" + end,
        lambda: post + b"Transfer-Encoding: " + any_of(b"gzip", b"x", b"chunked, x") + end + b"0" + end,
        lambda: post + b"Content-Length: 400" + end + rng.randbytes(400),
        lambda: post.replace(b"session=a", any_of(b"session=%ff", b"session=%", b"&&=&;", b"%00")) + b"\r\n",
        lambda: chunked + any_of(b"zz\r\n", b"-1\r\n", b"f" * 30 + b"\r\n"),
        lambda: command % 12 + any_of(b'{"command":"', b"[" * 12, b"\xff" * 12),
        lambda: command % 5000 + b"[" * 5000,
    ]
    while True:
        yield rng.choice(kinds)()


def send(page, count, seed, wrong):
    rng = random.Random(seed)
    for request, _ in zip(requests(page.port, rng), range(count), strict=False):
        try:
            with page.connect() as connection:
                connection.sendall(request)
                connection.shutdown(socket.SHUT_WR)
                answer = connection.recv(4096)
        except (ConnectionResetError, BrokenPipeError):  # refused before all of it was sent
            continue
        status = answer[9:12]
        if answer and not (answer.startswith(b"HTTP/1.1 4") or status == b"501"):
            wrong.append((request[:200], answer[:200]))


@pytest.mark.parametrize("count", [600, pytest.param(10_000, marks=pytest.mark.slow)])
def test_malformed_requests_are_refused_and_nothing_else_happens(page, count):
    wrong = []
    send(page, 100, "warm", wrong)
    memory, files = page.memory(), page.open_files()
    threads = [threading.Thread(target=send, args=(page, count // 4, seed, wrong)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with page.connect() as connection:
        connection.sendall(GOOD % page.port)
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
    assert wrong == []
    assert page.memory() - memory < 8 << 20
    assert page.open_files() <= files + 4
    assert "Traceback" not in page.errors()
