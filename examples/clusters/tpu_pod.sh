#!/bin/bash
# Train on all hosts of a Cloud TPU slice that exists, from your own machine:
#
#     TPU=my-slice ZONE=europe-west4-b examples/clusters/tpu_pod.sh
#
# REMOTE is this checkout on every host, with its train extra and 'jax[tpu]' installed;
# SHARED is a folder that all hosts mount (Filestore, or a bucket by gcsfuse).
# train.py asks the TPU for the other hosts, so there are no addresses here.
set -euo pipefail
: "${TPU:?name of the TPU slice}" "${ZONE:?its zone}"
REMOTE=${REMOTE:-lled_jax}
SHARED=${SHARED:-/mnt/shared}

# One batch row for each core at least: 32 does for slices of up to 32 cores.
exec gcloud compute tpus tpu-vm ssh "$TPU" --zone="$ZONE" --worker=all --command="
    cd $REMOTE && python3 train.py --config=configs/teacher.py \
        --config.data.root=$SHARED/LOL --config.data.batch=32 \
        --config.dtype=bfloat16 --workdir=$SHARED/runs/teacher"
