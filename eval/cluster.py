"""Batches of cells on a Ray cluster: the same rows, and a lost worker's batch is run again."""

import os
import socket
from collections.abc import Iterator, Sequence
from typing import Any

from genvc.errors import BadInput, GenvcError

from .cell import Cell, run_cells

__all__ = ["run_on_ray"]

RETRIES = 5
# Seconds that a cluster may take to answer the door.
PATIENCE = 10.0
GCS_PORT, CLIENT_PORT = 6379, 10001
# What a worker must know of this machine's setup, wherever it runs.
_VARIABLES = ("GENVC_DATA", "GENVC_ANCHORS", "GENVC_CACHE", "TORCH_HOME", "PYTHONPATH")


def run_on_ray(
    batches: Sequence[Sequence[Cell]], address: str, threads: int
) -> Iterator[list[dict[str, Any]]]:
    """The rows of each batch, in the order in which they are done.

    address: of a running cluster (HOST, "HOST:6379", "ray://HOST:10001"), or "" to start one here. Workers
    read the clips and write the cache under the same paths, so both lie on a shared disk. Raises BadInput
    when Ray is not installed or not there.
    """
    try:
        import ray
    except ImportError as error:
        raise BadInput("--engine ray needs the package ray: pip install 'genvc[ray]'") from error
    ours = not ray.is_initialized()
    if ours and address:
        address = _knock(address)
    try:
        if ours:
            environment = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
            start = {"address": address} if address else {"include_dashboard": False}
            ray.init(**start, log_to_driver=False, runtime_env={"env_vars": environment})
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise BadInput(f"no Ray cluster at '{address or 'this machine'}': {_line(error)}") from error
    try:
        task = ray.remote(num_cpus=threads, max_retries=RETRIES)(run_cells)
        waiting = {task.remote(list(batch)): batch for batch in batches}
        while waiting:
            done, _ = ray.wait(list(waiting), num_returns=1)
            batch = waiting.pop(done[0])
            try:
                yield ray.get(done[0])
            except ray.exceptions.RayError as error:
                yield [_failed(cell, error) for cell in batch]
    except ray.exceptions.RayError as error:
        raise GenvcError(f"the Ray cluster failed: {_line(error)}") from error
    finally:
        if ours:
            ray.shutdown()


def _knock(address: str) -> str:
    """The address with its port; raises BadInput when nothing listens there.

    Ray itself would go on trying for ten minutes.
    """
    scheme = "ray://" if address.startswith("ray://") else ""
    host, colon, port = address[len(scheme) :].rpartition(":")
    if not colon or port.endswith("]"):
        host, port = address[len(scheme) :], str(CLIENT_PORT if scheme else GCS_PORT)
    if not host or not port.isdigit() or int(port) > 65535:
        raise BadInput(f"no Ray cluster at '{address}': an address is HOST, HOST:PORT or ray://HOST:PORT")
    try:
        socket.create_connection((host.strip("[]"), int(port)), PATIENCE).close()
    except OSError as error:
        raise BadInput(f"no Ray cluster at '{address}': {error.strerror or error}") from error
    # Something else may listen there; that is enough for a cluster that lives. In Ray's attempts.
    os.environ.setdefault("RAY_gcs_server_port_wait_time_s", "2")
    return f"{scheme}{host}:{port}"


def _failed(cell: Cell, error: Exception) -> dict[str, Any]:
    head = {"clip": cell.clip.name, "codec": cell.codec, "setting": cell.setting}
    return {**head, "error": f"the Ray worker failed: {_line(error)}"}


def _line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
