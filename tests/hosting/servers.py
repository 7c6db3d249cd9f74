"""The servers that stand before us in production, started for real on free ports."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import psutil
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from domo_insights.local import postmaster
from tests.local.processes import eventually

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SBIN = "/usr/sbin:/sbin"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@contextmanager
def running(command: list[str], port: int, log: Path, **environment: str) -> Iterator[None]:
    """A server process for the length of the block; it answers on `port` when that begins."""
    known = os.environ | {"PATH": f"{os.environ['PATH']}:{SBIN}"} | environment
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=known, cwd=ROOT)
    try:
        eventually(lambda: accepts(port) or process.poll() is not None, f"{command[0]} answers")
        assert process.poll() is None, log.read_text()
        yield
    finally:
        children = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for child in children:
            if child.is_running():
                child.kill()


@contextmanager
def pgbouncer(folder: Path, sockets: str, database: str, *, tls: bool = False) -> Iterator[str]:
    """The pooler of deploy/pgbouncer.ini over one server connection; yields a DATABASE_URL.

    With `tls` it takes nobody without, and shows the certificate site.pem of `folder`.
    """
    port = free_port()
    account = postmaster.account_for(folder)
    changed = {
        "postgres = host=127.0.0.1 port=5432 dbname=postgres": (
            f"postgres = host={sockets} dbname={database} user=domo_insights"
        ),
        "listen_port = 6543": f"listen_port = {port}",
        "default_pool_size = 10": "default_pool_size = 1",
        "auth_type = scram-sha-256": "auth_type = any",
        "auth_file = /etc/pgbouncer/userlist.txt": (
            "unix_socket_dir =" + (f"\nuser = {account.pw_name}" if account else "")
        ),
    }
    if tls:
        certificate, key = certify(folder)
        changed["default_pool_size = 10"] += (
            f"\nclient_tls_sslmode = require\nclient_tls_key_file = {key}"
            f"\nclient_tls_cert_file = {certificate}"
        )
    path = _written(DEPLOY / "pgbouncer.ini", folder / "pgbouncer.ini", changed)
    with running(["pgbouncer", str(path)], port, folder / "pgbouncer.log"):
        yield f"postgresql://domo_insights@127.0.0.1:{port}/postgres"


@contextmanager
def nginx(folder: Path, port: int, apps: tuple[int, int]) -> Iterator[None]:
    """The proxy of deploy/nginx.conf."""
    certificate, key = certify(folder)
    changed = {
        "worker_processes auto;": f"daemon off; worker_processes 1; pid {folder}/nginx.pid;\n"
        f"error_log {folder}/nginx.err;" + (" user root;" if os.geteuid() == 0 else ""),
        "http {": "http {\n"
        + "".join(
            f"  {kind}_temp_path {folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        ),
        "server 127.0.0.1:8501;": f"server 127.0.0.1:{apps[0]};",
        "server 127.0.0.1:8502;": f"server 127.0.0.1:{apps[1]};",
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;\n"
        "    add_header X-Served-By $upstream_addr always;",
        "/etc/ssl/insights.example.pem": str(certificate),
        "/etc/ssl/insights.example.key": str(key),
        "/var/log/nginx/domo-insights.log": str(folder / "access.log"),
    }
    path = _written(DEPLOY / "nginx.conf", folder / "nginx.conf", changed)
    command = ["nginx", "-e", str(folder / "nginx.err"), "-p", str(folder), "-c", str(path)]
    with running(command, port, folder / "nginx.out"):
        yield


def certify(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine that nobody but the tests believes, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    own = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(own), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / "site.pem", folder / "site.key"
    pem.write_bytes(certificate.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return pem, secret


def _written(example: Path, path: Path, changed: dict[str, str]) -> Path:
    text = example.read_text()
    for before, after in changed.items():
        assert before in text, f"{example.name} has no {before!r} any more"
        text = text.replace(before, after)
    path.write_text(text)
    return path
