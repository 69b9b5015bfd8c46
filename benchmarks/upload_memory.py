"""Peak memory of ``avm-otio film create`` while a 4 GiB file is uploaded to a server that throws it away."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SIZE = 4 * 2**30


class Sink(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        left = int(self.headers["content-length"])
        while left:
            left -= len(self.rfile.read(min(left, 2**20)))
        body = b'{"id": 1}'
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "film.mp4"
        with film.open("wb") as file:
            file.truncate(SIZE)
        program = str(Path(sys.executable).with_name("avm-otio"))
        address = f"http://127.0.0.1:{server.server_address[1]}"
        started = time.perf_counter()
        subprocess.run(
            [program, "film", "create", str(film), "--service", address, "--quiet"],
            check=True,
            env=os.environ | {"AVM_TOKEN": "benchmark-token", "AVM_CONFIG_DIR": folder},
            stdout=subprocess.DEVNULL,
        )
        elapsed = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    speed = SIZE / elapsed / 1e6
    print(f"{SIZE / 2**30:.0f} GiB in {elapsed:.1f} s ({speed:.0f} MB/s), peak memory {peak:.0f} MiB")
    server.shutdown()


if __name__ == "__main__":
    main()
