//! One delivery over HTTP/1.1: the address that is connected to is the one that was looked at, no redirect is followed,
//! and nothing of the answer but its status is taken to heart.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response, header};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::address::{Address, Reachable};
use super::letter::Letter;

/// To one of a name's addresses.
const LONGEST_CONNECT: Duration = Duration::from_secs(4);
/// Addresses of one name that are tried.
const MOST_ADDRESSES: usize = 3;
/// A connection is kept for the next delivery this long, and then made anew: names move.
const KEEP_FOR: Duration = Duration::from_secs(120);
/// Of an answer this much is read, so that its connection can be kept. A longer one ends it.
const MOST_READ: usize = 16 << 10;
/// The head of an answer.
const LARGEST_HEAD: usize = 16 << 10;
const MOST_HEADERS: usize = 64;

/// Why a letter has not arrived, in few words, for whoever looks after the hook.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    #[error("its name is not found: {0}")]
    NoSuchName(String),
    #[error("its name leads only to addresses that may not be reached")]
    NotReachable,
    #[error("no connection: {0}")]
    NoConnection(String),
    #[error("no TLS: {0}")]
    NoTls(String),
    #[error("the connection broke: {0}")]
    Broken(String),
    #[error("no answer in {} s", .0.as_secs_f32())]
    TooSlow(Duration),
}

/// Sends letters. Cheap to clone.
#[derive(Clone)]
pub struct Sender {
    reachable: Reachable,
    tls: TlsConnector,
}

/// An open connection to one address.
pub struct Line {
    requests: SendRequest<Full<Bytes>>,
    since: Instant,
    carried: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.carried.abort();
    }
}

impl Sender {
    /// Trusts whom the system trusts.
    ///
    /// # Errors
    /// In words: TLS cannot be set up.
    pub fn new(reachable: Reachable) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            tracing::warn!(
                "the system has no certificates to trust (Debian: ca-certificates): hooks with https will fail"
            );
        }
        Self::trusting(reachable, roots)
    }

    /// # Errors
    /// In words.
    pub fn trusting(reachable: Reachable, roots: RootCertStore) -> Result<Self, String> {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { reachable, tls: TlsConnector::from(Arc::new(config)) })
    }

    /// The status of the answer. `line` is what the delivery before left open.
    ///
    /// # Errors
    /// See [`SendError`]; it may have arrived all the same.
    pub async fn send(
        &self,
        line: &mut Option<Line>,
        to: &Address,
        letter: &Letter,
        limit: Duration,
    ) -> Result<u16, SendError> {
        let kept = line.take().filter(|line| !line.requests.is_closed() && line.since.elapsed() < KEEP_FOR);
        let delivery = async {
            if let Some(mut kept) = kept {
                // The other side may have closed it just now: then once more over a new one.
                if let Ok(status) = deliver(&mut kept, to, letter).await {
                    return Ok((status, kept));
                }
            }
            let mut new = self.connect(to).await?;
            let status = deliver(&mut new, to, letter).await?;
            Ok((status, new))
        };
        match timeout(limit, delivery).await {
            Ok(Ok(((status, whole), used))) => {
                *line = whole.then_some(used);
                Ok(status)
            }
            Ok(Err(error)) => Err(error),
            Err(_) => Err(SendError::TooSlow(limit)),
        }
    }

    async fn connect(&self, to: &Address) -> Result<Line, SendError> {
        let found: Vec<SocketAddr> = tokio::net::lookup_host((to.host.as_str(), to.port))
            .await
            .map_err(|error| SendError::NoSuchName(error.to_string()))?
            .collect();
        let reachable = self.reachable.of(found, to.tls);
        let mut why = SendError::NotReachable;
        for address in reachable.into_iter().take(MOST_ADDRESSES) {
            match timeout(LONGEST_CONNECT, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return self.greet(to, stream).await,
                Ok(Err(error)) => why = SendError::NoConnection(error.to_string()),
                Err(_) => why = SendError::NoConnection(format!("{address} does not answer")),
            }
        }
        Err(why)
    }

    async fn greet(&self, to: &Address, stream: TcpStream) -> Result<Line, SendError> {
        if !to.tls {
            return speak(stream).await;
        }
        let name = ServerName::try_from(to.host.clone()).map_err(|error| SendError::NoTls(error.to_string()))?;
        let stream = self.tls.connect(name, stream).await.map_err(|error| SendError::NoTls(error.to_string()))?;
        speak(stream).await
    }
}

async fn speak<S>(stream: S) -> Result<Line, SendError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = http1::Builder::new();
    builder.max_buf_size(LARGEST_HEAD).max_headers(MOST_HEADERS);
    let (requests, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(|error| broken(&error))?;
    let carried = tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a hook's connection ended badly");
        }
    });
    Ok(Line { requests, since: Instant::now(), carried })
}

fn broken(error: &hyper::Error) -> SendError {
    SendError::Broken(error.to_string())
}

/// The status, and whether the connection can be used once more.
async fn deliver(line: &mut Line, to: &Address, letter: &Letter) -> Result<(u16, bool), SendError> {
    let request = Request::post(to.path())
        .header(header::HOST, to.authority())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, concat!("Cordboard/", env!("CARGO_PKG_VERSION")))
        .header("webhook-id", &letter.id)
        .header("webhook-timestamp", &letter.timestamp)
        .header("webhook-signature", &letter.signature)
        .body(Full::new(Bytes::from(letter.body.clone())))
        .map_err(|error| SendError::Broken(error.to_string()))?;
    line.requests.ready().await.map_err(|error| broken(&error))?;
    let answer: Response<Incoming> = line.requests.send_request(request).await.map_err(|error| broken(&error))?;
    let status = answer.status().as_u16();
    let mut body = answer.into_body();
    let mut read = 0;
    while let Some(frame) = body.frame().await {
        // The status has said what there is to say.
        let Ok(frame) = frame else { return Ok((status, false)) };
        read += frame.data_ref().map_or(0, Bytes::len);
        if read > MOST_READ {
            return Ok((status, false));
        }
    }
    Ok((status, true))
}
