//! The store and its filler on both databases there are: the same statements, the same columns, the same rows,
//! whatever is killed, stopped or locked meanwhile.

#[path = "../parts/postgres.rs"]
mod postgres;

mod acquaintance;
mod audit;
mod audited;
mod call_lists;
mod cases;
mod customers;
mod dials;
mod escalating;
mod filling;
mod history;
mod holds;
mod keys;
mod passed_on;
mod people;
mod pins;
mod promises;
mod queue_report;
mod remaking;
mod sessions;
mod shift;
mod tables;
mod upgraded;

use cordboard::store::Db;
use postgres::Postgres;

/// Both databases, empty and brought to this version; what must live as long as they do.
pub struct Both {
    pub all: [Db; 2],
    /// `all[0]`, the file.
    pub file: std::path::PathBuf,
    /// `all[1]`, the address.
    pub url: String,
    urls: [String; 2],
    _server: Postgres,
    _dir: tempfile::TempDir,
}

impl Both {
    pub async fn new() -> Self {
        let server = Postgres::start();
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("cordboard.db");
        let url = server.database();
        let all = [sqlite(&file).await, connected(&url).await];
        let urls = [format!("sqlite:{}", file.display()), url.clone()];
        Self { all, file, url, urls, _server: server, _dir: dir }
    }

    /// The addresses of both, for somebody who comes past us.
    pub fn urls(&self) -> [String; 2] {
        self.urls.clone()
    }
}

pub async fn connected(url: &str) -> Db {
    let db = Db::connect(url).expect("an address");
    db.migrate().await.expect("tables");
    db
}

pub async fn sqlite(file: &std::path::Path) -> Db {
    connected(&format!("sqlite:{}", file.display())).await
}

/// All rows of all our tables, as text.
pub async fn rows(db: &Db) -> Vec<(String, Vec<String>)> {
    let mut tables: Vec<(String, Vec<String>)> = Vec::new();
    for (table, column, _, _) in db.columns().await.expect("columns") {
        match tables.last_mut() {
            Some((last, columns)) if *last == table => columns.push(column),
            _ => tables.push((table, vec![column])),
        }
    }
    let mut all = Vec::new();
    for (table, columns) in tables {
        let columns: Vec<String> =
            columns.iter().map(|column| format!("COALESCE(CAST({column} AS TEXT), '-')")).collect();
        let sql = format!("SELECT {} AS line FROM {table}", columns.join(" || '|' || "));
        let lines = db.dump(sql.leak()).await.expect("rows");
        all.push((table, lines));
    }
    all
}
