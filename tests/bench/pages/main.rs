//! How long pages take at a large centre: a floor of a thousand agents at work, lists over a million calls in SQLite, and
//! what a month's report costs the decisions that are made beside it.
//!
//! ```text
//! cargo bench --bench pages                                 a table; it wants the machine to itself
//! cargo bench --bench pages -- --calls 100000 --agents 200  smaller
//! ```

#[allow(dead_code, reason = "a part of the tests of the interface, which use all of it")]
#[path = "../../web/desk.rs"]
mod desk;
#[allow(dead_code, unused_imports, reason = "a part of the tests of the interface, which use all of it")]
#[path = "../../web/document.rs"]
mod document;
#[path = "../reports/month.rs"]
mod month;
#[path = "../reports/rows.rs"]
mod rows;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;
use cordboard::calendar::Moment;
use cordboard::controller::{self, Handle};
use cordboard::customers::{Line, Number, Record};
use cordboard::routing::ids::{AgentName, BreakReason, CentreName, PhoneNumber, StationAddress};
use cordboard::routing::{Fact, Input};
use cordboard::store::agents::{HashedPassword, Role};
use cordboard::store::people::Wanted;
use cordboard::store::sessions::Token;
use cordboard::store::{Author, Db, RequestKey};
use cordboard::switch::rehearsal::{Caller, Habit, Phone, Rehearsal, Span, World};
use jiff::ToSpan as _;
use reqwest::{Method, header};
use serde_json::json;

use crate::desk::{Database, Desk};

#[derive(Clone, Copy, Parser)]
#[command(about = "Measure pages of a large centre")]
struct Arguments {
    #[arg(long, default_value_t = 1_000_000)]
    calls: u32,
    #[arg(long, default_value_t = 200_000)]
    calls_a_month: u32,
    #[arg(long, default_value_t = 1_000)]
    agents: u32,
    /// Calls a second while decisions are timed
    #[arg(long, default_value_t = 20)]
    rate: u32,
    /// Seconds that decisions are timed for, without and with reports
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// What cargo passes to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

const YAML: &str = "\
language: 1
name: { en: Bank }
zone: Asia/Jerusalem
country: CN
languages: [en]
break_reasons: [lunch]
numbers: [\"4008000001\"]
start: main
queues:
  ps: { wrap_up: 5s }
  nw: { wrap_up: 5s }
  ne: { wrap_up: 5s }
  tt: { wrap_up: 5s }
steps:
  main:
    - queue: ps
";

/// Times a page is asked for.
const TIMES: usize = 21;
/// What the pages are held to.
const PAGE: Duration = Duration::from_millis(50);
const FLOOR_BYTES: usize = 300_000;

fn bank() -> CentreName {
    CentreName::new(rows::CENTRE)
}

fn main() {
    let arguments = Arguments::parse();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let missed = runtime.block_on(measure(arguments));
    if !missed.is_empty() {
        eprintln!("missed: {}", missed.join("; "));
        std::process::exit(1);
    }
}

/// What was measured, and what of it missed its aim.
#[derive(Default)]
struct Table {
    missed: Vec<String>,
}

impl Table {
    fn times(&mut self, name: &str, mut times: Vec<Duration>, bytes: usize, aim: Option<Duration>) {
        times.sort_unstable();
        let (middle, worst) = (times[times.len() / 2], times[times.len() - 1]);
        println!("{name:58} {:8.1} ms  worst {:8.1} ms  {bytes:8} bytes", ms(middle), ms(worst));
        if aim.is_some_and(|aim| middle > aim) {
            self.missed.push(format!("{name}: {:.1} ms", ms(middle)));
        }
    }

    fn bytes(&mut self, name: &str, bytes: usize, aim: usize) {
        println!("{name:58} {bytes:8} bytes");
        if bytes > aim {
            self.missed.push(format!("{name}: {bytes} bytes"));
        }
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

async fn measure(arguments: Arguments) -> Vec<String> {
    let directory = tempfile::tempdir().expect("a directory");
    let url = format!("sqlite:{}", directory.path().join("cordboard.db").display());
    fill(&url, arguments).await;
    let desk = Desk::with_yaml(YAML, &[rows::CENTRE], None, Database::At(url)).await;
    let boss = somebody(&desk.db).await;
    let mut table = Table::default();
    at_work(&desk, arguments.agents).await;
    lists(&desk, &boss, &mut table, arguments).await;
    decisions(&desk, &boss, arguments).await;
    floor(&desk, &boss, &mut table).await;
    desk.close().await;
    table.missed
}

async fn fill(url: &str, arguments: Arguments) {
    let db = Db::connect(url).expect("an address");
    db.migrate().await.expect("tables");
    let began = Instant::now();
    rows::write(url, month::calls(arguments.calls, arguments.calls_a_month)).await.expect("written");
    // A customer for one call in a thousand.
    for number in (0..arguments.calls).step_by(1_000) {
        let number = Number::of(&rows::caller(u64::from(number) + 1), None).expect("a number");
        let name = Line::of(&format!("Customer {number}")).expect("a name");
        let record = Record { name: Some(name), numbers: vec![number.clone()], ..Record::default() };
        let request = RequestKey::new().expect("a key");
        let added = db.add_customer(&bank(), record, &request, &Author::Console, Moment::from_ms(0), None).await;
        added.expect("added");
    }
    println!("{} calls written in {:.0} s", arguments.calls, began.elapsed().as_secs_f64());
    db.close().await;
}

/// A supervisor's session, as a cookie.
async fn somebody(db: &Db) -> String {
    let boss = AgentName::new("boss");
    let password = Some(Some(HashedPassword::of("correct horse").expect("a hash")));
    let wanted = Wanted { role: Some(Role::Admin), password, ..Wanted::default() };
    db.engage(&bank(), &boss, &wanted, &Author::Console, Moment::from_ms(0)).await.expect("added");
    let token = Token::new().expect("chance");
    let now = controller::clock()();
    db.begin_session(&token.hash(), &bank(), &boss, "127.0.0.1", now).await.expect("begun");
    format!("cordboard={}; language=en", token.reveal())
}

async fn at_work(desk: &Desk, agents: u32) {
    for n in 0..agents {
        let name = format!("agent{n:04}");
        let station = StationAddress::new(format!("PJSIP/{name}"));
        let habit = Habit::Answers { after: Span::ms(1, 5), talks: Some(Span::ms(20_000, 40_000)) };
        desk.rehearsal.happen(World::PhoneSetTo { station: station.clone(), phone: Phone::with(habit) });
        let seat = json!({ "station": station, "queues": ["ps", "nw", "ne", "tt"], "skills": {} });
        let path = format!("/api/v1/centres/{}/agents/{name}/session", rows::CENTRE);
        let answer = desk.request(Method::PUT, &path).json(&seat).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap_or_default());
    }
}

async fn asked(desk: &Desk, cookie: &str, path: &str) -> (Duration, String) {
    let began = Instant::now();
    let request = desk.request(Method::GET, path).header(header::COOKIE, cookie);
    let answer = request.send().await.expect("an answer");
    let status = answer.status();
    let text = answer.text().await.expect("a page");
    assert_eq!(status, 200, "{path}: {text}");
    (began.elapsed(), text)
}

async fn page(desk: &Desk, cookie: &str, table: &mut Table, name: &str, path: &str, aim: Option<Duration>) -> usize {
    let (mut times, mut bytes) = (Vec::new(), 0);
    for _ in 0..TIMES {
        let (time, text) = asked(desk, cookie, path).await;
        times.push(time);
        bytes = text.len();
    }
    table.times(&format!("{name} {path}"), times, bytes, aim);
    bytes
}

async fn lists(desk: &Desk, cookie: &str, table: &mut Table, arguments: Arguments) {
    let months = i64::from(arguments.calls.div_ceil(arguments.calls_a_month).max(1));
    let month = month::FIRST + (months - 1).months();
    let (first, last) = (month, month.last_of_month());
    let middle = arguments.calls / 2;
    let number = rows::caller(u64::from(middle));
    let calls = [
        "/calls".to_owned(),
        format!("/calls?from={first}&to={last}"),
        format!("/calls?from={first}&to={first}"),
        "/calls?queue=PE".into(),
        "/calls?queue=nowhere".into(),
        "/calls?agent=agent07".into(),
        "/calls?agent=nobody".into(),
        "/calls?outcome=abandoned".into(),
        "/calls?outcome=asked&queue=PS".into(),
        "/calls?outcome=ended_unseen".into(),
        "/calls?waited=600".into(),
        "/calls?waited=1800&queue=IN".into(),
        format!("/calls?number={}", &number[10..]),
        format!("/calls?number=%2B{}", &number[1..]),
        format!("/calls?number={}", &number[4..9]),
        "/calls?number=9999999999".into(),
        "/calls?number=99".into(),
        "/calls?called=100".into(),
        "/calls?waited=600&queue=PS".into(),
        format!("/calls?call=c0000000001-{middle:08}"),
        "/customers".into(),
        "/customers?q=customer".into(),
        format!("/customers?q={}", middle / 1_000 * 1_000 + 1),
        "/customers/7".into(),
        "/cases?whose=anybody".into(),
        "/people".into(),
        "/audit".into(),
    ];
    for path in calls {
        page(desk, cookie, table, "list", &path, Some(PAGE)).await;
    }
    for width in ["day", "half"] {
        let path = format!("/reports/queues?from={first}&to={last}&width={width}");
        page(desk, cookie, table, "report", &path, None).await;
        let (_, text) = asked(desk, cookie, &path).await;
        let behind = text.rsplit("href=\"/reports/queues/calls?").next().and_then(|rest| rest.split('"').next());
        let behind = behind.expect("a figure of the last row").replace("&#38;", "&").replace("&amp;", "&");
        page(desk, cookie, table, "list", &format!("/reports/queues/calls?{behind}"), Some(PAGE)).await;
    }
}

async fn floor(desk: &Desk, cookie: &str, table: &mut Table) {
    let bytes = page(desk, cookie, table, "floor", "/floor", Some(PAGE)).await;
    table.bytes("floor, bytes", bytes, FLOOR_BYTES);
    page(desk, cookie, table, "floor", "/floor?wall=1", Some(PAGE)).await;
}

/// From the caller's dialling, on a switch in memory, until the offer is told: the way in, the decision, the journal.
async fn decisions(desk: &Desk, cookie: &str, arguments: Arguments) {
    let month = month::FIRST;
    let path = format!("/reports/queues?from={month}&to={}&width=half", month.last_of_month());
    let mut before = decided(desk).await;
    timed(desk, arguments, "alone").await;
    before = show_decided(desk, "alone", &before).await;
    let made = Arc::new(AtomicU32::new(0));
    let enough = reader(desk, cookie, path, Arc::clone(&made));
    timed(desk, arguments, "beside reports").await;
    before = show_decided(desk, "beside reports", &before).await;
    enough.store(true, Ordering::Relaxed);
    println!("    {} reports were made meanwhile", made.load(Ordering::Relaxed));
    timed(desk, arguments, "afterwards").await;
    show_decided(desk, "afterwards", &before).await;
}

/// The controller's own record of its decisions, as `/metrics` has it: how many took at most so many seconds.
async fn decided(desk: &Desk) -> Vec<(f64, f64)> {
    let text = desk.get_raw("/metrics").await.text().await.expect("text");
    let buckets = text.lines().filter_map(|line| line.strip_prefix("cordboard_decision_seconds_bucket{le=\""));
    buckets
        .filter_map(|line| {
            let (limit, count) = line.split_once("\"} ")?;
            Some((limit.parse().ok()?, count.parse().ok()?))
        })
        .collect()
}

/// Of the decisions since `before`; a quantile is looked for within its bucket, as Prometheus does.
async fn show_decided(desk: &Desk, name: &str, before: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let now = decided(desk).await;
    let old = |limit: f64| before.iter().find(|(known, _)| *known == limit).map_or(0.0, |(_, count)| *count);
    let since: Vec<(f64, f64)> = now.iter().map(|(limit, count)| (*limit, count - old(*limit))).collect();
    let all = since.last().map_or(0.0, |(_, count)| *count);
    let at = |part: f64| {
        let (mut from, mut fewer) = (0.0, 0.0);
        for (limit, count) in &since {
            if *count >= part * all {
                return (from + (limit - from) * (part * all - fewer) / (count - fewer).max(1.0)) * 1e3;
            }
            (from, fewer) = (*limit, *count);
        }
        f64::NAN
    };
    let name = format!("the controller's own decision, {name}");
    println!("{name:45} p50 {:6.2} ms  p99 {:6.2} ms  p99.9  {:6.2} ms  ({all})", at(0.5), at(0.99), at(0.999));
    now
}

/// One report behind the other, for somebody who reads on another machine: what reading 2 MB costs is not ours, so that
/// reader gets of this one what nobody else wants.
fn reader(desk: &Desk, cookie: &str, path: String, made: Arc<AtomicU32>) -> Arc<AtomicBool> {
    let enough = Arc::new(AtomicBool::new(false));
    let (request, cookie, done) = (desk.request(Method::GET, &path), cookie.to_owned(), Arc::clone(&enough));
    std::thread::spawn(move || {
        // SAFETY: plain numbers, for which all zeroes are valid; 0 is the calling thread.
        unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &std::mem::zeroed()) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            while !done.load(Ordering::Relaxed) {
                let request = request.try_clone().expect("no body").header(header::COOKIE, &cookie);
                let answer = request.send().await.expect("an answer");
                assert_eq!(answer.status(), 200);
                answer.bytes().await.expect("a page");
                made.fetch_add(1, Ordering::Relaxed);
            }
        });
    });
    enough
}

/// By somebody with a thread of their own: this runtime draws pages, and whoever stood in its queue would time that.
async fn timed(desk: &Desk, arguments: Arguments, name: &'static str) {
    let (handle, rehearsal) = (desk.handle.clone(), desk.rehearsal.clone());
    let (done, ended) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        // As urgent as the controller, or it would time its own waiting for a processor.
        // SAFETY: plain numbers; 0 is the calling thread.
        unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, -10) };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(tried(&handle, &rehearsal, arguments, name));
        done.send(()).expect("somebody waits");
    });
    ended.await.expect("timed");
}

/// One that ends with the core's answer: handed to the controller's thread, decided, written to the journal.
async fn order(handle: &Handle, n: u32) -> Duration {
    let (agent, by) = (AgentName::new("agent0000"), AgentName::new("boss"));
    let input = if n.is_multiple_of(2) {
        Input::AgentSaidReady { agent, by, why: None }
    } else {
        Input::AgentTookBreak { agent, reason: BreakReason::new("lunch"), by, why: None }
    };
    let began = Instant::now();
    // Refused is answered too.
    let _ = handle.tell(&bank(), input).await;
    began.elapsed()
}

async fn tried(handle: &Handle, rehearsal: &Rehearsal, arguments: Arguments, name: &str) {
    let mut happened = handle.happened();
    let mut beat = tokio::time::interval(Duration::from_secs(1) / arguments.rate);
    let (mut times, mut orders) = (Vec::new(), Vec::new());
    let until = Instant::now() + Duration::from_secs(arguments.seconds);
    let mut n = 0;
    while Instant::now() < until {
        beat.tick().await;
        n += 1;
        orders.push(order(handle, n).await);
        let from = PhoneNumber::cleaned(&format!("138{n:08}"));
        let (began, mut mine) = (Instant::now(), None);
        rehearsal.happen(World::CallerDials(Caller::new(&format!("138{n:08}"), "4008000001")));
        let offered = async {
            while let Ok(happened) = happened.recv().await {
                match &happened.fact {
                    Fact::CallArrived { call, from: who, .. } if *who == from => mine = Some(*call),
                    Fact::OfferMade { call, .. } if mine == Some(*call) => return,
                    _ => {}
                }
            }
        };
        if tokio::time::timeout(Duration::from_secs(5), offered).await.is_ok() {
            times.push(began.elapsed());
        }
    }
    show(&format!("a call to its offer, {name}"), times);
    show(&format!("an order to its answer, {name}"), orders);
}

fn show(name: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |part: usize| times.get(times.len() * part / 100).or(times.last()).copied().map_or(f64::NAN, ms);
    println!("{name:45} p50 {:6.2} ms  p99 {:6.2} ms  longest {:6.2} ms  ({})", at(50), at(99), at(100), times.len());
}
