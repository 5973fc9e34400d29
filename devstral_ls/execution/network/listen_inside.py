"""Runs in the sandbox before a command: hands a listening socket out, tells programs of it, becomes the command.

Started as `python -I -S -c THIS FD PROGRAM...`; FD is this end of a pair of sockets, which the command doesn't inherit.
"""

import _socket
import array
import os
import sys

HOST = "127.0.0.1"
PROXY = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")


def main(descriptor: int, program: list[str]) -> None:
    # `_socket` and not `socket`, which takes longer to import than all the rest.
    pair = _socket.socket(fileno=descriptor)
    os.set_inheritable(descriptor, False)
    listening = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    listening.bind((HOST, 0))
    listening.listen(128)
    sent = array.array("i", [listening.fileno()])
    pair.sendmsg([b"!"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, sent)])
    address = f"http://{HOST}:{listening.getsockname()[1]}"
    os.environ.update(dict.fromkeys(PROXY, address), NO_PROXY="localhost,127.0.0.1,::1", NODE_USE_ENV_PROXY="1")
    os.environ["no_proxy"] = os.environ["NO_PROXY"]
    os.execvp(program[0], program)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
