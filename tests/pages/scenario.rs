//! A scenario: one centre, its browsers, and what is left of them when it fails.

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Mutex;

use futures_util::FutureExt;

use crate::browser::{Browser, Driver, Manner};
use crate::centre::Centre;

pub struct Stage {
    pub centre: Centre,
    driver: Driver,
    browsers: Mutex<Vec<Browser>>,
}

impl Stage {
    pub async fn browser(&self, manner: Manner) -> Browser {
        let browser = self.driver.browser(&self.centre.wire.base, manner).await;
        self.browsers.lock().expect("no other test").push(browser.clone());
        browser
    }

    /// Somebody who has logged in.
    pub async fn somebody(&self, name: &str) -> Browser {
        let browser = self.browser(Manner::default()).await;
        browser.log_in(name).await;
        browser
    }

    fn all(&self) -> Vec<Browser> {
        self.browsers.lock().expect("no other test").clone()
    }
}

/// Plays it in a centre of its own. Where it fails, `target/screenshots/<name>-<n>.png` show what each browser showed.
/// At the end no console may have anything to say that the scenario has not asked for and heard itself.
pub async fn play(name: &str, scenario: impl AsyncFnOnce(&Stage)) {
    play_in(Centre::open().await, name, scenario).await;
}

pub async fn play_in(centre: Centre, name: &str, scenario: impl AsyncFnOnce(&Stage)) {
    let stage = Stage { centre, driver: Driver::start().await, browsers: Mutex::default() };
    let played = AssertUnwindSafe(async {
        scenario(&stage).await;
        for browser in stage.all() {
            let said = browser.console().await;
            assert!(said.is_empty(), "the console says:\n{}", said.join("\n"));
        }
    });
    let ended = played.catch_unwind().await;
    if let Err(failure) = ended {
        for (n, browser) in stage.all().iter().enumerate() {
            keep(browser, &format!("{name}-{n}")).await;
        }
        std::panic::resume_unwind(failure);
    }
    stage.centre.close().await;
}

/// As far as the browser still answers.
async fn keep(browser: &Browser, name: &str) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
    let shot = tokio::time::timeout(std::time::Duration::from_secs(10), browser.client.screenshot()).await;
    if let Ok(Ok(picture)) = shot {
        let path = directory.join(format!("{name}.png"));
        let kept = std::fs::create_dir_all(&directory).and_then(|()| std::fs::write(&path, picture));
        eprintln!("{}: {kept:?}", path.display());
    }
    if let Ok(Ok(at)) = tokio::time::timeout(std::time::Duration::from_secs(5), browser.client.current_url()).await {
        eprintln!("at {at}");
    }
}
