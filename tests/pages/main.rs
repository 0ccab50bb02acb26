//! The pages in a browser: a centre on a rehearsal switch, Debian's Chromium, and what somebody sees and presses. The
//! parts are the `centre` (with its people, callers and phones), the `wire` between it and the browsers (which can be
//! cut), the `browser`, and what every page must pass (`checks`). `samples.rs` has the table of all pages.

mod browser;
#[allow(dead_code, reason = "it serves two programs, and each uses a part")]
mod centre;
mod checks;
mod scenario;
mod wire;

// The centre is the one that the interface for programs is tested with.
#[allow(dead_code, reason = "it serves two test programs, and each uses a part")]
#[path = "../web/desk.rs"]
mod desk;
#[allow(dead_code, reason = "it serves two test programs, and each uses a part")]
#[path = "../web/document.rs"]
mod document;
#[allow(dead_code, reason = "it serves two test programs, and each uses a part")]
#[path = "../parts/postgres.rs"]
mod postgres;

mod at_the_desk;
mod hostile;
mod live;
mod paper;
mod print;
mod samples;
mod served;
