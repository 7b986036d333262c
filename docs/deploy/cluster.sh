#!/bin/bash
# One node's part of a Ray cluster that lives as long as one command; the same call on every node:
#   NODE_RANK=0 NODE_COUNT=2 HEAD_IP=192.0.2.1 bash cluster.sh run CONFIG.yaml --input IN --output OUT
# Rank 0 is the head and runs `corpus-pipeline`; the others work until it ends.
# RAY_AUTH_TOKEN, the same on every node, keeps all others out.
set -euo pipefail
: "${NODE_RANK:?}" "${NODE_COUNT:?}" "${HEAD_IP:?}" "${RAY_AUTH_TOKEN:?}"
port="${RAY_PORT:-6379}"
cores="${NODE_CORES:-$(nproc)}"
export RAY_AUTH_MODE=token RAY_USAGE_STATS_ENABLED=0
# Sockets of Ray lie here: a short name, on a disk of the node.
RAY_TMPDIR="$(mktemp -d "${TMPDIR:-/tmp}/rXXXXXX")"
export RAY_TMPDIR
start=(ray start --block --num-cpus="$cores" --object-store-memory=200000000)

if [ "$NODE_RANK" -ne 0 ]; then
    trap 'rm -rf "$RAY_TMPDIR"' EXIT
    until (exec 3<> "/dev/tcp/$HEAD_IP/$port") 2> "$RAY_TMPDIR/wait"; do sleep 1; done
    "${start[@]}" --address="$HEAD_IP:$port" || true  # it ends with the head
    exit 0
fi

setsid "${start[@]}" --head --node-ip-address="$HEAD_IP" --port="$port" \
    --include-dashboard=false > "$RAY_TMPDIR/head.log" 2>&1 &
head=$!
# Only what was started here: `ray stop` would end other clusters of the same user.
trap 'kill -TERM -- "-$head" 2> /dev/null || true; wait "$head" || true; rm -rf "$RAY_TMPDIR"' EXIT
for _ in $(seq 120); do
    if (exec 3<> "/dev/tcp/$HEAD_IP/$port") 2> "$RAY_TMPDIR/wait"; then break; fi
    kill -0 "$head" 2> /dev/null || { cat "$RAY_TMPDIR/head.log" >&2; exit 1; }
    sleep 0.5
done
corpus-pipeline "$@" --engine ray --address "$HEAD_IP:$port"
