import asyncio
import socket

from domo_insights.cli.serving import listen
from tests.loops import run


def test_what_is_answered_leaves_at_once_and_does_not_wait_for_more():
    """With Nagle's algorithm the second part of an answer waits for the browser's 40 ms."""

    async def accepted(listener):
        seen = asyncio.get_running_loop().create_future()

        async def connected(_reader, writer):
            own = writer.get_extra_info("socket")
            seen.set_result(own.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        async with await asyncio.start_server(connected, sock=listener.socket):
            _, writer = await asyncio.open_connection("127.0.0.1", listener.port)
            found = await asyncio.wait_for(seen, 20)
            writer.close()
            return found

    with listen("127.0.0.1", 0) as listener:
        assert run(accepted(listener))
