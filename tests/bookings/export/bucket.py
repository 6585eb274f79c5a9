"""A bucket on loopback that speaks as much of S3 as boto3 needs: objects and multipart uploads, shown when complete."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


class Bucket:
    """`objects` by key; `asked` are the method and path of each request; `is_away`: nothing is answered but 503."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.parts: dict[int, bytes] = {}
        self.asked: list[str] = []
        self.unsigned: list[str] = []
        self.is_away = False
        self.endpoint = ""


class _Talk(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bucket: Bucket

    def do_PUT(self) -> None:
        body = self._body()
        if not self._is_welcome():
            return
        query = self._query()
        if "partNumber" in query:
            self.bucket.parts[int(query["partNumber"][0])] = body
        else:
            self.bucket.objects[self._key()] = body
        self._answer(200, headers={"ETag": f'"{md5(body).hexdigest()}"'})

    def do_POST(self) -> None:
        self._body()
        if not self._is_welcome():
            return
        if "uploads" in self._query():
            self.bucket.parts.clear()
            self._answer(200, _xml("InitiateMultipartUploadResult", f"<Key>{self._key()}</Key><UploadId>1</UploadId>"))
            return
        self.bucket.objects[self._key()] = b"".join(part for _, part in sorted(self.bucket.parts.items()))
        self._answer(200, _xml("CompleteMultipartUploadResult", f"<Key>{self._key()}</Key><ETag>one</ETag>"))

    def do_GET(self) -> None:
        if self._is_welcome():
            found = self.bucket.objects.get(self._key())
            self._answer(404, _xml("Error", "<Code>NoSuchKey</Code>")) if found is None else self._answer(200, found)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        if self._is_welcome():
            self.bucket.objects.pop(self._key(), None)
            self._answer(204)

    def _is_welcome(self) -> bool:
        self.bucket.asked.append(f"{self.command} {self.path.partition('?')[0]}")
        if not self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 Credential=key-id/"):
            self.bucket.unsigned.append(self.path)
        if self.bucket.is_away:
            self._answer(503, _xml("Error", "<Code>ServiceUnavailable</Code>"))
        return not self.bucket.is_away

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _key(self) -> str:
        return unquote(urlsplit(self.path).path).partition("/exports/")[2]

    def _query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.path).query, keep_blank_values=True)

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Requests are in `asked`."""


def _xml(name: str, inside: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><{name} {NAMESPACE}>{inside}</{name}>'.encode()


@contextmanager
def a_bucket() -> Iterator[Bucket]:
    bucket = Bucket()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Talk", (_Talk,), {"bucket": bucket}))
    server.daemon_threads = True
    bucket.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, name="bucket", daemon=True)
    thread.start()
    try:
        yield bucket
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
