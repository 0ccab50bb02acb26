# shellcheck shell=bash
# The centre that ops/demo and ops/bench run: its configuration, and how Cordboard is started and told things. All that
# depends on Cordboard's own interface is here. Sourced after ops/parts.sh.

# start_cordboard PROGRAM DIR WEB: writes a centre into DIR, starts Cordboard on it with its pages at WEB (host:port),
# and waits until it is well. The switch is the one that start_asterisk started; with `rehearsal=1` the one in memory.
start_cordboard() {
    say "this Cordboard has no \`serve\` yet"
    return 1
}

# log_in AGENT...: each at the phone of the same name.
log_in() { return 1; }

# What happens, call by call, until interrupted.
show_calls() { return 1; }
