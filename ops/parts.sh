# shellcheck shell=bash
# What ops/test, ops/demo and ops/bench share: packages, a PostgreSQL of one's own, stages with their times, and an
# end that leaves nothing running. Sourced; the caller has `set -euo pipefail`.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { echo "$*" >&2; }

# --- ending -----------------------------------------------------------------------------------------------------
# Commands to run at the end, last first, whether it ended well, failed, or was interrupted.
endings=()
at_end() { endings+=("$*"); }
child=

end() {
    local status=$? n
    trap - EXIT
    trap '' INT TERM
    if [ "$status" != 0 ] && [ -n "$in_stage" ]; then say "== $in_stage FAILED"; fi
    if [ -n "$child" ]; then
        kill -TERM -- "-$child" 2>/dev/null || true
        wait "$child" 2>/dev/null || true
    fi
    for ((n = ${#endings[@]} - 1; n >= 0; n--)); do eval "${endings[n]}" || true; done
    exit "$status"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Runs a long command in a process group of its own, so that an interruption ends it and all it started at once
# (in the foreground bash would first wait for it).
run() {
    local status=0
    set -m
    "$@" </dev/null &
    child=$!
    set +m
    wait "$child" || status=$?
    child=
    return "$status"
}

# spawn LOG COMMAND...: a process beside us, in a group of its own, ended with us. Sets `spawned` to its id.
spawn() {
    local log=$1
    shift
    set -m
    "$@" </dev/null >>"$log" 2>&1 &
    spawned=$!
    set +m
    at_end "end_group $spawned"
}

# Asks a group that we started to end, and ends it after two seconds.
end_group() {
    local tries
    kill -TERM -- "-$1" 2>/dev/null || return 0
    for ((tries = 0; tries < 20; tries++)); do
        kill -0 -- "-$1" 2>/dev/null || break
        sleep 0.1
    done
    kill -KILL -- "-$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

# --- stages -----------------------------------------------------------------------------------------------------
stages=()
in_stage=
# stage NAME COMMAND...: the command is no part of a condition, so that `set -e` holds inside it.
stage() {
    local name=$1 began=$EPOCHREALTIME
    shift
    in_stage=$name
    say "== $name"
    "$@"
    in_stage=
    stages+=("$(printf '%8s s  %s' "$(seconds_since "$began")" "$name")")
}
seconds_since() { awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f", to - from }'; }

# --- packages ---------------------------------------------------------------------------------------------------
# Installs those that are missing. Services that packages bring are not started: we start our own, on ports of our own.
need_packages() {
    local missing=() name policy=/usr/sbin/policy-rc.d ours=
    for name in "$@"; do
        # npm comes with other packages of Node.js than Debian's too, and Debian's does not stand beside those.
        if [ "$name" = npm ] && command -v npm >/dev/null; then continue; fi
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null || true)" = installed ] || missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ]; then
        say "missing packages, and only root can install them: apt-get install ${missing[*]}"
        return 1
    fi
    say "   installing ${missing[*]}"
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod +x "$policy"
        ours=1
    fi
    local apt=(apt-get -qq -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3) status=0
    { run "${apt[@]}" update && DEBIAN_FRONTEND=noninteractive run "${apt[@]}" install -y --no-install-recommends \
        "${missing[@]}" >/dev/null; } || status=$?
    [ -z "$ours" ] || rm -f "$policy"
    return "$status"
}

# --- PostgreSQL -------------------------------------------------------------------------------------------------
as_postgres() { if [ "$(id -u)" = 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi; }

# A server of our own in directory $1, on a free port of 127.0.0.1. Sets CORDBOARD_TEST_POSTGRES, the URL of its
# first database. Nothing of an installed server is touched.
start_postgres() {
    local dir=$1/postgres bin port password tries
    bin=$(for bin in /usr/lib/postgresql/*/bin; do echo "$bin"; done | sort -V | tail -n 1)
    [ -x "$bin/initdb" ] || { say "no initdb under /usr/lib/postgresql"; return 1; }
    password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    mkdir "$dir"
    echo "$password" >"$dir/password"
    if [ "$(id -u)" = 0 ]; then chown -R postgres "$dir"; fi
    as_postgres "$bin/initdb" -D "$dir/data" -U postgres --auth=scram-sha-256 --pwfile="$dir/password" \
        --encoding=UTF8 --locale=C.UTF-8 --no-sync >"$1/initdb.log" || { cat "$1/initdb.log" >&2; return 1; }
    at_end "stop_postgres '$bin' '$dir'"
    for ((tries = 0; tries < 20; tries++)); do
        port=$((20000 + RANDOM % 10000))   # below what Linux hands out by itself
        if as_postgres "$bin/pg_ctl" -D "$dir/data" -w -l "$dir/log" -o "-c listen_addresses=127.0.0.1 -p $port \
            -c unix_socket_directories='$dir' -c max_connections=200 -c fsync=off" start >/dev/null; then
            CORDBOARD_TEST_POSTGRES=postgres://postgres:$password@127.0.0.1:$port/postgres
            export CORDBOARD_TEST_POSTGRES
            return 0
        fi
        grep -q 'Address already in use' "$dir/log" || break
    done
    cat "$dir/log" >&2
    return 1
}

stop_postgres() {   # stop_postgres BIN DIR
    local pid
    pid=$(head -n 1 "$2/data/postmaster.pid" 2>/dev/null) || return 0
    as_postgres "$1/pg_ctl" -D "$2/data" -m immediate -t 10 stop >/dev/null || kill -KILL "$pid"
}

# --- Asterisk ---------------------------------------------------------------------------------------------------
# The instance that the CORDBOARD_... variables name (see ops/asterisk/instance.sh), stopped at the end. Sets what its
# instance.env says.
start_asterisk() {
    local settings
    at_end "'$repository/ops/asterisk/down'"
    settings=$("$repository/ops/asterisk/up")
    # shellcheck disable=SC1090
    . "$settings"
}

# Stops the switches of tests that were killed. One whose slot is still held belongs to somebody who is running.
stop_test_switches() {
    local claim
    for claim in "${TMPDIR:-/tmp}"/cordboard-live-slots/*; do
        [ -e "$claim" ] || continue
        CORDBOARD_ASTERISK_NAME=test-${claim##*/} flock -n "$claim" "$repository/ops/asterisk/down" --forget || true
    done
}
