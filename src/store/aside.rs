//! The thread that reports are made on. It and the threads of the connections that are opened on it get a processor only
//! where nobody else wants one: a month's report is a second of work, and no decision waits for a part of it.

use std::io;
use std::sync::{Arc, OnceLock};

use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;

use super::StoreError;

/// Shared by all clones; there is no thread before the first report.
#[derive(Clone, Debug, Default)]
pub struct Aside(Arc<OnceLock<Result<Thread, String>>>);

#[derive(Debug)]
struct Thread {
    runtime: tokio::runtime::Handle,
    /// The thread ends, and whatever runs on it, when this is gone.
    _alive: oneshot::Sender<()>,
}

impl Aside {
    /// Broken off with the future that waits for it.
    ///
    /// # Errors
    /// `Away` where there is no thread to be had.
    pub async fn make<T: Send + 'static>(
        &self,
        what: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let thread = self.0.get_or_init(|| start().map_err(|error| error.to_string()));
        let away = |why: String| StoreError::Away { why: format!("no thread for reports: {why}") };
        let thread = thread.as_ref().map_err(|why| away(why.clone()))?;
        let making = AbortOnDropHandle::new(thread.runtime.spawn(what));
        making.await.map_err(|error| away(error.to_string()))
    }
}

fn start() -> io::Result<Thread> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let (alive, ended) = oneshot::channel::<()>();
    std::thread::Builder::new().name("reports".into()).spawn(move || {
        if let Err(error) = stand_back() {
            tracing::warn!(%error, "reports are made at the same priority as calls");
        }
        // Nothing is ever sent: an error is what it waits for.
        let _ = runtime.block_on(ended);
        runtime.shutdown_background();
    })?;
    Ok(Thread { runtime: handle, _alive: alive })
}

/// Threads that are started from this one are behind all others too.
fn stand_back() -> io::Result<()> {
    // SAFETY: plain numbers, for which all zeroes are valid.
    let priority: libc::sched_param = unsafe { std::mem::zeroed() };
    // SAFETY: 0 is the calling thread; the kernel only reads `priority`.
    match unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const priority) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
