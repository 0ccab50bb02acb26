//! Statements about many rows at once: a round trip to a database costs more than a row.
//!
//! Their number of rows is a power of two, so that few texts are prepared and every one stays prepared.

use std::sync::OnceLock;

use super::StoreError;
use super::driver::{Change, Db, Dialect, Row, Value};

/// Up to 32 rows. The widest table has 18 columns: 576 values, of 32,766 that SQLite and 65,535 that PostgreSQL take. More
/// won nothing.
const POWERS: usize = 6;

/// `head`, then so many rows of `columns` places, then `tail`.
pub(super) struct ManyRows {
    head: &'static str,
    columns: usize,
    tail: &'static str,
    texts: OnceLock<Vec<String>>,
    /// The same with places that have no name: SQLite finds a name by walking through all of them, for each, which took half
    /// of the time that filling takes.
    unnamed: OnceLock<Vec<String>>,
}

/// `head` with the centre as `$1`, then so many places in brackets.
pub(super) struct ManyKeys {
    head: &'static str,
    texts: OnceLock<Vec<String>>,
}

/// The powers of two, the greatest first.
fn sizes() -> impl Iterator<Item = (usize, usize)> {
    (0..POWERS).rev().map(|power| (power, 1 << power))
}

fn places(first: usize, count: usize) -> String {
    let places: Vec<String> = (first..first + count).map(|place| format!("${place}")).collect();
    format!("({})", places.join(", "))
}

impl ManyRows {
    pub const fn new(head: &'static str, columns: usize, tail: &'static str) -> Self {
        Self { head, columns, tail, texts: OnceLock::new(), unnamed: OnceLock::new() }
    }

    /// By power.
    pub fn texts(&'static self) -> &'static [String] {
        self.texts.get_or_init(|| self.written(|row| places(1 + row * self.columns, self.columns)))
    }

    /// By power, as this database is told. The values are given in the order of their places, so that no name is needed.
    fn texts_for(&'static self, dialect: Dialect) -> &'static [String] {
        match dialect {
            Dialect::Postgres => self.texts(),
            Dialect::Sqlite => {
                self.unnamed.get_or_init(|| self.written(|_| format!("({})", vec!["?"; self.columns].join(", "))))
            }
        }
    }

    fn written(&self, row: impl Fn(usize) -> String) -> Vec<String> {
        let text = |power: usize| {
            let rows: Vec<String> = (0..1 << power).map(&row).collect();
            format!("{} {} {}", self.head, rows.join(", "), self.tail)
        };
        (0..POWERS).map(text).collect()
    }

    /// `values` are whole rows, one after another.
    pub async fn execute(&'static self, change: &mut Change, values: &[Value]) -> Result<(), StoreError> {
        let texts = self.texts_for(change.dialect()?);
        let mut rest = values;
        for (power, rows) in sizes() {
            let Some(text) = texts.get(power) else { continue };
            while let Some((piece, after)) = rest.split_at_checked(rows * self.columns) {
                change.execute(text, piece).await?;
                rest = after;
            }
        }
        Ok(())
    }
}

impl ManyKeys {
    pub const fn new(head: &'static str) -> Self {
        Self { head, texts: OnceLock::new() }
    }

    /// By power.
    pub fn texts(&'static self) -> &'static [String] {
        self.texts.get_or_init(|| (0..POWERS).map(|power| format!("{} {}", self.head, places(2, 1 << power))).collect())
    }

    pub async fn rows(
        &'static self,
        change: &mut Change,
        centre: &str,
        keys: impl IntoIterator<Item = String>,
    ) -> Result<Vec<Row>, StoreError> {
        let mut all = Vec::new();
        for (text, values) in self.pieces(centre, keys) {
            all.extend(change.rows(text, &values).await?);
        }
        Ok(all)
    }

    /// As the database has them now, outside of a transaction.
    pub async fn rows_now(
        &'static self,
        db: &Db,
        centre: &str,
        keys: impl IntoIterator<Item = String>,
    ) -> Result<Vec<Row>, StoreError> {
        let mut all = Vec::new();
        for (text, values) in self.pieces(centre, keys) {
            all.extend(db.rows(text, &values).await?);
        }
        Ok(all)
    }

    fn pieces(&'static self, centre: &str, keys: impl IntoIterator<Item = String>) -> Vec<(&'static str, Vec<Value>)> {
        let keys: Vec<Value> = keys.into_iter().map(Value::from).collect();
        let mut pieces = Vec::new();
        for piece in keys.chunks(1 << (POWERS - 1)) {
            let size = piece.len().next_power_of_two();
            let Some((text, last)) = self.texts().get(size.trailing_zeros() as usize).zip(piece.last()) else {
                continue;
            };
            let mut values = Vec::with_capacity(1 + size);
            values.push(Value::from(centre));
            values.extend_from_slice(piece);
            // A key named twice is found once.
            values.resize(1 + size, last.clone());
            pieces.push((text.as_str(), values));
        }
        pieces
    }
}
