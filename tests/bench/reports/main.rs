//! Measures reports and lists over many calls: fills a database with months of a real centre's shape, then asks what pages ask.
//!
//! ```text
//! cargo bench --bench reports                                 a million calls in SQLite, 200,000 a month
//! cargo bench --bench reports -- --database postgres://...    the same there (an empty database)
//! zcat month.txt.gz | cargo bench --bench reports -- --bank   the calls of a real month (see `bank.rs`)
//! ```

mod bank;
mod month;
mod rows;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use cordboard::calendar::Zone;
use cordboard::reports::queue_by_interval::Row;
use cordboard::reports::{AllTerms, Figure, Period, ServiceLevel, Terms, View, Width};
use cordboard::routing::fact::Outcome;
use cordboard::routing::ids::{AgentName, CentreName, QueueName};
use cordboard::store::Db;
use cordboard::store::calls::Which;
use cordboard::store::queue_report::Behind;
use jiff::ToSpan;
use jiff::civil::Date;

#[derive(Parser)]
#[command(about = "Measure reports and lists of calls")]
struct Arguments {
    #[arg(long, default_value_t = 1_000_000)]
    calls: u32,
    #[arg(long, default_value_t = 200_000)]
    calls_a_month: u32,
    /// Where; a new file in a temporary directory unless given
    #[arg(long)]
    database: Option<String>,
    /// Read a real month from the standard input instead
    #[arg(long)]
    bank: bool,
    /// What cargo passes to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

/// The middle and the worst of so many.
const TIMES: usize = 11;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    match runtime.block_on(measure(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let url =
        arguments.database.clone().unwrap_or_else(|| format!("sqlite:{}", dir.path().join("cordboard.db").display()));
    let db = Db::connect(&url)?;
    db.migrate().await?;
    let began = Instant::now();
    let (first, months, count) = if arguments.bank {
        let calls = bank::read(std::io::stdin().lock())?;
        let count = calls.len();
        rows::write(&url, calls).await?;
        (bank::FIRST, 1, count)
    } else {
        let months = arguments.calls.div_ceil(arguments.calls_a_month).max(1);
        rows::write(&url, month::calls(arguments.calls, arguments.calls_a_month)).await?;
        (month::FIRST, i64::from(months), usize::try_from(arguments.calls)?)
    };
    println!("{count} calls written in {:.1} s", began.elapsed().as_secs_f64());
    let last_month = first + (months - 1).months();
    reports(&db, last_month).await?;
    lists(&db, last_month).await?;
    behind(&db, last_month).await?;
    beside_a_report(&db, last_month).await?;
    db.close().await;
    Ok(())
}

fn centre() -> CentreName {
    CentreName::new(rows::CENTRE)
}

fn terms() -> AllTerms {
    AllTerms {
        by_queue: [].into(),
        otherwise: Terms { target: Duration::from_secs(20), short: Duration::from_secs(5) },
    }
}

fn period(month: Date, width: Width) -> Period {
    Period::new(Zone::named("Asia/Jerusalem").expect("a zone"), month, month.last_of_month(), width).expect("a month")
}

async fn reports(db: &Db, month: Date) -> Result<(), Box<dyn std::error::Error>> {
    for width in [Width::Day, Width::Half, Width::Quarter] {
        let period = period(month, width);
        let times = timed(3, async || db.queue_report(&centre(), &period, None, &terms()).await.map(drop)).await?;
        show(&format!("report of a month, all queues, {}", width.as_str()), &times);
    }
    let kept = db.queue_report(&centre(), &period(month, Width::Day), None, &terms()).await?;
    for (name, of) in kept.report.queues.iter().map(|(name, of)| (name.as_str(), &of.total)) {
        println!("    {name:10} {}", words(of));
    }
    println!("    {:10} {}", "all", words(&kept.report.total));
    println!(
        "    before any queue: {:?}; unbalanced rows: {}",
        kept.report.before_total,
        kept.report.unbalanced().len()
    );
    Ok(())
}

fn words(row: &Row) -> String {
    let count = |figure| row.cohort.count(figure);
    let seconds = |time: Option<Duration>| time.map_or(f64::NAN, |time| time.as_secs_f64());
    format!(
        "offered {} answered {} abandoned {} short {} in T {:.1} % ASA {:.1} s longest {:.0} s",
        count(Figure::Offered),
        count(Figure::Answered),
        count(Figure::Abandoned),
        count(Figure::ShortAbandoned),
        row.service_level(ServiceLevel::default()).percent().unwrap_or(f64::NAN),
        seconds(row.cohort.speed_of_answer()),
        seconds(row.cohort.longest),
    )
}

async fn lists(db: &Db, month: Date) -> Result<(), Box<dyn std::error::Error>> {
    let whole = period(month, Width::Month).whole();
    let in_month = Which { from: Some(whole.from), to: Some(whole.to), ..Which::default() };
    let newest = db.calls(&centre(), &Which::default(), 100).await?;
    let call = newest.last().map(|call| call.call).ok_or("no calls")?;
    let agent = newest.iter().find_map(|call| call.agent.clone());
    let nobody = Some(AgentName::new("nobody"));
    let deep = db.calls(&centre(), &in_month, 1000).await?.last().map(|call| (call.arrived, call.call));
    let queue = Some(QueueName::new("PS"));
    let asked = [
        ("newest", Which::default()),
        ("a month", in_month.clone()),
        ("a month, a later page", Which { after: deep, ..in_month.clone() }),
        ("of an agent", Which { agent, ..Which::default() }),
        ("of an agent without calls", Which { agent: nobody.clone(), ..Which::default() }),
        ("of an agent without calls, a month", Which { agent: nobody, ..in_month.clone() }),
        ("of a queue", Which { queue: queue.clone(), ..Which::default() }),
        ("of a queue, abandoned", Which { queue, outcome: Some(Outcome::Abandoned), ..Which::default() }),
        ("of a queue without calls", Which { queue: Some(QueueName::new("none")), ..Which::default() }),
        ("abandoned", Which { outcome: Some(Outcome::Abandoned), ..Which::default() }),
        ("ended unseen: none", Which { outcome: Some(Outcome::EndedUnseen), ..Which::default() }),
        ("ended unseen: none, a month", Which { outcome: Some(Outcome::EndedUnseen), ..in_month }),
    ];
    for (name, which) in asked {
        let times = timed(TIMES, async || db.calls(&centre(), &which, 100).await.map(drop)).await?;
        show(&format!("list of calls, 100 rows: {name}"), &times);
    }
    let times = timed(TIMES, async || db.call(&centre(), call).await.map(drop)).await?;
    show("one call", &times);
    Ok(())
}

async fn behind(db: &Db, month: Date) -> Result<(), Box<dyn std::error::Error>> {
    let half = period(month, Width::Half);
    let morning = half.intervals().iter().find(|interval| interval.shown.clock.hour() == 10).copied();
    for (name, interval) in [("a month", half.whole()), ("half an hour", morning.ok_or("a morning")?)] {
        for (figure, view) in [
            (Figure::Offered, View::Cohort),
            (Figure::Answered, View::Flow),
            (Figure::Abandoned, View::Cohort),
            (Figure::EndedUnseen, View::Flow),
            (Figure::StillWaiting, View::Flow),
        ] {
            let behind = Behind { queue: Some(QueueName::new("PS")), figure, view, interval, waited: None };
            let asked = async || db.stays_behind(&centre(), &behind, &terms(), None, 100).await.map(drop);
            let times = timed(TIMES, asked).await?;
            show(&format!("behind {} of {name} ({})", figure.as_str(), view.as_str()), &times);
        }
    }
    Ok(())
}

/// What somebody else waits for while two reports are made.
async fn beside_a_report(db: &Db, month: Date) -> Result<(), Box<dyn std::error::Error>> {
    let newest = db.calls(&centre(), &Which::default(), 100).await?;
    let call = newest.last().map(|call| call.call).ok_or("no calls")?;
    let make = || {
        let (db, period) = (db.clone(), period(month, Width::Half));
        tokio::spawn(async move { db.queue_report(&centre(), &period, None, &terms()).await.map(drop) })
    };
    let (one, other) = (make(), make());
    let (mut reads, mut writes) = (Vec::new(), Vec::new());
    while !(one.is_finished() && other.is_finished()) {
        let began = Instant::now();
        db.call(&centre(), call).await?;
        reads.push(began.elapsed());
        let began = Instant::now();
        db.filled(&CentreName::new("other")).await?;
        writes.push(began.elapsed());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    one.await??;
    other.await??;
    show("beside two reports: one call", &reads);
    show("beside two reports: a small transaction", &writes);
    Ok(())
}

async fn timed<E>(times: usize, what: impl AsyncFn() -> Result<(), E>) -> Result<Vec<Duration>, E> {
    let mut all = Vec::new();
    for _ in 0..times {
        let began = Instant::now();
        what().await?;
        all.push(began.elapsed());
    }
    Ok(all)
}

fn show(name: &str, times: &[Duration]) {
    let mut times = times.to_vec();
    times.sort_unstable();
    let ms = |time: Option<&Duration>| time.map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0);
    println!(
        "{name:56} {:9.2} ms  worst {:9.2} ms  ({})",
        ms(times.get(times.len() / 2)),
        ms(times.last()),
        times.len()
    );
}
