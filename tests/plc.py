"""A real OPC UA server of one's own, in a thread and an event loop of its own: written to, stopped and started again by tests."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncua.ua
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.server import Server
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.ports import free_port

ua: Any = asyncua.ua
START = datetime(2025, 3, 4, 6, tzinfo=UTC)
PASSWORD = "copper"  # noqa: S105 - of a server that lives as long as a test
TYPES = {"board": ua.VariantType.String}


class _Users:
    def get_user(self, iserver: Any, username: str | None = None, password: str | None = None, certificate: Any = None) -> User | None:
        known = username == "spc" and password in (PASSWORD, PASSWORD.encode())
        return User(role=UserRole.User) if known else None


class Plc:
    """A server with a variable for each name; `url` is its address, the same after it was started again."""

    def __init__(self, names: Sequence[str], *, secure: Path | None = None) -> None:
        logging.getLogger("asyncua").setLevel(logging.CRITICAL)
        self.url = f"opc.tcp://127.0.0.1:{free_port()}/plant/"
        self.names, self._secure, self._made = tuple(names), secure, 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.do(self._make())
        self.fresh()
        self.start()

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def start(self) -> None:
        """Starts it, or starts it again, with the values that it had."""
        self.do(self._server.start())

    async def _make(self) -> None:
        self._server = Server(user_manager=_Users() if self._secure else None)  # type: ignore[arg-type]
        await self._server.init()
        self._server.set_endpoint(self.url)
        await self._server.set_application_uri("urn:spc:tests:plc")
        if self._secure is not None:
            self._server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
            await self._server.load_certificate(str(self._secure / "plc.der"))
            await self._server.load_private_key(str(self._secure / "plc.pem"))
        await self._server.register_namespace("urn:spc:tests")

    def fresh(self) -> None:
        """Other variables under the same names, each with a value of another hour."""
        self._made += 1
        self.nodes = {name: f"ns=2;s=Line{self._made}.{name}" for name in self.names}
        self.do(self._fresh())

    async def _fresh(self) -> None:
        self._variables = {}
        for j, name in enumerate(self.names):
            kind = TYPES.get(name, ua.VariantType.Double)
            first = "" if name == "board" else 0.0
            node = ua.NodeId(f"Line{self._made}.{name}", 2)
            self._variables[name] = await self._server.nodes.objects.add_variable(node, name, first, kind)
            await self._write(-3600 * (j + 1), {name: first}, 0, {})

    def write(self, k: int, values: dict[str, Any], status: int = 0, by_ms: dict[str, float] | None = None) -> None:
        """Writes values with the source time of second k, and a status; `by_ms` moves some times."""
        self.do(self._write(k, values, status, by_ms or {}))

    async def _write(self, k: float, values: dict[str, Any], status: int, by_ms: dict[str, float]) -> None:
        for name, value in values.items():
            at = START + timedelta(seconds=k, milliseconds=by_ms.get(name, 0.0))
            kind = TYPES.get(name, ua.VariantType.Double)
            plain = at.replace(tzinfo=None)
            given = ua.DataValue(ua.Variant(value, kind), ua.StatusCode(ua.UInt32(status)), SourceTimestamp=plain, ServerTimestamp=plain)
            await self._variables[name].write_value(given)

    def many(self, first: int, last: int, step_s: float = 0.05) -> None:
        """Rows first … last, one after the other, as fast as it goes."""

        async def work() -> None:
            for k in range(first, last + 1):
                await self._write(k * step_s, dict.fromkeys(self.names, 1.5), 0, {})
                await asyncio.sleep(0)

        self.do(work())

    def stop(self) -> None:
        self.do(self._server.stop())

    async def _rest(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for one in others:
            one.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def close(self) -> None:
        self.do(self._rest())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()


async def _certificates(folder: Path) -> None:
    for name, use in (("plc", ExtendedKeyUsageOID.SERVER_AUTH), ("spc", ExtendedKeyUsageOID.CLIENT_AUTH)):
        key, certificate = folder / f"{name}.pem", folder / f"{name}.der"
        await setup_self_signed_certificate(key, certificate, f"urn:spc:tests:{name}", "127.0.0.1", [use], {"organizationName": "tests"})


def certificates(folder: Path) -> Path:
    """Self-signed certificates with their keys, of the server (plc) and of the client (spc), in a folder."""
    asyncio.run(_certificates(folder))
    return folder
