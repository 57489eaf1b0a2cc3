"""What proves something once: noted when it did, so that nobody shows it again."""

from __future__ import annotations

import hashlib
from datetime import datetime

from core.accounts.proof_models import SpentProof
from core.database import execute, new_id, now
from core.tasks import periodic, task


async def spend(proof: str | bytes, expires_at: datetime) -> bool:
    """Note that this was used; False where it was before. `expires_at` is when it is no good any more by itself."""
    digest = hashlib.sha256(proof.encode() if isinstance(proof, str) else proof).hexdigest()
    added = await execute(
        "INSERT INTO core_spent_proof (id, hash, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        new_id(),
        digest,
        expires_at,
    )
    return bool(added)


@periodic(seconds=3600)
@task
async def forget_spent_proofs() -> None:
    """What ran out proves nothing anyway."""
    await SpentProof.filter(expires_at__lt=now()).delete()
