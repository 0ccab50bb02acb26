//! How long it takes from the offer (the fact's own time) until the caller stands on the agent's page, with a hundred
//! desks open and calls on all of them: `cargo bench --bench pop` prints a table, and fails where the 99th of a hundred
//! takes longer than the aim. It needs chromium-driver, and the machine to itself.

#[allow(dead_code, reason = "a part of the tests of pages, which use all of it")]
#[path = "../../pages/browser.rs"]
mod browser;
#[allow(dead_code, reason = "a part of the tests of pages, which use all of it")]
#[path = "../../pages/centre.rs"]
mod centre;
#[allow(dead_code, reason = "a part of the tests of the interface, which use all of it")]
#[path = "../../web/desk.rs"]
mod desk;
#[allow(dead_code, unused_imports, reason = "a part of the tests of the interface, which use all of it")]
#[path = "../../web/document.rs"]
mod document;
#[allow(dead_code, reason = "a part of the tests of pages, which use all of it")]
#[path = "../../pages/scenario.rs"]
mod scenario;
#[allow(dead_code, reason = "a part of the tests of pages, which use all of it")]
#[path = "../../pages/wire.rs"]
mod wire;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cordboard::routing::Fact;
use cordboard::store::agents::Role;
use cordboard::switch::rehearsal::{Habit, Span};
use reqwest::Method;

use crate::centre::Centre;
use crate::scenario::play;

const DESKS: usize = 100;
/// Pops measured, over two real browsers.
const POPS: usize = 200;
const AIM_MS: f64 = 100.0;
const BACKGROUND_EVERY: Duration = Duration::from_millis(200);

const WATCH: &str = "
    window.pops = [];
    const look = () => {
        const call = document.querySelector('#desk-call [data-call]')?.dataset.call;
        if (call && !window.pops.some(([known]) => known === call)) window.pops.push([call, performance.timeOrigin + performance.now()]);
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true });";

/// Everybody but the two who are measured: reads their stream, and handles calls of the other queue.
async fn crowd(centre: &Centre) {
    for n in 2..DESKS {
        let name = format!("crowd{n}");
        centre.add(&name, &name, Role::Agent).await;
        centre.phone(&name, Habit::Answers { after: Span::ms(1, 5), talks: Some(Span::ms(200, 600)) });
        let seat = serde_json::json!({ "station": format!("PJSIP/{name}"), "queues": ["complaints"], "skills": {} });
        let (status, said) = centre.hall.ask(Method::PUT, &format!("/agents/{name}/session"), Some(seat)).await;
        assert_eq!(status, 200, "{said}");
        let cookie = centre.session(&name).await;
        let mut stream = centre.asks(Method::GET, "/live", &cookie).send().await.expect("an answer");
        assert_eq!(stream.status(), 200);
        tokio::spawn(async move { while let Ok(Some(_)) = stream.chunk().await {} });
    }
}

fn table(mut took: Vec<f64>) -> f64 {
    took.sort_by(f64::total_cmp);
    let at = |share: f64| {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a rank"
        )]
        let rank = (share * (took.len() - 1) as f64).round() as usize;
        took[rank]
    };
    println!("offer to page, ms, {DESKS} desks open, {} pops", took.len());
    println!("| p50 | p90 | p99 | longest |\n|---|---|---|---|");
    println!("| {:.0} | {:.0} | {:.0} | {:.0} |", at(0.5), at(0.9), at(0.99), at(1.0));
    at(0.99)
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(from_the_offer_to_the_page());
}

async fn from_the_offer_to_the_page() {
    play("latency", async |stage| {
        let centre = &stage.centre;
        crowd(centre).await;
        let offers: Arc<Mutex<BTreeMap<String, i64>>> = Arc::default();
        let mut happened = centre.hall.handle.happened();
        let heard = offers.clone();
        tokio::spawn(async move {
            while let Ok(happened) = happened.recv().await {
                if let Fact::OfferMade { call, .. } = &happened.fact {
                    heard.lock().expect("one writer").entry(call.to_string()).or_insert(happened.at.as_ms());
                }
            }
        });
        let pair = ["mira", "otto"];
        let mut browsers = Vec::new();
        for name in pair {
            let browser = stage.somebody(name).await;
            browser.live().await;
            browser.script(WATCH, vec![]).await;
            let seat = serde_json::json!({ "station": format!("PJSIP/{name}"), "queues": ["service"], "skills": {} });
            centre.hall.ask(Method::PUT, &format!("/agents/{name}/session"), Some(seat)).await;
            centre.phone(name, Habit::Answers { after: Span::ms(1, 5), talks: Some(Span::ms(50, 60)) });
            browsers.push(browser);
        }
        for pop in 0..POPS {
            centre.call(&format!("measured {pop}"), '1');
            // Whoever wraps up is done: all of them answer by themselves.
            for _ in 0..3 {
                centre.call("one of the crowd", '2');
                tokio::time::sleep(BACKGROUND_EVERY).await;
                centre.all_done().await;
            }
        }
        let mut took = Vec::new();
        for browser in &browsers {
            let pops = browser.script("return window.pops", vec![]).await;
            let offers = offers.lock().expect("one writer");
            for pop in pops.as_array().into_iter().flatten() {
                let (Some(call), Some(at)) = (pop[0].as_str(), pop[1].as_f64()) else { continue };
                #[allow(clippy::cast_precision_loss, reason = "milliseconds of this century fit")]
                took.extend(offers.get(call).map(|offered| at - *offered as f64));
            }
        }
        assert!(took.len() > POPS / 2, "{} pops", took.len());
        let p99 = table(took);
        assert!(p99 < AIM_MS, "p99 is {p99:.0} ms");
    })
    .await;
}
