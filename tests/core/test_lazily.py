"""What a server of the plainest kind does not need is not in its memory."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("redis", "huey", "asyncpg", "obstore", "webauthn", "OpenSSL", "authlib", "joserfc", "segno", "PIL")
SAYS = f"import sys, core.serve; print([name for name in {HEAVY} if name in sys.modules])"


def test_a_server_with_nothing_beside_it_loads_nothing_for_redis_s3_or_passkeys() -> None:
    said = subprocess.run([sys.executable, "-c", SAYS], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
