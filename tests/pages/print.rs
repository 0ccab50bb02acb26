//! The report on paper: what a supervisor prints on Monday morning, on A4 and on Letter, in both languages.

use fantoccini::wd::PrintSize;
use sqlx::{Connection, Executor, SqliteConnection};

use crate::browser::{Browser, Language, Manner};
use crate::centre::Centre;
use crate::paper::{A4, LETTER, Page, Paper};
use crate::scenario::{Stage, play};

/// Three days in Shanghai by half hours: 144 rows, of 12,000 calls.
const DAYS: &str = "/reports/queues?from=2026-03-02&to=2026-03-04&width=half";
const ROWS: usize = 144;
const CALLS: u32 = 12_000;
/// 2026-03-02 00:00 in Shanghai.
const FIRST_MS: i64 = 1_772_380_800_000;
const BETWEEN_MS: i64 = 3 * 86_400_000 / CALLS as i64;

/// Half an inch, the most that a printer cannot reach, is 36 points; we leave a little less, as most printers do.
const MARGIN: f64 = 24.0;

/// Stays of every kind, so that no column is left out: the widest that the table gets.
async fn three_days(centre: &Centre) {
    centre.starts_work("mira").await;
    let path = centre.hall.directory.path().join("cordboard.db");
    let mut database = SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.expect("the file");
    let sql = format!(
        "INSERT INTO queue_stays (centre, seq, n, call, queue, joined_ms, came_from, left_ms, how, agent, talk_ms, hold_ms, \
         wrap_up_ms) \
         WITH RECURSIVE calls (k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM calls WHERE k < {CALLS} - 1), \
         kinds AS (SELECT k, {FIRST_MS} + k * {BETWEEN_MS} AS joined, CASE k % 40 WHEN 0 THEN 'abandoned' WHEN 1 THEN 'abandoned' \
         WHEN 2 THEN 'waited' WHEN 3 THEN 'moved' WHEN 4 THEN 'ended_by_us' WHEN 5 THEN 'ended_unseen' \
         WHEN 6 THEN 'called_back' WHEN 7 THEN 'full' WHEN 8 THEN 'nobody_logged_in' ELSE 'connected' END AS how FROM calls) \
         SELECT 'demo', 1000000 + k, 0, printf('c0000000009-%08d', k), 'service', joined, \
         CASE k % 40 WHEN 9 THEN 'complaints' END, \
         CASE WHEN how IN ('full', 'nobody_logged_in') THEN joined WHEN k % 40 = 1 THEN joined + 2000 \
         WHEN k % 400 = 20 THEN joined + 3725000 WHEN k % 8 = 5 THEN joined + 41000 ELSE joined + 12000 END, how, \
         CASE how WHEN 'connected' THEN 'mira' END, CASE how WHEN 'connected' THEN 754000 END, \
         CASE how WHEN 'connected' THEN 61000 END, CASE how WHEN 'connected' THEN 20000 END FROM kinds"
    );
    database.execute(sqlx::AssertSqlSafe(sql)).await.expect("written");
}

/// What one sheet must pass, in the words of its language.
struct Words {
    heads: &'static [&'static str],
    /// The page of how many, without blanks.
    page: fn(usize, usize) -> String,
    margin: &'static str,
    text: &'static [&'static str],
}

const ENGLISH: Words = Words {
    heads: &[
        "Interval",
        "carried",
        "offered",
        "answered",
        "abandoned",
        "overflowed",
        "call-",
        "unseen",
        "waiting",
        "logged",
        "service",
        "connection",
        "speed",
        "handle",
        "longest",
        "came",
        "became",
    ],
    page: |n, of| format!("page{n}of{of}"),
    margin: "SouthwingService·printedbySofiaLindqvist",
    text: &["Queue by interval", "Asia/Shanghai", "answered by a person / asked for a person"],
};

const CHINESE: Words = Words {
    heads: &[
        "时段",
        "期初等待",
        "呼入",
        "接通",
        "放弃",
        "溢出",
        "转回呼",
        "系统挂断",
        "结束未见",
        "期末等待",
        "短时放弃",
        "服务水平",
        "接通率",
        "平均应答",
        "平均处理",
        "最长等待",
        "进入",
        "去向",
        "另计",
    ],
    page: |n, of| format!("第{n}页，共{of}页"),
    margin: "南方之翼服务中心·打印人SofiaLindqvist",
    text: &["队列分时段报表", "人工接通 / 请求人工", "保留位置转为回呼；不算放弃"],
};

async fn supervisor(stage: &Stage, language: Language, dark: bool) -> Browser {
    let browser = stage.browser(Manner { language, dark, ..Manner::default() }).await;
    browser.log_in("sofia").await;
    browser.goto(DAYS).await;
    browser.sees(".report tfoot").await;
    browser
}

/// A row's first words: its day and its time.
fn is_day(text: &str) -> bool {
    matches!(text, "03-02" | "03-03" | "03-04")
}

/// What is wrong with this page.
fn mistakes(page: &Page, n: usize, of: usize, words: &Words, rows: &mut Vec<String>) -> Vec<String> {
    let mut wrong = Vec::new();
    for word in &page.words {
        let sideways = word.left < MARGIN || word.right > page.width - MARGIN;
        if sideways || word.top < MARGIN / 2.0 || word.bottom > page.height - MARGIN / 2.0 {
            wrong.push(format!("page {n}: {word:?} is cut, or no printer reaches it"));
        }
    }
    let whole = page.all();
    for margin in [(words.page)(n, of), words.margin.to_owned()] {
        if !whole.contains(&margin) {
            wrong.push(format!("page {n}: no {margin}"));
        }
    }
    // The chart's axis begins with a day as well.
    let lines: Vec<_> = page.lines(is_day).into_iter().filter(|line| line[0].left < 45.0).collect();
    let Some(first) = lines.first() else { return wrong };
    let heads = page.above(first[0].middle());
    wrong.extend(words.heads.iter().filter(|head| !heads.contains(**head)).map(|head| format!("page {n}: no {head}")));
    let foot = page.words.iter().map(super::paper::Word::middle).fold(0.0, f64::max);
    for line in &lines {
        let said: Vec<&str> = line.iter().map(|word| word.text.as_str()).collect();
        // Day and time, fourteen counts, two shares, three times.
        if said.len() != 2 + 14 + 5 || line[0].middle() > foot - 20.0 {
            wrong.push(format!("page {n}: a row is not whole: {said:?}"));
        }
        rows.push(format!("{} {}", said[0], said[1]));
    }
    wrong
}

/// Prints it, and looks at every sheet. `paper`: as `pdfinfo` says it.
async fn prints(browser: &Browser, size: PrintSize, paper: &str, name: &str, words: &Words) {
    let printed = Paper::printed(browser, size, name).await;
    assert!(printed.size().contains(paper), "{name} is on {}", printed.size());
    assert!(printed.pages.iter().all(|page| page.width > page.height), "{name} stands upright");
    let of = printed.pages.len();
    assert!((4..=8).contains(&of), "{name} has {of} pages");
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for (n, page) in printed.pages.iter().enumerate() {
        wrong.extend(mistakes(page, n + 1, of, words, &mut rows));
    }
    assert!(wrong.is_empty(), "{name}:\n{}", wrong.join("\n"));
    assert_eq!(rows.len(), ROWS, "{name}: {rows:?}");
    assert!(rows.is_sorted() && rows.windows(2).all(|two| two[0] != two[1]), "{name}: {rows:?}");
    let text = printed.text();
    for expected in words.text {
        assert!(text.contains(expected), "{name}: no {expected:?} in\n{text}");
    }
    assert_eq!(printed.missing_fonts(), Vec::<String>::new(), "{name}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_on_paper_is_whole_on_every_sheet_of_it() {
    play("print", async |stage| {
        three_days(&stage.centre).await;
        let sofia = supervisor(stage, Language::English, false).await;
        prints(&sofia, A4, "(A4)", "print-a4", &ENGLISH).await;
        prints(&sofia, LETTER, "(letter)", "print-letter", &ENGLISH).await;
    })
    .await;
}

/// On white paper, whatever she chose for the screen.
#[tokio::test(flavor = "multi_thread")]
async fn who_likes_the_screen_dark_still_prints_dark_on_white() {
    const INK: &str = "rgb(31, 28, 23)";
    play("print-dark", async |stage| {
        let sofia = supervisor(stage, Language::English, false).await;
        sofia.press(".menu summary").await;
        sofia.press("button[name=look][value=dark]").await;
        sofia.sees("html[data-look=dark] .report").await;
        let ink =
            async || sofia.script("return getComputedStyle(document.querySelector('.report h1')).color", vec![]).await;
        assert_ne!(ink().await, INK, "on the screen");
        sofia.cdp("Emulation.setEmulatedMedia", serde_json::json!({ "media": "print" })).await;
        assert_eq!(ink().await, INK, "on paper");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_in_chinese_is_printed_in_chinese() {
    play("print-zh", async |stage| {
        three_days(&stage.centre).await;
        let sofia = supervisor(stage, Language::Chinese, true).await;
        prints(&sofia, A4, "(A4)", "print-a4-zh", &CHINESE).await;
        prints(&sofia, LETTER, "(letter)", "print-letter-zh", &CHINESE).await;
    })
    .await;
}
