//! The network between browsers and a centre: it can freeze, as where a radio link is lost, or refuse, as where nobody
//! listens. It also counts what goes over it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    Fine,
    /// What is sent arrives when it is fine again; nobody is told.
    Frozen,
    /// What was frozen is gone for good, without a word, and what is new goes through.
    Forgetful,
    /// Every connection ends at once.
    Refusing,
}

#[derive(Default)]
struct Counted {
    streams: AtomicUsize,
    asked: AtomicUsize,
    /// Streams alone do not come through.
    stopped: AtomicBool,
}

/// Connections end with it.
pub struct Wire {
    pub base: String,
    weather: watch::Sender<Weather>,
    counted: Arc<Counted>,
}

const STREAM: &[u8] = b"GET /live";

impl Wire {
    pub async fn to(address: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let (weather, seen) = watch::channel(Weather::Fine);
        let counted = Arc::new(Counted::default());
        let (counting, address) = (counted.clone(), address.to_owned());
        tokio::spawn(async move {
            let mut ended = seen.clone();
            let taking = async {
                loop {
                    let Ok((from, _)) = listener.accept().await else { continue };
                    tokio::spawn(carry(from, address.clone(), seen.clone(), counting.clone()));
                }
            };
            tokio::select! {
                () = taking => {}
                () = async { while ended.changed().await.is_ok() {} } => {}
            }
        });
        Self { base, weather, counted }
    }

    pub fn turns(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// Whether streams come through, which were not open before.
    pub fn lets_streams(&self, through: bool) {
        self.counted.stopped.store(!through, Ordering::SeqCst);
    }

    /// Open at this moment.
    pub fn streams(&self) -> usize {
        self.counted.streams.load(Ordering::SeqCst)
    }

    /// Asked for since the beginning, whatever came of it.
    pub fn streams_asked(&self) -> usize {
        self.counted.asked.load(Ordering::SeqCst)
    }
}

async fn carry(from: TcpStream, address: String, weather: watch::Receiver<Weather>, counted: Arc<Counted>) {
    let mut streams = false;
    let carried = both(from, &address, weather, &counted, &mut streams);
    carried.await;
    if streams {
        counted.streams.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn both(
    mut from: TcpStream,
    address: &str,
    mut weather: watch::Receiver<Weather>,
    counted: &Counted,
    streams: &mut bool,
) {
    let Ok(mut to) = TcpStream::connect(address).await else { return };
    let (mut up, mut down) = (vec![0; 16 << 10], vec![0; 16 << 10]);
    let mut froze = false;
    loop {
        let now = *weather.borrow_and_update();
        froze |= now == Weather::Frozen;
        if froze && now == Weather::Forgetful {
            // Nothing comes through any more, until the browser itself gives it up; what was idle is closed.
            while *streams && matches!(from.read(&mut up).await, Ok(1..)) {}
            return;
        }
        if now == Weather::Refusing {
            // What a browser asks meanwhile counts as asked.
            let read = tokio::time::timeout(std::time::Duration::from_millis(200), from.read(&mut up)).await;
            if let Ok(Ok(n)) = read
                && up[..n].starts_with(STREAM)
            {
                counted.asked.fetch_add(1, Ordering::SeqCst);
            }
            return;
        }
        if now == Weather::Frozen {
            if weather.changed().await.is_err() {
                return;
            }
            continue;
        }
        tokio::select! {
            read = from.read(&mut up) => {
                let Ok(n @ 1..) = read else { return };
                note(&up[..n], counted, streams);
                if *streams && counted.stopped.load(Ordering::SeqCst) { return }
                if to.write_all(&up[..n]).await.is_err() { return }
            }
            read = to.read(&mut down) => {
                let Ok(n @ 1..) = read else { return };
                if from.write_all(&down[..n]).await.is_err() { return }
            }
            changed = weather.changed() => if changed.is_err() { return },
        }
    }
}

/// A request begins with a packet: browsers send one at a time.
fn note(sent: &[u8], counted: &Counted, streams: &mut bool) {
    let is_stream = sent.starts_with(STREAM);
    if is_stream {
        counted.asked.fetch_add(1, Ordering::SeqCst);
    }
    if is_stream && !*streams {
        counted.streams.fetch_add(1, Ordering::SeqCst);
    }
    if *streams && !is_stream && (sent.starts_with(b"GET /") || sent.starts_with(b"POST /")) {
        counted.streams.fetch_sub(1, Ordering::SeqCst);
    }
    if sent.starts_with(b"GET /") || sent.starts_with(b"POST /") {
        *streams = is_stream;
    }
}
