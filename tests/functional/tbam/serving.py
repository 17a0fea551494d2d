"""What `pathservice serve` finds when it starts, and what experimenters reach it with."""

import shutil
import ssl
from datetime import UTC, datetime
from pathlib import Path

from pathservice.pki.experimenters import init_slice_authority, issue_user
from tests.functional.pathservice.conftest import Serving
from tests.functional.tbam.conftest import AUTHORITY


def state_with(folder: Path, pki: Path, setting: str) -> Path:
    state = folder / "state"
    state.mkdir(mode=0o700)
    shutil.copytree(pki, state / "pki")
    (state / "settings.yaml").write_text(f"{setting}\n", encoding="utf-8")
    return state


def context(service: Serving, user: str) -> ssl.SSLContext:
    """With the user's own certificate, of an authority that the service trusts from then on."""
    pki = service.state / "pki"
    init_slice_authority(pki, AUTHORITY, now=datetime.now(UTC))
    files = issue_user(pki, user, now=datetime.now(UTC))
    made = ssl.create_default_context(cafile=str(pki / "ca.pem"))
    made.load_cert_chain(files.cert, files.key)
    return made
