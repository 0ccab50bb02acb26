# shellcheck shell=bash
# Which Asterisk a command means: names, ports and places, all from the environment. Sourced by `up` and `down`.
# It starts nothing and stops nothing.
#
#   CORDBOARD_ASTERISK_ROOT   where the chroot is kept (/var/lib/cordboard/asterisk); `/` insists on the host's own
#   CORDBOARD_ASTERISK_NAME   instance name (main); instances with different names and ports run side by side
#   CORDBOARD_AMI_PORT        5038
#   CORDBOARD_AMIS_PORT       the same over TLS, with a certificate made for it; none unless given (needs openssl)
#   CORDBOARD_AMI_SECRET      of the accounts `cordboard` and `observer`; made up for each instance unless given
#   CORDBOARD_SIP_PORT        5070
#   CORDBOARD_RTP_START, _END 10000 14999
#   CORDBOARD_PHONE_PORT      6600: a1001..a1100 ring there, and a1101, a1102 .. a1200 at the 1st, 2nd .. port after it
#   CORDBOARD_QUEUE_MEMBERS   20: so many phones, from a1001 on, are in the switch's own queues, and all ring at one port
#
# `up` leaves all of these, and where things are, in the instance's own `instance.env` and prints its path.

INSTANCE=${CORDBOARD_ASTERISK_NAME:-main}
ROOT=${CORDBOARD_ASTERISK_ROOT:-}
if [ -z "$ROOT" ]; then
    if command -v asterisk >/dev/null; then ROOT=/; else ROOT=/var/lib/cordboard/asterisk; fi
fi
ROOT=${ROOT%/}   # empty for the host's own, so that "$ROOT/x" is right in both cases

[[ $INSTANCE =~ ^[a-z0-9][a-z0-9-]{0,30}$ ]] || {
    echo "asterisk: the instance name '$INSTANCE' may hold only a-z, 0-9 and -, at most 31" >&2
    exit 2
}

INSIDE=/var/lib/cordboard-asterisk/$INSTANCE   # as the switch names it
HERE=$ROOT$INSIDE                          # as we name it
PIDFILE=$HERE/run/asterisk.pid

in_root() { if [ -z "$ROOT" ]; then "$@"; else chroot "$ROOT" "$@"; fi; }

# The pid of this instance, if that process is an Asterisk started with this instance's configuration.
# A pid alone proves nothing: the number may belong to a stranger by now.
living_pid() {
    local pid
    pid=$(cat "$PIDFILE" 2>/dev/null) || return 1
    [[ $pid =~ ^[0-9]+$ ]] || return 1
    [ "$(readlink -f "/proc/$pid/root" 2>/dev/null)" = "$(readlink -f "${ROOT:-/}")" ] || return 1
    tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -- "-C $INSIDE/etc/asterisk.conf" || return 1
    echo "$pid"
}
