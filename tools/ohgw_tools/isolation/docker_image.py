"""The image that containers start from: an empty root, made here, from no registry.

Everything that a program needs is mounted read-only from the host (/usr, the interpreter), as in
bubblewrap, so that both sandboxes show a program the same system and give the same verdict. What
remains for the image are mount points, the top-level links of the host, and a few lines of /etc.
"""

from __future__ import annotations

import io
import tarfile
import threading
from typing import TYPE_CHECKING

from ohgw_tools.isolation.mounted_prefix import ETC, SYSTEM, system_links
from ohgw_tools.isolation.program_environment import WORK_DIRECTORY
from ohgw_tools.isolation.sandbox_user import FIRST, LAST
from ohgw_tools.tree import sha256

if TYPE_CHECKING:
    from docker import DockerClient

REPOSITORY = "ohgw-sandbox"
_lock = threading.Lock()


def ensure(client: DockerClient) -> str:
    """Return the image's name, making it first if the engine does not have it.

    The tag is a digest of its content, so that a change of the host's layout makes another image.
    Raises docker.errors.APIError if the engine refuses.
    """
    from docker.errors import ImageNotFound

    content = archive()
    name = f"{REPOSITORY}:{sha256(content)[:16]}"
    with _lock:
        try:
            client.images.get(name)
        except ImageNotFound:
            repository, _, tag = name.partition(":")
            client.api.import_image_from_data(content, repository=repository, tag=tag)
    return name


def archive() -> bytes:
    """Return the root file system as a tar archive, the same bytes for the same host layout."""
    buffer = io.BytesIO()
    links, real = system_links()
    directories = ["proc", "sys", "dev", "tmp", "etc", WORK_DIRECTORY, SYSTEM, *real]
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in directories:
            # The engine gives a file system in memory the mode of the directory under it.
            _add(tar, path, tarfile.DIRTYPE, mode=0o1777 if path == "tmp" else 0o755)
        for path, target in links.items():
            _add(tar, path, tarfile.SYMTYPE, target=target)
        for path, text in _accounts().items():
            _add(tar, path, tarfile.REGTYPE, text.encode())
        for path in ETC:
            if path.endswith("alternatives"):
                _add(tar, path, tarfile.DIRTYPE, mode=0o755)
            else:
                _add(tar, path, tarfile.REGTYPE)
    return buffer.getvalue()


def _accounts() -> dict[str, str]:
    """Every throw-away user is called sandbox: which one a run gets is not known beforehand."""
    numbers = range(FIRST, LAST + 1)
    people = "".join(f"sandbox:x:{n}:{n}::{WORK_DIRECTORY}:/bin/sh\n" for n in numbers)
    return {"etc/passwd": people, "etc/group": "".join(f"sandbox:x:{n}:\n" for n in numbers)}


def _add(
    tar: tarfile.TarFile,
    path: str,
    kind: bytes,
    content: bytes = b"",
    *,
    target: str = "",
    mode: int = 0o644,
) -> None:
    entry = tarfile.TarInfo(path.lstrip("/"))
    entry.type = kind
    entry.mode = mode
    entry.linkname = target
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))
