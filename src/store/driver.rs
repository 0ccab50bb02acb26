//! The one file that names a database driver: connecting, time limits, running a statement, what an error means.
//!
//! Every wait has a limit, because a database that is stopped (not dead) never says anything. What ran out of
//! time leaves its connection to be closed: whether it was committed is found out by reading.

use std::str::FromStr;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{ColumnIndex, Executor as _, Postgres, Row as _, Sqlite};

use super::StoreError;
use super::aside::Aside;
use crate::calendar::Moment;

/// One statement of the filler or of a page.
const STATEMENT_LIMIT: Duration = Duration::from_secs(5);
/// One statement of a report: it reads a few thousand rows, of a table that may have to come from the disk.
const REPORT_STATEMENT_LIMIT: Duration = Duration::from_secs(15);
/// Reports that read at the same time; a third waits for one of them, and neither the filler nor a page ever does.
const REPORT_CONNECTIONS: u32 = 2;
/// How long a report waits for its turn.
const REPORT_TURN_LIMIT: Duration = Duration::from_secs(20);
/// A connection from the pool, made where none is idle.
const CONNECTION_LIMIT: Duration = Duration::from_secs(3);
/// A locked SQLite file is asked again for this long: less than [`STATEMENT_LIMIT`], so that it says *locked*.
const LOCK_LIMIT: Duration = Duration::from_secs(3);
/// Connections to PostgreSQL: the filler, the pages, a spare.
const POSTGRES_CONNECTIONS: u32 = 5;
/// SQLite writes on one connection, and reads on these beside it (WAL).
const SQLITE_READERS: u32 = 4;
/// Of the one that writes, and only as much of it as it ever touches: 64 MiB, in the words of `PRAGMA cache_size`.
const WRITER_CACHE: &str = "-65536";
/// So many pages of 4 KiB are written ahead before they are copied into the file.
const CHECKPOINT_PAGES: &str = "4096";
/// A migration may rewrite a large table.
const MIGRATION_LIMIT: Duration = Duration::from_secs(3600);

/// What both databases are told.
static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");
/// What one of them is told behind it, by the same number.
const FOR_SQLITE: &[(i64, &str)] = &[
    (3, include_str!("../../migrations/sqlite/0003_customers_cases.sql")),
    (8, include_str!("../../migrations/sqlite/0008_audit.sql")),
    (10, include_str!("../../migrations/sqlite/0010_statistics.sql")),
    (12, include_str!("../../migrations/sqlite/0012_transferred_out.sql")),
];
const FOR_POSTGRES: &[(i64, &str)] = &[
    (3, include_str!("../../migrations/postgres/0003_customers_cases.sql")),
    (8, include_str!("../../migrations/postgres/0008_audit.sql")),
];

fn migrations(dialect: Dialect) -> sqlx::migrate::Migrator {
    let own = match dialect {
        Dialect::Sqlite => FOR_SQLITE,
        Dialect::Postgres => FOR_POSTGRES,
    };
    let both = MIGRATIONS.iter().map(|both| match own.iter().find(|(version, _)| *version == both.version) {
        None => both.clone(),
        Some((version, text)) => {
            let whole = format!("{}\n{text}", both.sql.as_str());
            let sql = sqlx::SqlSafeStr::into_sql_str(sqlx::AssertSqlSafe(whole));
            sqlx::migrate::Migration::new(*version, both.description.clone(), both.migration_type, sql, both.no_tx)
        }
    });
    sqlx::migrate::Migrator::with_migrations(both.collect())
}

/// How often, and how long more each time, another's migration is waited for before the error is believed: five seconds.
const MOST_WAITS: u32 = 14;
const ONE_WAIT: Duration = Duration::from_millis(50);

/// PostgreSQL has a lock for this, SQLite none: while we look, another process (`cordboard user` beside a controller that
/// begins) may make the same tables. What it has made is skipped the next time, and each time there is less to make.
async fn migrate_sqlite(
    migrations: &sqlx::migrate::Migrator,
    writer: &SqlitePool,
) -> Result<(), sqlx::migrate::MigrateError> {
    let (mut made, mut waited) = (0, 0);
    loop {
        let Err(error) = migrations.run(writer).await else { return Ok(()) };
        let count = sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations").fetch_one(writer).await;
        let now: i64 = count.unwrap_or_default();
        // The other may be in the middle of one that makes a table anew.
        waited = if now > made { 0 } else { waited + 1 };
        if waited > MOST_WAITS {
            return Err(error);
        }
        made = made.max(now);
        tokio::time::sleep(ONE_WAIT * waited).await;
    }
}

/// On a connection that goes with it, however it ends. The lock that keeps a second controller waiting belongs to the
/// connection: broken off (by a database that hung meanwhile) it would lie in the pool for half an hour, and nobody could
/// migrate. And what may rewrite a large table has no pages' limit.
async fn migrate_postgres(
    migrations: &sqlx::migrate::Migrator,
    pool: &PgPool,
) -> Result<(), sqlx::migrate::MigrateError> {
    let patient = PgConnectOptions::clone(&pool.connect_options())
        .options([("statement_timeout", MIGRATION_LIMIT.as_millis().to_string())]);
    let one = PgPoolOptions::new().max_connections(1).acquire_timeout(CONNECTION_LIMIT).connect_lazy_with(patient);
    let migrated = migrations.run(&one).await;
    one.close().await;
    migrated
}

/// A database. Cloning it shares the connections.
#[derive(Clone, Debug)]
pub enum Db {
    Sqlite { writer: SqlitePool, readers: SqlitePool, reports: SqlitePool, aside: Aside },
    Postgres { pool: PgPool, reports: PgPool, aside: Aside },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

/// What a statement is given. Integers are `BIGINT` everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Text(Option<String>),
    Number(Option<i64>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::from(text.to_owned())
    }
}

impl From<String> for Value {
    /// PostgreSQL's TEXT cannot hold a NUL, and SQLite's `length` stops at one.
    fn from(text: String) -> Self {
        Value::Text(Some(if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }))
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        text.map_or(Value::Text(None), Value::from)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Value::Number(Some(number))
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        Value::Number(number)
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Value::Number(Some(i64::try_from(number).unwrap_or(i64::MAX)))
    }
}

impl From<Moment> for Value {
    fn from(at: Moment) -> Self {
        Value::from(at.as_ms())
    }
}

impl From<Duration> for Value {
    /// In milliseconds.
    fn from(time: Duration) -> Self {
        Value::Number(Some(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)))
    }
}

macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::store::Value::from($value)),*] };
}
pub(super) use values;

/// A row that was read; columns by name.
pub(super) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    fn get<T>(&self, table: &'static str, column: &str) -> Result<T, StoreError>
    where
        T: for<'r> sqlx::Decode<'r, Sqlite>
            + sqlx::Type<Sqlite>
            + for<'r> sqlx::Decode<'r, Postgres>
            + sqlx::Type<Postgres>,
        for<'c> &'c str: ColumnIndex<SqliteRow> + ColumnIndex<PgRow>,
    {
        let got = match self {
            Row::Sqlite(row) => row.try_get(column),
            Row::Postgres(row) => row.try_get(column),
        };
        got.map_err(|error| StoreError::Inconsistent { table, id: format!("{column}: {error}") })
    }

    pub fn text(&self, table: &'static str, column: &str) -> Result<String, StoreError> {
        self.get(table, column)
    }

    pub fn maybe_text(&self, table: &'static str, column: &str) -> Result<Option<String>, StoreError> {
        self.get(table, column)
    }

    pub fn number(&self, table: &'static str, column: &str) -> Result<i64, StoreError> {
        self.get(table, column)
    }

    pub fn maybe_number(&self, table: &'static str, column: &str) -> Result<Option<i64>, StoreError> {
        self.get(table, column)
    }
}

macro_rules! bound {
    ($sql:expr, $values:expr) => {{
        let mut query = sqlx::query($sql);
        for value in $values {
            query = match value {
                Value::Text(text) => query.bind(text.as_deref()),
                Value::Number(number) => query.bind(*number),
            };
        }
        query
    }};
}

async fn within<T>(limit: Duration, what: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, StoreError> {
    match tokio::time::timeout(limit, what).await {
        Ok(result) => result.map_err(StoreError::from),
        Err(_) => Err(StoreError::Away { why: format!("no answer in {} s", limit.as_secs()) }),
    }
}

async fn sqlite_rows(
    pool: &SqlitePool,
    limit: Duration,
    sql: &'static str,
    values: &[Value],
) -> Result<Vec<Row>, StoreError> {
    let rows = within(limit, bound!(sql, values).fetch_all(pool)).await?;
    Ok(rows.into_iter().map(Row::Sqlite).collect())
}

async fn postgres_rows(
    pool: &PgPool,
    turn: Duration,
    limit: Duration,
    sql: &'static str,
    values: &[Value],
) -> Result<Vec<Row>, StoreError> {
    let mut connection = within(turn, pool.acquire()).await?;
    let rows = within(limit, bound!(sql, values).fetch_all(&mut *connection)).await;
    if matches!(rows, Err(StoreError::Away { .. })) {
        connection.close_on_drop();
    }
    Ok(rows?.into_iter().map(Row::Postgres).collect())
}

impl Db {
    /// `sqlite:<path>` (made where missing), `postgres://user:password@host/name`. Nothing is connected yet, so
    /// that a start does not hang on a database that is away.
    ///
    /// # Errors
    /// `Refused` where the address is none.
    pub fn connect(url: &str) -> Result<Self, StoreError> {
        let refused = |error: sqlx::Error| StoreError::Refused { why: format!("not a database's address: {error}") };
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let options = PgConnectOptions::from_str(url).map_err(refused)?.application_name("cordboard");
            let limited =
                |limit: Duration| options.clone().options([("statement_timeout", limit.as_millis().to_string())]);
            let pool = PgPoolOptions::new()
                .max_connections(POSTGRES_CONNECTIONS)
                .acquire_timeout(CONNECTION_LIMIT)
                .connect_lazy_with(limited(STATEMENT_LIMIT));
            let reports = PgPoolOptions::new()
                .max_connections(REPORT_CONNECTIONS)
                .acquire_timeout(REPORT_TURN_LIMIT)
                .connect_lazy_with(limited(REPORT_STATEMENT_LIMIT).options([("default_transaction_read_only", "on")]));
            return Ok(Db::Postgres { pool, reports, aside: Aside::default() });
        }
        if !url.starts_with("sqlite:") {
            return Err(StoreError::Refused { why: "a database's address begins with sqlite: or postgres:".into() });
        }
        let options = SqliteConnectOptions::from_str(url)
            .map_err(refused)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // The journal is the record that a power cut must leave whole; SQL is filled from it again.
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(LOCK_LIMIT)
            .foreign_keys(true);
        let pool = |size: u32, turn: Duration, options: SqliteConnectOptions| {
            SqlitePoolOptions::new()
                .max_connections(size)
                .acquire_timeout(turn)
                .idle_timeout(None)
                .max_lifetime(None)
                .connect_lazy_with(options)
        };
        // A piece of facts touches rows of calls, stays and people all over the tables. With SQLite's own two megabytes the
        // same pages were read and written out several times within one piece, and copied into the file after each.
        let writing = options.clone().pragma("cache_size", WRITER_CACHE).pragma("wal_autocheckpoint", CHECKPOINT_PAGES);
        let reading = SqliteConnectOptions::from_str(url).map_err(refused)?.busy_timeout(LOCK_LIMIT).read_only(true);
        Ok(Db::Sqlite {
            reports: pool(REPORT_CONNECTIONS, REPORT_TURN_LIMIT, reading),
            readers: pool(SQLITE_READERS, CONNECTION_LIMIT, options.clone()),
            writer: pool(1, CONNECTION_LIMIT, writing),
            aside: Aside::default(),
        })
    }

    pub const fn dialect(&self) -> Dialect {
        match self {
            Db::Sqlite { .. } => Dialect::Sqlite,
            Db::Postgres { .. } => Dialect::Postgres,
        }
    }

    /// Bring the tables to this version.
    ///
    /// # Errors
    /// `Away`; `Refused` where the tables are of a later version, or were changed by hand.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        let migrations = migrations(self.dialect());
        let run = async {
            match self {
                Db::Sqlite { writer, .. } => migrate_sqlite(&migrations, writer).await,
                Db::Postgres { pool, .. } => migrate_postgres(&migrations, pool).await,
            }
        };
        match tokio::time::timeout(MIGRATION_LIMIT, run).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(sqlx::migrate::MigrateError::Execute(error))) => Err(error.into()),
            Ok(Err(error)) => Err(StoreError::Refused { why: error.to_string() }),
            Err(_) => Err(StoreError::Away { why: "the migration took more than an hour".into() }),
        }
    }

    /// Close the connections; what runs may end.
    pub async fn close(&self) {
        match self {
            Db::Sqlite { writer, readers, reports, .. } => {
                reports.close().await;
                readers.close().await;
                writer.close().await;
            }
            Db::Postgres { pool, reports, .. } => {
                reports.close().await;
                pool.close().await;
            }
        }
    }

    pub(super) async fn begin(&self) -> Result<Change, StoreError> {
        let limit = CONNECTION_LIMIT + STATEMENT_LIMIT;
        let connection = match self {
            Db::Sqlite { writer, .. } => Connection::Sqlite(within(limit, writer.acquire()).await?),
            Db::Postgres { pool, .. } => Connection::Postgres(within(limit, pool.acquire()).await?),
        };
        let mut change = Change { connection: Some(connection), whole: false };
        change.raw(if self.dialect() == Dialect::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" }).await?;
        Ok(change)
    }

    pub(super) async fn rows(&self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        match self {
            Db::Sqlite { readers, .. } => sqlite_rows(readers, CONNECTION_LIMIT + STATEMENT_LIMIT, sql, values).await,
            Db::Postgres { pool, .. } => {
                postgres_rows(pool, CONNECTION_LIMIT + STATEMENT_LIMIT, STATEMENT_LIMIT, sql, values).await
            }
        }
    }

    /// Where reports are made, and may be drawn: on a thread that gets a processor only where nobody else wants one.
    /// Broken off with the future that waits for it.
    ///
    /// # Errors
    /// `Away` where there is no thread to be had, or `what` has panicked.
    pub async fn behind_others<T: Send + 'static>(
        &self,
        what: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, StoreError> {
        match self {
            Db::Sqlite { aside, .. } | Db::Postgres { aside, .. } => aside.make(what).await,
        }
    }

    /// For a report: on connections of its own that can only read. To be asked on the thread of reports alone, because a
    /// connection's own thread is as patient as the one that opened it.
    pub(super) async fn report_rows(&self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        let turn = REPORT_TURN_LIMIT + REPORT_STATEMENT_LIMIT;
        match self {
            Db::Sqlite { reports, .. } => sqlite_rows(reports, turn, sql, values).await,
            Db::Postgres { reports, .. } => postgres_rows(reports, turn, REPORT_STATEMENT_LIMIT, sql, values).await,
        }
    }

    pub(super) async fn row(&self, sql: &'static str, values: &[Value]) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// One statement that is a change of its own. Says how many rows it touched.
    pub(super) async fn execute(&self, sql: &'static str, values: &[Value]) -> Result<u64, StoreError> {
        let mut change = self.begin().await?;
        let touched = change.execute(sql, values).await?;
        change.commit().await?;
        Ok(touched)
    }

    /// Have the database parse a statement and find its tables and columns.
    ///
    /// # Errors
    /// `Refused` where it cannot, `Away`.
    pub async fn prepare(&self, sql: &'static str) -> Result<(), StoreError> {
        let sql = sqlx::SqlSafeStr::into_sql_str(sql);
        match self {
            Db::Sqlite { writer, .. } => within(STATEMENT_LIMIT, writer.prepare(sql)).await.map(drop),
            Db::Postgres { pool, .. } => within(STATEMENT_LIMIT, pool.prepare(sql)).await.map(drop),
        }
    }

    /// Every column of our tables with its type and whether it may be empty, as the database has it, in lower case
    /// and order: what a test compares between the two.
    pub async fn columns(&self) -> Result<Vec<(String, String, String, bool)>, StoreError> {
        const SQLITE: &str = "SELECT m.name AS t, c.name AS c, LOWER(c.type) AS y, c.\"notnull\" AS n FROM sqlite_master m \
             JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE '\\_%' ESCAPE '\\' \
             AND m.name NOT LIKE 'sqlite%' ORDER BY 1, 2";
        const POSTGRES: &str = "SELECT table_name::text AS t, column_name::text AS c, data_type::text AS y, \
             CASE is_nullable WHEN 'NO' THEN 1::bigint ELSE 0::bigint END AS n FROM information_schema.columns \
             WHERE table_schema = 'public' AND table_name NOT LIKE '\\_%' ORDER BY 1, 2";
        let sql = match self.dialect() {
            Dialect::Sqlite => SQLITE,
            Dialect::Postgres => POSTGRES,
        };
        let mut all = Vec::new();
        for row in self.rows(sql, &[]).await? {
            let text = |column| row.text("columns", column);
            all.push((text("t")?, text("c")?, text("y")?, row.number("columns", "n")? == 1));
        }
        all.sort();
        Ok(all)
    }

    /// All rows of a table as text, sorted: what a test compares between two databases.
    pub async fn dump(&self, sql: &'static str) -> Result<Vec<String>, StoreError> {
        let mut all = Vec::new();
        for row in self.rows(sql, &[]).await? {
            all.push(row.text("dump", "line")?);
        }
        all.sort();
        Ok(all)
    }
}

enum Connection {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

/// A transaction. Dropped without [`Change::commit`] it closes its connection, which undoes it in every case.
pub(super) struct Change {
    connection: Option<Connection>,
    whole: bool,
}

impl Change {
    const fn connection(&mut self) -> Result<&mut Connection, StoreError> {
        match &mut self.connection {
            Some(connection) => Ok(connection),
            None => Err(StoreError::Away { why: String::new() }),
        }
    }

    pub fn dialect(&mut self) -> Result<Dialect, StoreError> {
        Ok(match self.connection()? {
            Connection::Sqlite(_) => Dialect::Sqlite,
            Connection::Postgres(_) => Dialect::Postgres,
        })
    }

    async fn raw(&mut self, sql: &'static str) -> Result<(), StoreError> {
        match self.connection()? {
            Connection::Sqlite(connection) => within(STATEMENT_LIMIT, connection.execute(sql)).await.map(drop),
            Connection::Postgres(connection) => within(STATEMENT_LIMIT, connection.execute(sql)).await.map(drop),
        }
    }

    /// Says how many rows it touched.
    pub async fn execute(&mut self, sql: &'static str, values: &[Value]) -> Result<u64, StoreError> {
        Ok(match self.connection()? {
            Connection::Sqlite(connection) => {
                within(STATEMENT_LIMIT, bound!(sql, values).execute(&mut **connection)).await?.rows_affected()
            }
            Connection::Postgres(connection) => {
                within(STATEMENT_LIMIT, bound!(sql, values).execute(&mut **connection)).await?.rows_affected()
            }
        })
    }

    /// As this transaction sees them.
    pub async fn rows(&mut self, sql: &'static str, values: &[Value]) -> Result<Vec<Row>, StoreError> {
        Ok(match self.connection()? {
            Connection::Sqlite(connection) => {
                let rows = within(STATEMENT_LIMIT, bound!(sql, values).fetch_all(&mut **connection)).await?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Connection::Postgres(connection) => {
                let rows = within(STATEMENT_LIMIT, bound!(sql, values).fetch_all(&mut **connection)).await?;
                rows.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// The one row that there can be.
    pub async fn row(&mut self, sql: &'static str, values: &[Value]) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// Nothing of it was ever there, and its connection stays: what dropping it does not say.
    pub async fn undo(mut self) -> Result<(), StoreError> {
        self.raw("ROLLBACK").await?;
        self.whole = true;
        Ok(())
    }

    /// # Errors
    /// `Away`: whether it was done is not known, and has to be read.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        self.raw("COMMIT").await?;
        self.whole = true;
        Ok(())
    }
}

impl Drop for Change {
    fn drop(&mut self) {
        if self.whole {
            return;
        }
        match &mut self.connection {
            Some(Connection::Sqlite(connection)) => connection.close_on_drop(),
            Some(Connection::Postgres(connection)) => connection.close_on_drop(),
            None => {}
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let why = error.to_string();
        match &error {
            sqlx::Error::Database(said) => {
                let code = said.code().unwrap_or_default();
                let why = format!("{} ({code})", said.message());
                if said.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some() {
                    // PostgreSQL, appendix A: connection, resources, operator intervention, system; deadlock.
                    let away = ["08", "53", "57", "58", "40"].iter().any(|class| code.starts_with(class));
                    if away { StoreError::Away { why } } else { StoreError::Refused { why } }
                } else {
                    // sqlite.org/rescode.html, the low byte: BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN.
                    let low = code.parse::<i32>().map_or(0, |code| code & 0xff);
                    let away = matches!(low, 5 | 6 | 8 | 10 | 13 | 14);
                    if away { StoreError::Away { why } } else { StoreError::Refused { why } }
                }
            }
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => {
                StoreError::Inconsistent { table: "", id: why }
            }
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => StoreError::Away { why },
            // The driver's enum grows.
            _ => StoreError::Refused { why },
        }
    }
}
