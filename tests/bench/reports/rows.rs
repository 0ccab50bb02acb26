//! Calls as rows: what filling their facts would leave in `calls`, `personal` and `queue_stays`, many times as fast.

use sqlx::{Connection, Executor, PgConnection, SqliteConnection};

pub const CENTRE: &str = "bank";

/// A call that came; times in milliseconds.
pub struct Came {
    pub arrived: i64,
    pub joined: i64,
    pub queue: String,
    pub way: Way,
}

pub enum Way {
    LeftInMenu,
    Abandoned { waited: i64 },
    Answered { waited: i64, talked: i64, agent: String },
}

/// `hold_ms` came later, and nobody was held.
const CALLS: &str = "calls (centre, call, switch, to_number, arrived_ms, version, found, queue, queued_ms, waited_ms, agent, \
     connected_ms, talk_ms, ended_ms, outcome, ended_by)";

/// Of each table in one statement.
const AT_ONCE: usize = 200;
/// Rows of one transaction.
const COMMIT_EVERY: usize = 50_000;
const WRAP_UP_MS: i64 = 20_000;

enum Connected {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Connected {
    async fn execute(&mut self, sql: String) -> Result<(), sqlx::Error> {
        let sql = sqlx::AssertSqlSafe(sql);
        match self {
            Connected::Sqlite(connection) => connection.execute(sql).await.map(drop),
            Connected::Postgres(connection) => connection.execute(sql).await.map(drop),
        }
    }
}

/// Only digits, ASCII letters and what the values below hold go in: no text of a stranger.
fn quoted(text: &str) -> String {
    format!("'{}'", text.chars().filter(|c| c.is_ascii_alphanumeric() || "-_+".contains(*c)).collect::<String>())
}

fn or_null<T: std::fmt::Display>(value: Option<T>) -> String {
    value.map_or_else(|| "NULL".into(), |value| value.to_string())
}

pub async fn write(url: &str, calls: impl IntoIterator<Item = Came>) -> Result<(), Box<dyn std::error::Error>> {
    let mut connection = if url.starts_with("sqlite:") {
        Connected::Sqlite(SqliteConnection::connect(url).await?)
    } else {
        Connected::Postgres(PgConnection::connect(url).await?)
    };
    let mut calls = (1u64..).zip(calls).peekable();
    let mut last = 0;
    connection.execute("BEGIN".into()).await?;
    let mut written = 0;
    while calls.peek().is_some() {
        let (mut of_calls, mut of_personal, mut of_stays) = (Vec::new(), Vec::new(), Vec::new());
        for (number, came) in calls.by_ref().take(AT_ONCE) {
            last = came.arrived;
            of_calls.push(call(number, &came));
            of_personal.push(format!("('{CENTRE}', '{}', '{}', '', '')", id(number), caller(number)));
            of_stays.extend(stay(number, &came));
        }
        written += of_calls.len();
        for (table, rows) in [(CALLS, of_calls), ("personal", of_personal), ("queue_stays", of_stays)] {
            if !rows.is_empty() {
                connection.execute(format!("INSERT INTO {table} VALUES {}", rows.join(", "))).await?;
            }
        }
        if written >= COMMIT_EVERY {
            connection.execute("COMMIT".into()).await?;
            connection.execute("BEGIN".into()).await?;
            written = 0;
        }
    }
    connection.execute(format!("INSERT INTO filled VALUES ('{CENTRE}', 1, {last})")).await?;
    connection.execute("COMMIT".into()).await?;
    // PostgreSQL does it by itself sooner or later; nobody does it to an SQLite file.
    if matches!(connection, Connected::Postgres(_)) {
        connection.execute("ANALYZE".into()).await?;
    }
    Ok(())
}

/// Each call is somebody else's, of the ranges that there are.
pub fn caller(number: u64) -> String {
    format!("+861{}{number:08}", 30 + number * 7_919 % 70)
}

fn id(number: u64) -> String {
    format!("c0000000001-{number:08}")
}

fn call(number: u64, came: &Came) -> String {
    let (arrived, joined) = (came.arrived, came.joined);
    let queue = quoted(&came.queue);
    // queue, queued, waited, agent, connected, talk, ended, outcome, ended_by
    let rest = match &came.way {
        Way::LeftInMenu => {
            format!("NULL, NULL, NULL, NULL, NULL, NULL, {joined}, 'left_in_dialplan', 'caller'")
        }
        Way::Abandoned { waited } => {
            format!("{queue}, {joined}, {waited}, NULL, NULL, NULL, {}, 'abandoned', 'caller'", joined + waited)
        }
        Way::Answered { waited, talked, agent } => {
            let (at, agent) = (joined + waited, quoted(agent));
            format!("{queue}, {joined}, {waited}, {agent}, {at}, {talked}, {}, 'answered', 'agent'", at + talked)
        }
    };
    format!("('{CENTRE}', '{}', 'pbx', '100', {arrived}, 'ab12', 0, {rest})", id(number))
}

fn stay(number: u64, came: &Came) -> Option<String> {
    let (left, how, agent, times) = match &came.way {
        Way::LeftInMenu => return None,
        Way::Abandoned { waited } => (came.joined + waited, "abandoned", None, None),
        Way::Answered { waited, talked, agent } => {
            (came.joined + waited, "connected", Some(quoted(agent)), Some((talked, 0, WRAP_UP_MS)))
        }
    };
    Some(format!(
        "('{CENTRE}', {number}, 0, '{}', {}, {}, NULL, NULL, {left}, '{how}', {}, {}, {}, {}, NULL, NULL)",
        id(number),
        quoted(&came.queue),
        came.joined,
        or_null(agent),
        or_null(times.map(|(talk, ..)| talk)),
        or_null(times.map(|(_, hold, _)| hold)),
        or_null(times.map(|(.., wrap_up)| wrap_up)),
    ))
}
