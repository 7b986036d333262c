#!/bin/bash
#SBATCH --job-name=corpus
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=32
#SBATCH --mem=80G
#SBATCH --time=12:00:00
#SBATCH --requeue
# sbatch docs/deploy/slurm.sh run CONFIG.yaml --input IN --output OUT
# OUT lies on the file system that the nodes share, or on a store.  A job that is requeued, or sent
# again, continues where it stopped.
set -euo pipefail
deploy="${CORPUS_DEPLOY:-docs/deploy}"
RAY_AUTH_TOKEN="$(python3 -c 'import secrets; print(secrets.token_hex(32))')"
export RAY_AUTH_TOKEN
export NODE_COUNT="$SLURM_JOB_NUM_NODES" NODE_CORES="$SLURM_CPUS_PER_TASK"
# A port of this job's own: two jobs may share a node.
export RAY_PORT="${RAY_PORT:-$((20000 + SLURM_JOB_ID % 10000))}"

if [ "$NODE_COUNT" -eq 1 ]; then
    export NODE_RANK=0 HEAD_IP="${HEAD_IP:-127.0.0.1}"
    exec bash "$deploy/cluster.sh" "$@"
fi
first="$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)"
HEAD_IP="$(getent ahostsv4 "$first" | awk 'NR == 1 {print $1}')"
export HEAD_IP
# shellcheck disable=SC2016  # the rank is each task's own
exec srun --export=ALL bash -c 'NODE_RANK="$SLURM_NODEID" exec bash "$0" "$@"' \
    "$deploy/cluster.sh" "$@"
