#!/bin/bash
# Train on one machine with several processes of the same number of GPUs each:
#
#     PROCESSES=2 GPUS=4 examples/clusters/workstation.sh --config=configs/teacher.py
#
# This is for a rehearsal of a cluster, or to set processes to CPU sockets; otherwise
# plain `python train.py` uses all GPUs from one process.  GPUS=0 runs on the CPU.
# Everything after the script's name goes to train.py.
set -uo pipefail
PROCESSES=${PROCESSES:-2}
GPUS=${GPUS:-2}
PORT=${PORT:-29417}

started=()
# A signal to this script is one to the processes; one of them would be enough.
trap 'kill -TERM "${started[@]}" 2>/dev/null' TERM INT
for ((i = 0; i < PROCESSES; i++)); do
    if ((GPUS > 0)); then
        first=$((i * GPUS))
        devices=$(seq -s, "$first" $((first + GPUS - 1)))
        export CUDA_VISIBLE_DEVICES=$devices
    else
        export JAX_PLATFORMS=cpu
    fi
    python train.py "$@" --coordinator="localhost:$PORT" \
        --processes="$PROCESSES" --process_id="$i" &
    started+=($!)
done

status=0
for process in "${started[@]}"; do
    wait "$process"
    code=$?
    # A trapped signal interrupts `wait`: the process is still saving.
    while kill -0 "$process" 2>/dev/null; do
        wait "$process"
        code=$?
    done
    ((code > status)) && status=$code
done
exit "$status"
