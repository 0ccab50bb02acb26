# shellcheck shell=bash
# The centre that ops/demo and ops/bench run: its configuration, and how Cordboard is started and told things. All that
# depends on Cordboard's own interface is here. Sourced after ops/parts.sh.

# http METHOD PATH [JSON]: one request, by bash itself, so that a rehearsal needs no package. Prints the answer as it
# comes; fails on any status but 2xx.
http() {
    local status header body=${3:-}
    exec 3<>"/dev/tcp/${cordboard_web%:*}/${cordboard_web##*:}" || return 1
    printf '%s %s HTTP/1.0\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s' \
        "$1" "$2" "$cordboard_web" "$(printf %s "$body" | wc -c)" "$body" >&3
    read -r _ status _ <&3 || return 1
    while read -r header <&3 && [ "${header%$'\r'}" != "" ]; do :; done
    cat <&3
    exec 3>&-
    [ "${status:0:1}" = 2 ]
}

# ask METHOD PATH [JSON]: the same about the centre.
ask() { http "$1" "/api/v1/centres/$cordboard_centre$2" "${3:-}"; }

# start_cordboard PROGRAM DIR WEB DIRECTORY [LOG-FILTER]: writes a configuration into DIR, starts Cordboard with the centre
# in DIRECTORY on it (named after it), its interface at WEB (host:port), and waits until the switch is in reach. The switch is the one
# that start_asterisk started; with `rehearsal=1` the one in memory.
start_cordboard() {
    local program=$1 dir=$2 i
    cordboard_web=$3 cordboard_centre=${4##*/}
    mkdir -p "$dir"
    {
        printf 'data: %s/data\nweb: { address: "%s" }\n' "$dir" "$cordboard_web"
        printf 'logging: { filter: "%s", format: text }\n' "${5:-info}"
        printf 'centres:\n  %s: { directory: %s }\nswitches:\n  pbx:\n' "$cordboard_centre" "$PWD/$4"
        if [ -n "${rehearsal:-}" ]; then
            printf '    rehearsal: {}\n'
        else
            printf '    asterisk:\n      ami: "127.0.0.1:%s"\n      user: cordboard\n      secret_env: CORDBOARD_AMI_SECRET\n' \
                "$CORDBOARD_AMI_PORT"
            printf '      sounds: { here: "%s", switch: "%s" }\n' "$CORDBOARD_SOUNDS_HERE" "$CORDBOARD_SOUNDS_ON_SWITCH"
        fi
    } >"$dir/cordboard.yaml"
    export CORDBOARD_AMI_SECRET
    spawn "$dir/cordboard.log" "$program" serve --config "$dir/cordboard.yaml" ${rehearsal:+--traffic}
    cordboard_pid=$spawned
    for ((i = 0; i < 150; i++)); do
        if { ask GET /floor; } 2>/dev/null | grep -q '"up":true'; then return 0; fi
        if ! kill -0 "$cordboard_pid" 2>/dev/null; then break; fi
        sleep 0.2
    done
    say "Cordboard did not come up; the end of $dir/cordboard.log:"
    tail -n 20 "$dir/cordboard.log" >&2
    return 1
}

# log_in QUEUES SKILLS AGENT...: each at the phone of the same name. QUEUES and SKILLS are JSON.
log_in() {
    local queues=$1 skills=$2 agent
    shift 2
    for agent in "$@"; do
        ask PUT "/agents/$agent/session" \
            "{\"station\":\"PJSIP/$agent\",\"switch\":\"pbx\",\"queues\":$queues,\"skills\":$skills}" >/dev/null
    done
}

# What happens, call by call, until interrupted: a line for each fact about a call.
show_calls() {
    local at call words
    ask GET /events |
        sed --unbuffered -nE 's/^data: .*"at_ms":([0-9]+),"words":"(([^"\\]|\\.)*)".*"call":"[^"]*-0*([0-9]+)".*/\1 \4 \2/p' |
        while read -r at call words; do printf '%(%H:%M:%S)T  call %-5s %s\n' $((at / 1000)) "$call" "$words"; done
}
