"""Joins this process to the others of a run, by flags or by the cluster's own word."""

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path

import jax

from lled_jax.errors import InputError

# How long an ended process waits for the others.  A run ends in all of them at once
# (`sharding.wait_for_all`), so one that waits longer has failed alone.
SHUTDOWN_SECONDS = 30
ALONE = "--processes=1 trains in this process alone"


def initialise(
    coordinator: str | None = None,
    processes: int | None = None,
    process_id: int | None = None,
) -> None:
    """Join the processes of a run; call before JAX computes anything.

    Given all three (`coordinator` is the host:port of process 0), joins those.  Given
    none, joins what SLURM, Open MPI, Kubernetes or a Cloud TPU says this process is
    part of, and does nothing where there is no such thing.  One process needs no
    coordinator, whatever the cluster says.

    Raises:
        InputError: some flags without the others, a wrong value, or a cluster that
            cannot be joined.
    """
    if processes == 1 and coordinator is None and not process_id:
        return
    _check(coordinator, processes, process_id)
    cluster = None if processes else find_cluster(os.environ)
    if not processes and cluster is None:
        return
    # JAX would catch SIGTERM for itself, also while there is nothing to save yet; the
    # train loop has its own way to stop all processes at the same step.
    jax.config.update("jax_enable_preemption_service", False)
    try:
        jax.distributed.initialize(
            coordinator,
            processes,
            process_id,
            # What the flags say is not to be mixed with what the cluster says.
            cluster_detection_method="deactivate" if processes else None,
            shutdown_timeout_seconds=SHUTDOWN_SECONDS,
        )
    except (RuntimeError, ValueError, OSError) as error:
        where = coordinator or f"the processes that {cluster} started"
        raise InputError(
            f"cannot join {where}: {' '.join(str(error).split())[:300]}; give "
            f"--coordinator, --processes and --process_id ({ALONE})"
        ) from error


def find_cluster(environment: Mapping[str, str]) -> str | None:
    """The kind of cluster that started this process as one of several, if any.

    A cluster's own variables also stand where a single process runs (an interactive
    shell of SLURM, a pod of its own): those count as none.
    """
    if _many(environment, "SLURM_STEP_NUM_TASKS") and "SLURM_PROCID" in environment:
        return "SLURM"
    if _many(environment, "OMPI_COMM_WORLD_SIZE"):
        if "OMPI_MCA_orte_hnp_uri" not in environment:
            raise InputError(
                "Open MPI 5 does not say where process 0 is; give --coordinator "
                "host:port --processes $OMPI_COMM_WORLD_SIZE --process_id "
                "$OMPI_COMM_WORLD_RANK"
            )
        return "Open MPI"
    if _cloud_tpu(environment):
        return "Cloud TPU"
    # Only an indexed Job has processes that know their number; and to ask for their
    # count needs a package that nobody has by chance.
    indexed = {"KUBERNETES_SERVICE_HOST", "JOB_COMPLETION_INDEX"} <= environment.keys()
    return "Kubernetes" if indexed and _installed("kubernetes") else None


def _check(
    coordinator: str | None, processes: int | None, process_id: int | None
) -> None:
    given = {
        "--coordinator": coordinator,
        "--processes": processes,
        "--process_id": process_id,
    }
    missing = [name for name, value in given.items() if value is None]
    if len(missing) == len(given):
        return
    if missing:
        raise InputError(
            f"{' and '.join(missing)} missing; give --coordinator, --processes and "
            f"--process_id together ({ALONE})"
        )
    assert coordinator is not None
    assert processes is not None
    assert process_id is not None
    host, _, port = coordinator.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise InputError(
            f"--coordinator {coordinator!r} must be host:port of process 0, the same "
            "in every process"
        )
    if not 0 <= process_id < processes:
        raise InputError(
            f"--process_id {process_id} of --processes {processes}: count the "
            "processes from 0"
        )


def _many(environment: Mapping[str, str], name: str) -> bool:
    count = environment.get(name, "")
    return count.isdecimal() and int(count) > 1


def _cloud_tpu(environment: Mapping[str, str]) -> bool:
    """Whether this is a host of a TPU pod, or of one that may be one."""
    if not _installed("libtpu"):
        return False
    if "MEGASCALE_COORDINATOR_ADDRESS" in environment:
        return True
    hosts = environment.get("TPU_WORKER_HOSTNAMES")  # GKE says it, a TPU VM does not
    if hosts is not None:
        return "," in hosts
    found = any(Path("/dev").glob("accel[0-9]*")) or Path("/dev/vfio/0").exists()
    return found and "TPU_SKIP_MDS_QUERY" not in environment


def _installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None
