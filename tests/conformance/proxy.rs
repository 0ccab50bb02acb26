//! A TCP proxy that can be cut, and that notes when words it was asked to look for went by in either direction.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// When something went by. `true`: from the switch.
pub type Passed = (Instant, bool, Vec<u8>);

/// A connection begun before the last cut is over, however soon the line was mended.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Line {
    open: bool,
    cuts: u64,
}

#[derive(Clone)]
pub struct Proxy {
    port: u16,
    line: Arc<watch::Sender<Line>>,
    /// `None`: nothing is noted.
    passed: Arc<Mutex<Option<Vec<Passed>>>>,
}

impl Proxy {
    pub async fn start(to: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("loopback has a free port");
        let port = listener.local_addr().expect("a bound socket has an address").port();
        let proxy =
            Self { port, line: Arc::new(watch::Sender::new(Line { open: true, cuts: 0 })), passed: Arc::default() };
        let (line, passed) = (Arc::downgrade(&proxy.line), Arc::downgrade(&proxy.passed));
        let mut gone = proxy.line.subscribe();
        tokio::spawn(async move {
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    Err(_) = gone.wait_for(|_| false) => return,
                };
                let (Ok((near, _)), Some(line), Some(passed)) = (accepted, line.upgrade(), passed.upgrade()) else {
                    return;
                };
                if line.borrow().open {
                    tokio::spawn(carry(near, to, line.subscribe(), passed));
                }
            }
        });
        proxy
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Every connection ends, and new ones end at once.
    pub fn cut(&self) {
        self.line.send_modify(|line| *line = Line { open: false, cuts: line.cuts + 1 });
    }

    pub fn mend(&self) {
        self.line.send_modify(|line| line.open = true);
    }

    pub fn note(&self) {
        *self.passed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Vec::new());
    }

    /// What went by since [`Self::note`], in order.
    pub fn noted(&self) -> Vec<Passed> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
    }
}

async fn carry(
    mut near: TcpStream,
    to: SocketAddr,
    mut line: watch::Receiver<Line>,
    passed: Arc<Mutex<Option<Vec<Passed>>>>,
) {
    let Ok(mut far) = TcpStream::connect(to).await else { return };
    near.set_nodelay(true).ok();
    far.set_nodelay(true).ok();
    let began = line.borrow().cuts;
    let (mut ours, mut theirs) = (vec![0; 65_536], vec![0; 65_536]);
    let note = |from_switch: bool, bytes: &[u8]| {
        if let Some(passed) = passed.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            passed.push((Instant::now(), from_switch, bytes.to_vec()));
        }
    };
    loop {
        tokio::select! {
            // Cut, or the proxy is gone.
            () = async { drop(line.wait_for(|line| line.cuts != began).await) } => return,
            read = far.read(&mut theirs) => match read {
                Ok(length @ 1..) => {
                    note(true, &theirs[..length]);
                    if near.write_all(&theirs[..length]).await.is_err() { return }
                }
                _ => return,
            },
            read = near.read(&mut ours) => match read {
                Ok(length @ 1..) => {
                    note(false, &ours[..length]);
                    if far.write_all(&ours[..length]).await.is_err() { return }
                }
                _ => return,
            },
        }
    }
}
