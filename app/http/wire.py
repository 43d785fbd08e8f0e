"""Bytes that are not HTTP: refused as every other mistake is, with a problem document."""

from uuid import uuid4

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.errors import MEDIA_TYPE, BadRequest
from app.http.edge import API_POLICY, SECURITY_HEADERS


class Wire(HttpToolsProtocol):
    """The server's HTTP parser. Only its answer to what cannot be parsed is ours."""

    def send_400_response(self, msg: str) -> None:
        """Answer what has no method, address or header that could be read."""
        request_id = uuid4().hex
        problem = BadRequest("These bytes are not a HTTP request, or one with a method that does not exist.")
        body = problem.body("", request_id)
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"x-request-id", request_id.encode()),
            *SECURITY_HEADERS,
            API_POLICY,
            (b"connection", b"close"),
        ]
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + lines + b"\r\n" + body)
        self.transport.close()
