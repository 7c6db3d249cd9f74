"""What a browser may ask of Streamlit beside drawing a page: nothing that concerns others."""

from typing import Final

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

_DROPPED: Final = frozenset(
    {
        "clear_cache",  # of everybody
        "load_git_info",  # of the server's files
        "set_run_on_save",
        "file_urls_request",  # no page takes uploads
        "debug_disconnect_websocket",
        "debug_shutdown_runtime",
    }
)


class BackMessages:
    """ASGI middleware: such messages never reach Streamlit."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def filtered() -> Message:
            message = await receive()
            while message["type"] == "websocket.receive" and is_dropped(message.get("bytes")):
                message = await receive()
            return message

        await self._app(scope, filtered if scope["type"] == "websocket" else receive, send)


def is_dropped(raw: bytes | None) -> bool:
    """Whether `raw` is a message that no page of ours sends; what cannot be read is one too."""
    try:
        return raw is not None and BackMsg.FromString(raw).WhichOneof("type") in _DROPPED
    except DecodeError:
        return True
