//! From bytes to a [`Node`], within limits, with YAML's own mistakes and traps told in the admin's words.

use std::sync::Arc;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span};

use super::mistake::{Notes, Place};
use super::node::{Node, Scalar, Value};
use super::traps;

/// The largest file read, in bytes: a hundred times the largest dialplan anybody keeps in one file.
pub const MOST_BYTES: usize = 1 << 20;

/// The most nodes of one file: a text of the largest size has fewer unless it was made to hurt.
pub const MOST_NODES: usize = 100_000;

/// The deepest nesting: the language itself needs nine.
pub const MOST_DEPTH: usize = 32;

/// Reads one file. `None` when it holds nothing that could be read; then there is a mistake in `notes`.
pub(crate) fn parse(file: &Arc<str>, bytes: &[u8], notes: &mut Notes) -> Option<Node> {
    let start = Place { file: file.clone(), line: 1, column: 1 };
    let text = text(&start, bytes, notes)?;
    notes.file(file, Arc::from(text));
    let options = granit_parser::options! {
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        block_nesting_limit: MOST_DEPTH,
        flow_nesting_limit: MOST_DEPTH,
        // A licence at the head of a file is a hundred comments in a row; the size of the file is the limit.
        max_buffered_comment_events: MOST_BYTES,
    };
    let mut tree = Tree { file, notes, open: Vec::new(), root: None, nodes: 0, documents: 0 };
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                not_yaml(file, text, &error, notes);
                return None;
            }
        };
        if !tree.take(event, span, text) {
            return None;
        }
    }
    let root = tree.root.take();
    if root.as_ref().is_none_or(Node::is_empty) {
        notes.add(&start, "the file is empty");
        return None;
    }
    root
}

/// The bytes as text, if they are one.
fn text<'b>(start: &Place, bytes: &'b [u8], notes: &mut Notes) -> Option<&'b str> {
    if bytes.len() > MOST_BYTES {
        notes.add(start, format!("the file is larger than {MOST_BYTES} bytes"));
        return None;
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        notes.add(start, "the file is UTF-16; save it as UTF-8");
        return None;
    }
    let bytes = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    let (good, why) = match std::str::from_utf8(bytes) {
        Ok(text) => match text.find('\0') {
            None => return Some(text),
            Some(at) => (&text[..at], "the file is not a text"),
        },
        Err(error) => {
            let good = bytes.get(..error.valid_up_to()).and_then(|good| std::str::from_utf8(good).ok());
            (good.unwrap_or_default(), "the file is not UTF-8 from here on; save it as UTF-8")
        }
    };
    notes.file(&start.file, Arc::from(good));
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let last = good.rsplit('\n').next().unwrap_or_default();
    let line = number(good.matches('\n').count() + 1);
    notes.add(&Place { file: start.file.clone(), line, column: number(last.chars().count() + 1) }, why);
    None
}

/// A list or map that is not finished yet.
enum Open {
    List(Place, Vec<Node>),
    Map(Place, Vec<(Node, Node)>, Option<Node>),
}

struct Tree<'t> {
    file: &'t Arc<str>,
    notes: &'t mut Notes,
    open: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
    documents: usize,
}

impl Tree<'_> {
    /// Takes one event; `false` when reading must stop.
    fn take(&mut self, event: Event<'_>, span: Span, text: &str) -> bool {
        let place = self.place(&span);
        if event.is_node() {
            self.nodes += 1;
            if self.nodes > MOST_NODES {
                self.notes.add(&place, format!("the file has more than {MOST_NODES} values"));
                return false;
            }
        }
        if let Some(tag) = event.tag() {
            self.notes.add(&place, format!("tags ({}) are not part of the language", tag.original()));
        }
        match event {
            Event::Scalar(value, style, ..) => {
                let plain = style == ScalarStyle::Plain;
                self.put(Node { place, value: Value::Scalar(Scalar { text: value.into_owned(), plain }) })
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.notes.add(&place, traps::alias(span.slice(text).unwrap_or_default()));
                self.put(Node { place, value: Value::Broken })
            }
            Event::Anchor(..) => {
                self.notes.add(&place, "anchors (&) are not part of the language: write it out, or use go");
                true
            }
            Event::SequenceStart(..) => self.begin(Open::List(place, Vec::new())),
            Event::MappingStart(..) => self.begin(Open::Map(place, Vec::new(), None)),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List(place, list)) => self.put(Node { place, value: Value::List(list) }),
                Some(Open::Map(place, pairs, _)) => self.put(Node { place, value: Value::Map(pairs) }),
                None => true,
            },
            Event::Comment(comment, _) => {
                if comment.starts_with(':') {
                    self.notes.add(&place, traps::HASH_KEY);
                }
                true
            }
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.notes.add(&place, "a second document begins here (---); one file holds one");
                }
                self.documents <= 1
            }
            // Of events that this reader does not ask for, none stands for a value.
            _ => true,
        }
    }

    fn begin(&mut self, open: Open) -> bool {
        if self.open.len() >= MOST_DEPTH {
            let (Open::List(place, _) | Open::Map(place, ..)) = open;
            self.notes.add(&place, too_deep());
            return false;
        }
        self.open.push(open);
        true
    }

    fn put(&mut self, node: Node) -> bool {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List(_, list)) => list.push(node),
            Some(Open::Map(_, pairs, key)) => match key.take() {
                None => *key = Some(node),
                Some(key) => pairs.push((key, node)),
            },
        }
        true
    }

    fn place(&self, span: &Span) -> Place {
        at(self.file, span.start.line(), span.start.col())
    }
}

fn at(file: &Arc<str>, line: usize, column: usize) -> Place {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Place { file: file.clone(), line: number(line.max(1)), column: number(column + 1) }
}

fn too_deep() -> String {
    format!("nested deeper than {MOST_DEPTH}")
}

/// Tells a scanner's error in the admin's words, or the trap that led to it.
fn not_yaml(file: &Arc<str>, text: &str, error: &ScanError, notes: &mut Notes) {
    let place = at(file, error.marker().line(), error.marker().col());
    let trapped = traps::found(text, place.line);
    if !trapped.is_empty() {
        for (line, column, sentence) in trapped {
            notes.add(&at(file, line, column), sentence);
        }
        return;
    }
    let sentence = match error.kind() {
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => "a tab: indent with spaces".into(),
        ErrorKind::RecursionLimitExceeded => too_deep(),
        ErrorKind::InvalidQuotedScalarIndent => "a quote opens above this and is not closed".into(),
        ErrorKind::BlockEntryInFlowCollection | ErrorKind::InvalidFlowScalarIndent => {
            "a { or [ opens above this and is not closed".into()
        }
        ErrorKind::UnclosedQuotedScalar => "a quote opens and is never closed".into(),
        ErrorKind::InvalidTrailingDoubleQuotedScalar | ErrorKind::InvalidTrailingSingleQuotedScalar => {
            "something follows the closing quote; to write a quote inside a text, use ' around it or \\\"".into()
        }
        ErrorKind::UnknownQuotedScalarEscape => "\\ begins an escape here; write \\\\ for the character itself".into(),
        ErrorKind::UnclosedFlowCollection { open } => format!("a {open} opens and is never closed"),
        ErrorKind::UnexpectedEofFlowMapping | ErrorKind::UnexpectedEofImplicitFlowMapping => {
            "a { opens and is never closed".into()
        }
        ErrorKind::UnexpectedEofFlowSequence => "a [ opens and is never closed".into(),
        ErrorKind::ExpectedFlowMappingSeparator => "a , or } is missing before this".into(),
        ErrorKind::ExpectedFlowSequenceSeparator => "a , or ] is missing before this".into(),
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => format!("a {open} is closed by a {close}"),
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => {
            "a second colon on one line; put quotes around a text that holds a colon".into()
        }
        ErrorKind::InvalidIndentation
        | ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::BlockSequenceEntryNotAllowed
        | ErrorKind::MappingKeyNotAllowed => {
            "this does not fit what stands above it; check how far it is indented".into()
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            "a key and a colon are expected here, as in go: agent".into()
        }
        ErrorKind::UnexpectedCharacter { character } => {
            format!("\"{}\" cannot begin a text without quotes", character.escape_debug())
        }
        ErrorKind::DirectiveDisallowed | ErrorKind::MissingDirectiveName | ErrorKind::InvalidDirectiveName => {
            "% at the beginning of a line is an order to YAML; put quotes around the text".into()
        }
        other => format!("not YAML: {other}"),
    };
    notes.add(&place, sentence);
}
