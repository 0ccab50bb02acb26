//! Customers by name, or those whose name or number begins with what was typed; a page at a time.

use askama::Template;
use axum::extract::{Query, State};
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;

use crate::customers::{Customer, CustomerId, Line, Number, TextMistake};
use crate::store::customers::Behind;
use crate::web::Web;
use crate::web::pages::frame::{Frame, Noun, Page};
use crate::web::pages::login::IN_QUERY;
use crate::web::pages::mistakes::Mistakes;
use crate::web::pages::problem::Shown;
use crate::web::pages::who::Who;

/// Rows of a page.
const ROWS: u32 = 50;

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    q: String,
    /// The last row of the page before.
    #[serde(default)]
    after: String,
}

#[derive(Template)]
#[template(path = "customers/list.html")]
pub struct List {
    frame: Frame,
    asked: Asked,
    mistakes: Mistakes,
    rows: Vec<Row>,
    older: Option<String>,
    /// Whether it is a page behind the first.
    further: bool,
}

struct Row {
    id: CustomerId,
    name: String,
    numbers: String,
    note: String,
    changed: String,
}

/// A place that no page of ours ends at is the beginning.
fn place(after: &str) -> Option<Behind> {
    let (sought, customer) = after.rsplit_once('~')?;
    let customer = customer.parse().ok().and_then(CustomerId::new)?;
    (!sought.contains(char::is_control)).then(|| Behind { sought: sought.to_owned(), customer })
}

fn address(q: &str, after: Option<&Behind>) -> String {
    let q = (!q.is_empty()).then(|| format!("q={}", utf8_percent_encode(q, IN_QUERY)));
    let after = after.map(|behind| {
        let place = format!("{}~{}", behind.sought, behind.customer);
        format!("after={}", utf8_percent_encode(&place, IN_QUERY))
    });
    format!("/customers?{}", q.into_iter().chain(after).collect::<Vec<_>>().join("&"))
}

pub async fn show(State(web): State<Web>, who: Who, Query(asked): Query<Asked>) -> Shown<Page<List>> {
    let frame = who.frame(&web, Noun::Customers);
    let mut mistakes = Mistakes::default();
    let typed = match Line::of(&asked.q) {
        Err(TextMistake::Empty) => Some(String::new()),
        read => mistakes.take(frame.t, "q", read).map(|line| line.to_string()),
    };
    let behind = place(&asked.after);
    let (mut rows, mut older) = (Vec::new(), None);
    if let Some(typed) = typed {
        let home = web.handle.plan(who.centre()).and_then(|plan| plan.country);
        let found = web.db.find_customers(who.centre(), &typed, behind.as_ref(), ROWS, home).await?;
        older = found.next.as_ref().map(|next| address(&asked.q, Some(next)));
        rows = found.customers.iter().map(|customer| row(&frame, customer)).collect();
    }
    Ok(Page(List { further: behind.is_some(), frame, asked, mistakes, rows, older }))
}

fn row(frame: &Frame, customer: &Customer) -> Row {
    let numbers: Vec<&str> = customer.record.numbers.iter().map(Number::as_str).collect();
    Row {
        id: customer.id,
        name: customer.record.name.as_ref().map_or_else(String::new, ToString::to_string),
        numbers: numbers.join(" · "),
        // What is read at a glance; the record has all.
        note: customer.record.note.as_str().lines().next().unwrap_or_default().chars().take(80).collect(),
        changed: frame.zone.day_and_minute(customer.changed),
    }
}
