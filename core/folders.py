"""Where the server itself lies."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROOT_CONFIG = ROOT / "config.toml"
