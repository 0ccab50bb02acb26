//! Bodies that nobody read to their end. A connection that is closed on what is still coming is reset, and whoever sent
//! too much sees an error of their browser's instead of our answer: so the rest is read first, and thrown away.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::EXPECT;
use hyper::{HeaderMap, Request};

/// What is thrown away at most: many times what any form takes. Whoever sends more is cut off.
const MOST_UNREAD: usize = 4 << 20;
/// How long it may take. The answer waits for it.
const LONGEST_UNREAD: Duration = Duration::from_secs(3);

type Rest = Arc<Mutex<Option<Incoming>>>;

/// A body as the router has it; let go before its end, the rest is left to [`Unread`].
pub struct Lent {
    body: Option<Incoming>,
    rest: Rest,
}

/// Where the rest of a body comes to.
pub struct Unread(Option<Rest>);

/// The same request, and what is left of its body afterwards.
pub fn lent(request: Request<Incoming>) -> (Request<Lent>, Unread) {
    let rest = Rest::default();
    let unread = Unread((!waits(request.headers())).then(|| rest.clone()));
    (request.map(|body| Lent { body: Some(body), rest }), unread)
}

/// Whether the sender asks first: then what we do not want is not sent.
fn waits(headers: &HeaderMap) -> bool {
    headers.contains_key(EXPECT)
}

impl Unread {
    pub async fn thrown_away(self) {
        let Some(mut rest) = self.0.and_then(|rest| rest.lock().unwrap_or_else(PoisonError::into_inner).take()) else {
            return;
        };
        let read = async {
            let mut left = MOST_UNREAD;
            while let Some(Ok(frame)) = rest.frame().await {
                let length = frame.data_ref().map_or(0, Bytes::len);
                if length > left {
                    break;
                }
                left -= length;
            }
        };
        // Too slow: the answer goes out, and the connection with it.
        let _ = tokio::time::timeout(LONGEST_UNREAD, read).await;
    }
}

impl Body for Lent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) {
            *self.rest.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
    }
}
