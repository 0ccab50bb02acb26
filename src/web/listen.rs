//! Connections: taken, bounded in number, size and time, and let go when we stop.

use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::peer::Peer;
use super::unread::lent;

/// Connections at a time: every stream there may be, and as many short requests beside them.
const MOST_CONNECTIONS: usize = 3 * super::MOST_STREAMS;
/// From the connection, or the last answer, to the end of the next head: who sends a byte a second is let go.
const LONGEST_HEAD: Duration = Duration::from_secs(15);
/// All header lines together: far more than a browser sends.
const LARGEST_HEAD: usize = 32 << 10;
const MOST_HEADERS: usize = 64;
/// After an error of accepting (no descriptor free): others may end meanwhile.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);
/// Answers on their way when we stop.
const STOP_WITHIN: Duration = Duration::from_secs(3);

/// Answers requests until `stop`, then gives those in hand a moment to end.
pub async fn listen(listener: TcpListener, router: Router, stop: CancellationToken) {
    let permits = std::sync::Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let connections = TaskTracker::new();
    loop {
        // Who comes when all are taken waits in the kernel's queue.
        let permit = tokio::select! {
            permit = permits.clone().acquire_owned() => permit,
            () = stop.cancelled() => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (router, stop) = (router.clone(), stop.clone());
                connections.spawn(async move {
                    converse(stream, Peer(peer.ip()), router, stop).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
    connections.close();
    // Whoever is still at it is cut off by the end of the process.
    let _ = tokio::time::timeout(STOP_WITHIN, connections.wait()).await;
}

async fn converse(stream: TcpStream, peer: Peer, router: Router, stop: CancellationToken) {
    // Events are small, and wanted at once. Where it cannot be set they come a little later.
    let _ = stream.set_nodelay(true);
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        let (request, unread) = lent(request);
        let answer = router.call(request);
        async move {
            let answer = answer.await;
            unread.thrown_away().await;
            answer
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(LONGEST_HEAD)
        .max_buf_size(LARGEST_HEAD)
        .max_headers(MOST_HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended badly");
    }
}
