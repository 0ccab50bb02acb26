//! What every page must pass, whatever is on it: nothing in the console, nothing that axe finds serious, one language,
//! no scrolling sideways.

use serde_json::{Value, json};

use crate::browser::{Browser, Language};
use crate::samples::WIDE;

/// Names that stand within sentences and titles; others stand in elements that say so.
const NAMES: &[&str] = &[
    "Cordboard",
    "Mira Osei",
    "Otto Berg",
    "Sofia Lindqvist",
    "Ada Keller",
    "Li Wei",
    WIDE,
    "mira",
    "service",
    "main",
];

/// All of what is wrong at once, so that a page is mended once.
pub async fn mistakes(browser: &Browser, language: Language) -> Vec<String> {
    let mut found = browser.console().await;
    found.extend(sideways(browser).await);
    found.extend(same_names(browser).await);
    found.extend(strange_words(browser, language).await);
    found.extend(unusable(browser).await);
    found
}

fn lines(said: &Value) -> Vec<String> {
    said.as_array().into_iter().flatten().filter_map(|line| line.as_str().map(str::to_owned)).collect()
}

/// Whatever is wider than the screen, other than in a part that scrolls by itself.
async fn sideways(browser: &Browser) -> Vec<String> {
    let script = "
        const wide = document.documentElement.clientWidth;
        if (document.scrollingElement.scrollWidth <= wide) return [];
        const out = [...document.body.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > wide + 1);
        const named = out.slice(-5).map((e) => `${e.tagName.toLowerCase()}${e.id ? '#' + e.id : ''}.${e.className}`);
        return [`scrolls sideways: ${document.scrollingElement.scrollWidth} of ${wide}: ${named.join(', ')}`];";
    lines(&browser.script(script, vec![]).await)
}

/// Two elements of one id: a piece that comes later finds the first of them only, and the other one stays as it was.
async fn same_names(browser: &Browser) -> Vec<String> {
    let script = "
        const all = [...document.querySelectorAll('[id]')].map((e) => e.id);
        const again = new Set(all.filter((id, n) => all.indexOf(id) !== n));
        return [...again].map((id) => `more than one element is called ${id}`);";
    lines(&browser.script(script, vec![]).await)
}

/// Words of the other language, outside of names: those stand in elements with `translate=\"no\"`, or within a sentence
/// (then they are known here, or look like an address). Words that only a reader hears count as well.
async fn strange_words(browser: &Browser, language: Language) -> Vec<String> {
    let script = "
        const [tag, names] = arguments;
        const strange = tag === 'zh' ? /[A-Za-z]{2,}(?:[ '-][A-Za-z]+)*/g : /[\\u3400-\\u9fff\\uf900-\\ufaff]+/g;
        const found = new Set();
        const foreign = (e) => e.closest('[translate=no], script, style, svg, kbd, textarea')
            || e.closest('[lang]:not(html)') && e.closest('[lang]').lang !== document.documentElement.lang;
        const look = (text, where) => {
            let rest = text.replace(/\\S*[\\/@0-9]\\S*/g, ' ');
            for (const name of names) rest = rest.replaceAll(name, ' ');
            for (const word of rest.match(strange) ?? []) found.add(`${where}: ${word}`);
        };
        const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (walk.nextNode()) {
            const { parentElement: e, data } = walk.currentNode;
            if (!foreign(e)) look(data, e.tagName.toLowerCase());
        }
        for (const e of document.body.querySelectorAll('[aria-label], [title], [placeholder], [alt], [data-yes]')) {
            if (foreign(e)) continue;
            for (const name of ['aria-label', 'title', 'placeholder', 'alt', 'data-yes', 'data-no']) {
                if (e.hasAttribute(name)) look(e.getAttribute(name), `${e.tagName.toLowerCase()}[${name}]`);
            }
        }
        look(document.title, 'title');
        if (!document.documentElement.lang.startsWith(tag)) found.add(`the page says it is in ${document.documentElement.lang}`);
        return [...found].map((word) => `in the other language: ${word}`);";
    let tag = if language == Language::Chinese { "zh" } else { "en" };
    lines(&browser.script(script, vec![tag.into(), json!(NAMES)]).await)
}

/// What keeps somebody from using the page (WCAG), as axe finds it.
async fn unusable(browser: &Browser) -> Vec<String> {
    const AXE: &str = include_str!("../../node_modules/axe-core/axe.min.js");
    if browser.script("return !window.axe", vec![]).await == true {
        browser.script(AXE, vec![]).await;
    }
    let script = "
        const [done] = arguments;
        axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) => done(violations
            .filter(({ impact }) => impact === 'serious' || impact === 'critical')
            .flatMap(({ id, help, nodes }) => nodes.map(({ target, failureSummary }) =>
                `${id} (${help}): ${target.join(' ')}: ${failureSummary.split('\\n').slice(1).join(' ')}`))),
            (error) => done([String(error)]));";
    let found = browser.client.execute_async(script, vec![]).await.expect("axe ends");
    lines(&found)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_check_finds_what_it_is_for() {
    crate::scenario::play("checks", async |stage| {
        let browser = stage.browser(crate::browser::Manner::default()).await;
        browser.goto("/login").await;
        assert_eq!(mistakes(&browser, Language::English).await, Vec::<String>::new());
        let spoil = "
            console.error('a mistake');
            const add = (tag, attributes, text = '') => {
                const added = Object.assign(document.createElement(tag), { textContent: text });
                for (const [name, value] of Object.entries(attributes)) added.setAttribute(name, value);
                document.querySelector('main').append(added);
                return added;
            };
            add('p', { title: '外' }, '中文 Otto');
            add('p', { translate: 'no' }, '名字');
            add('img', { src: 'data:,' });
            for (const n of [1, 2]) add('p', { id: 'twice' });
            add('p', {}, 'wide').style.width = '3000px';";
        browser.script(spoil, vec![]).await;
        let found = mistakes(&browser, Language::English).await.join("\n");
        for kind in ["a mistake", "scrolls sideways", "called twice", "p: 中文", "p[title]: 外", "image-alt"] {
            assert!(found.contains(kind), "{kind} is not in:\n{found}");
        }
        assert!(!found.contains("名字"), "{found}");
    })
    .await;
}
