"""A real pgbouncer in transaction mode before the tests' server, where one is installed."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from engine.platform.owner import owner
from tests.shell import wait_until

FOUND = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")
"""Debian keeps it where only root's path leads."""
_CONFIG = """[databases]
{name} = host={host} port={port} dbname={name} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
server_reset_query =
max_client_conn = 50
"""


@contextmanager
def bouncer(dsn: str) -> Iterator[str]:
    """A DSN that leads through it to the server behind `dsn`, which is reached over its socket."""
    assert FOUND is not None
    address = urlsplit(dsn)
    query = parse_qs(address.query)
    name, user = address.path.lstrip("/"), (address.username or "")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        listen = free.getsockname()[1]
    who = owner()
    # It does not run as root either, and only the server's own user gets through its private socket.
    with tempfile.TemporaryDirectory(prefix="sfpb-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        config = folder / "pgbouncer.ini"
        config.write_text(
            _CONFIG.format(
                name=name, host=query["host"][0], port=query.get("port", ["5432"])[0], user=user, listen=listen
            )
        )
        config.chmod(0o644)
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([FOUND, "-q", str(config)], stdout=log, stderr=log, **who.popen)
            try:
                wait_until(lambda: _listens(listen) or process.poll() is not None, "pgbouncer to listen")
                assert process.poll() is None, (folder / "log").read_text()
                yield f"postgresql://{user}@127.0.0.1:{listen}/{name}"
            finally:
                process.terminate()
                process.wait(10)


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
