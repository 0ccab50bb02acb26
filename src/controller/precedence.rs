//! The loop's precedence over everything else on the machine: where it may, its thread takes a processor from pages, reports,
//! the database's server and the switch's own work as soon as there is something to decide. It needs one for a tenth of a
//! millisecond at a time, and a caller waits for each of them.

/// As far before others as a program goes that is not to stop the machine; of a range from -20 to 19.
const NICE: libc::c_int = -10;

/// For the calling thread. Without the right to (root, `CAP_SYS_NICE`, `LimitNICE=` of systemd) it stays as it is, which is
/// slower by a few milliseconds while the machine is busy, and no mistake.
pub(super) fn take() {
    // SAFETY: plain numbers; on Linux 0 is the calling thread.
    if unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, NICE) } != 0 {
        let error = std::io::Error::last_os_error();
        tracing::info!(%error, "the controller may not go before others (LimitNICE=-10 in its systemd unit would let it)");
    }
}
