"""Recordings in an S3-compatible store: what goes over the wire, against a small double of one bucket."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from twoleg.adapters.recording.objects import ObjectStorage, s3_store
from twoleg.adapters.recording.wav import head
from twoleg.application.recording_storage import StorageUnavailable
from twoleg.domain.recording import AudioFormat

KEY = "t1/2026/01/31/7.wav"
SMALL = head(AudioFormat.ALAW, 500) + bytes(1000)
LARGE = head(AudioFormat.PCM, 5_000_000) + bytes(range(250)) * 80_000


class Bucket(ThreadingHTTPServer):
    """PUT, multipart upload, HEAD, GET of ranges, DeleteObjects; only for who signs as `AK`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Door)
        self.objects: dict[str, bytes] = {}
        self.parts: dict[int, bytes] = {}
        self.uploads = 0
        self.is_down = False
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Bucket

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if self.command != "HEAD" or "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refused(self) -> bool:
        signed = re.match(
            r"AWS4-HMAC-SHA256 Credential=AK/\d+/eu-1/s3/aws4_request", self.headers["Authorization"] or ""
        )
        if self.server.is_down or signed is None:
            self.answer(403)
            return True
        return False

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"] or 0))

    def do_PUT(self) -> None:
        body, query = self.body(), parse_qs(urlsplit(self.path).query)
        if self.refused():
            return
        with self.server.lock:
            if "partNumber" in query:
                self.server.parts[int(query["partNumber"][0])] = body
            else:
                self.server.objects[self.path] = body
        self.answer(200, ETag=f'"{hashlib.sha256(body).hexdigest()[:16]}"')

    def do_POST(self) -> None:
        body = self.body()
        if self.refused():
            return
        path, _, query = self.path.partition("?")
        if query.startswith("delete"):
            keys = re.findall(r"<Key>([^<]+)</Key>", body.decode())
            for key in keys:
                self.server.objects.pop(f"{path}/{key}", None)
            deleted = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
            self.answer(200, f"<DeleteResult>{deleted}</DeleteResult>".encode())
            return
        if query.startswith("uploads"):
            self.server.uploads += 1
            self.answer(200, b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>")
            return
        with self.server.lock:
            self.server.objects[path] = b"".join(part for _, part in sorted(self.server.parts.items()))
        self.answer(
            200,
            b"<CompleteMultipartUploadResult><ETag>&quot;m&quot;</ETag></CompleteMultipartUploadResult>",
        )

    def do_GET(self) -> None:
        if self.refused():
            return
        content = self.server.objects.get(self.path)
        if content is None:
            self.answer(404)
            return
        facts = {
            "ETag": f'"{hashlib.sha256(content).hexdigest()[:16]}"',
            "Last_Modified": formatdate(0, usegmt=True),
        }
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"] or "")
        if asked is None:
            self.answer(200, content, Content_Length=str(len(content)), **facts) if self.command == "HEAD" else (
                self.answer(200, content, **facts)
            )
            return
        begin, end = int(asked[1]), min(int(asked[2]) + 1, len(content))
        self.answer(206, content[begin:end], Content_Range=f"bytes {begin}-{end - 1}/{len(content)}", **facts)

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    served = Bucket()
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    yield served
    served.shutdown()
    served.server_close()
    thread.join()


def storage(bucket: Bucket, scratch: Path) -> ObjectStorage:
    store = s3_store(
        bucket="calls", prefix="a", endpoint=bucket.url, region="eu-1", access_key="AK", secret_key="secret"
    )
    return ObjectStorage(store, scratch=scratch)


def test_a_recording_is_stored_signed_under_its_prefix_and_comes_back(bucket: Bucket, tmp_path: Path) -> None:
    there = storage(bucket, tmp_path)

    stored = there.put(KEY, lambda file: _fill(file, SMALL))

    assert bucket.objects == {f"/calls/a/{KEY}": SMALL}
    assert stored.sha256 == hashlib.sha256(SMALL).hexdigest()
    version = there.version(KEY)
    assert version is not None
    assert version.bytes == len(SMALL)
    assert b"".join(there.read(KEY, 10, 200)) == SMALL[10:200]
    there.delete(KEY)
    assert there.version(KEY) is None
    assert list(tmp_path.iterdir()) == []


def test_a_long_recording_goes_in_parts_and_appears_whole(bucket: Bucket, tmp_path: Path) -> None:
    there = storage(bucket, tmp_path)

    there.put(KEY, lambda file: _fill(file, LARGE))

    assert (bucket.uploads, len(bucket.parts)) == (1, 3)
    assert bucket.objects[f"/calls/a/{KEY}"] == LARGE
    assert b"".join(there.read(KEY, 0, len(LARGE))) == LARGE


def test_a_store_that_refuses_is_trouble_without_the_secret_in_it(bucket: Bucket, tmp_path: Path) -> None:
    bucket.is_down = True

    with pytest.raises(StorageUnavailable) as raised:
        storage(bucket, tmp_path).put(KEY, lambda file: _fill(file, SMALL))

    assert "secret" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []


def _fill(file: object, content: bytes) -> None:
    file.write(content)  # type: ignore[attr-defined]  # a binary file
