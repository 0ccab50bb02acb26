//! A print as it lies in somebody's hand: a PDF that poppler reads (`pdfinfo`, `pdftotext -bbox`, `pdffonts`), page by
//! page and word by word.

use std::path::{Path, PathBuf};
use std::process::Command;

use fantoccini::wd::{PrintConfiguration, PrintSize};

use crate::browser::Browser;

/// A word and where it stands, in points from the upper left corner.
#[derive(Clone, Debug)]
pub struct Word {
    pub text: String,
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

#[derive(Debug)]
pub struct Page {
    pub width: f64,
    pub height: f64,
    pub words: Vec<Word>,
}

/// What came out of the printer.
pub struct Paper {
    pub path: PathBuf,
    pub pages: Vec<Page>,
}

/// The middles of words on one line differ by less, in points, and those of two lines by more.
const A_LINE: f64 = 3.0;

/// A4 and Letter, upright, in centimetres as WebDriver has them.
pub const A4: PrintSize = PrintSize::A4;
pub const LETTER: PrintSize = PrintSize::US_LETTER;

impl Paper {
    /// As the browser's own dialog prints: on this paper, with what the page says of margins and the way it lies. It is
    /// kept as `target/screenshots/<name>.pdf`, to be looked at.
    pub async fn printed(browser: &Browser, size: PrintSize, name: &str) -> Self {
        let how = PrintConfiguration::builder().size(size).shrink_to_fit(false).build().expect("a paper");
        let pdf = browser.client.print(how).await.expect("printed");
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
        let path = directory.join(format!("{name}.pdf"));
        std::fs::create_dir_all(&directory).and_then(|()| std::fs::write(&path, pdf)).expect("written");
        let pages = read(&poppler("pdftotext", &["-bbox"], &path, &["-"]));
        Self { path, pages }
    }

    /// The fonts that are not in it: on another machine their text looks otherwise, or is not there.
    pub fn missing_fonts(&self) -> Vec<String> {
        let table = poppler("pdffonts", &[], &self.path, &[]);
        let fonts = table.lines().skip(2);
        // The columns from the right: object (two), unicode, subset, embedded.
        fonts.filter(|line| line.split_whitespace().rev().nth(4) != Some("yes")).map(str::to_owned).collect()
    }

    /// How `pdfinfo` names the paper.
    pub fn size(&self) -> String {
        let said = poppler("pdfinfo", &[], &self.path, &[]);
        said.lines().find_map(|line| line.strip_prefix("Page size:")).expect("a size").trim().to_owned()
    }

    /// All the text of it, in the order of reading.
    pub fn text(&self) -> String {
        poppler("pdftotext", &["-layout"], &self.path, &["-"])
    }
}

impl Page {
    /// The words of each line that begins with what `begins` knows, from left to right. Boxes of neighbouring lines reach
    /// into each other (they are as high as a font's highest letter), so a line is told by its middle.
    pub fn lines(&self, begins: impl Fn(&str) -> bool) -> Vec<Vec<&Word>> {
        let mut lines = Vec::new();
        for head in self.words.iter().filter(|word| begins(&word.text)) {
            let mut on: Vec<&Word> =
                self.words.iter().filter(|word| (word.middle() - head.middle()).abs() < A_LINE).collect();
            on.sort_by(|a, b| a.left.total_cmp(&b.left));
            if std::ptr::eq(on[0], head) {
                lines.push(on);
            }
        }
        lines
    }

    /// All above this height, without blanks, in the order of reading.
    pub fn above(&self, middle: f64) -> String {
        let words = self.words.iter().filter(|word| word.middle() < middle - A_LINE);
        words.map(|word| word.text.as_str()).collect()
    }

    /// All of it, without blanks.
    pub fn all(&self) -> String {
        self.above(f64::INFINITY)
    }
}

impl Word {
    pub fn middle(&self) -> f64 {
        f64::midpoint(self.top, self.bottom)
    }
}

fn poppler(program: &str, before: &[&str], path: &Path, after: &[&str]) -> String {
    let ran = Command::new(program).args(before).arg(path).args(after).output();
    let ran =
        ran.unwrap_or_else(|error| panic!("{program}: {error}. Install it (Debian: apt-get install poppler-utils)."));
    assert!(ran.status.success(), "{program}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).expect("UTF-8")
}

/// The pages of `pdftotext -bbox`: each word and each page a line of XML.
fn read(xml: &str) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::new();
    for line in xml.lines().map(str::trim) {
        let number = |name: &str| -> f64 {
            let rest = line.split_once(&format!("{name}=\"")).expect(line).1;
            rest.split_once('"').expect(line).0.parse().expect(line)
        };
        if line.starts_with("<page ") {
            pages.push(Page { width: number("width"), height: number("height"), words: Vec::new() });
        } else if line.starts_with("<word ") {
            let text = line.split_once('>').expect(line).1.trim_end_matches("</word>");
            let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
            let (left, top, right, bottom) = (number("xMin"), number("yMin"), number("xMax"), number("yMax"));
            pages.last_mut().expect("a page").words.push(Word { text, left, top, right, bottom });
        }
    }
    pages
}
