//! Where a mistake could be made, and how the text with all of them reads.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, ReturnType, Stmt, Type, UnOp};

/// One mistake that could be made.
#[derive(Clone, Debug)]
pub struct Place {
    /// From 1; 0 is the text as it stands.
    pub number: usize,
    /// Below the room.
    pub file: String,
    pub lines: Range<usize>,
    pub what: String,
    edits: Vec<Edit>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} {} (#{})", self.file, self.lines.start, self.what, self.number)
    }
}

#[derive(Clone, Debug)]
struct Edit {
    at: Range<usize>,
    text: String,
    /// Ends something, and so goes before what begins at the same byte.
    closes: bool,
}

/// # Errors
///
/// A file that cannot be read, or that is no Rust.
pub fn of(room: &Path) -> io::Result<Vec<Place>> {
    let mut files = Vec::new();
    files_below(room, &mut files)?;
    files.sort();
    let mut places = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path)?;
        let parsed =
            syn::parse_file(&text).map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
        let file = path.strip_prefix(room).unwrap_or(&path).display().to_string();
        let mut finder = Finder { file, text: &text, places: &mut places };
        finder.visit_file(&parsed);
    }
    Ok(places)
}

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files_below(&path, files)?;
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// The text of a file with every mistake in it, asleep, but those that cannot be built. Lines stay where they are.
pub fn with_all(text: &str, places: &[&Place], impossible: &BTreeSet<usize>) -> String {
    let mut edits: Vec<(usize, &Edit)> = places
        .iter()
        .filter(|place| !impossible.contains(&place.number))
        .flat_map(|place| place.edits.iter().map(|edit| (place.number, edit)))
        .collect();
    // Of what ends at the same byte the inner goes first, of what begins there the outer; numbers grow inwards.
    edits.sort_by_key(|(number, edit)| {
        let order = if edit.closes { usize::MAX - number } else { *number };
        (edit.at.start, !edit.closes, order)
    });
    let (mut out, mut at) = (String::with_capacity(text.len() * 2), 0);
    for (_, edit) in edits {
        out.push_str(&text[at..edit.at.start]);
        out.push_str(&edit.text);
        at = edit.at.end;
    }
    out.push_str(&text[at..]);
    out
}

struct Finder<'a> {
    file: String,
    text: &'a str,
    places: &'a mut Vec<Place>,
}

impl Finder<'_> {
    fn place(&mut self, of: &impl Spanned, what: String, edits: impl FnOnce(usize) -> Vec<Edit>) {
        let number = self.places.len() + 1;
        let span = of.span();
        let lines = span.start().line..span.end().line + 1;
        self.places.push(Place { number, file: self.file.clone(), lines, what, edits: edits(number) });
    }

    fn short(&self, of: &impl Spanned) -> String {
        let text: String = self.text[of.span().byte_range()].split_whitespace().collect::<Vec<_>>().join(" ");
        text.chars().take(70).collect()
    }

    /// `a < b` as a call that knows the other one as well. Both sides are of one type, or it cannot be built.
    fn compared(&mut self, whole: &syn::ExprBinary, name: &str, instead: &str) {
        let what = format!("{} as {instead}", self.short(whole));
        let (left, op, right) = (range(&whole.left), range(&whole.op), range(&whole.right));
        self.place(whole, what, |number| {
            vec![
                opens(left.start, format!("crate::mutants::{name}({number}, &(")),
                Edit { at: op, text: "), &(".into(), closes: true },
                closes(right.end, "))"),
            ]
        });
    }

    /// The contrary of a condition.
    fn contrary(&mut self, whole: &impl Spanned, what: String) {
        let at = range(whole);
        self.place(whole, what, |number| {
            vec![opens(at.start, format!("(crate::mutants::is({number}) != (")), closes(at.end, "))")]
        });
    }

    /// A part of an `and` or `or` that decides nothing any more.
    fn undecided(&mut self, part: &Expr, and: bool) {
        if has_let(part) {
            return;
        }
        let what = format!("{} decides nothing", self.short(part));
        let at = range(part);
        self.place(part, what, |number| {
            let before = if and {
                format!("(crate::mutants::is({number}) || (")
            } else {
                format!("(!crate::mutants::is({number}) && (")
            };
            vec![opens(at.start, before), closes(at.end, "))")]
        });
    }

    fn answers(&mut self, of: &syn::Block, output: &ReturnType) {
        let Some(brace) = of.stmts.first().map(|first| range(first).start) else { return };
        for answer in answers(output) {
            let what = format!("answers {answer}");
            let first = of.stmts.first().expect("looked at above");
            self.place(first, what, |number| {
                vec![opens(brace, format!("if crate::mutants::is({number}) {{ return {answer}; }} "))]
            });
        }
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let for_tests = |attribute: &syn::Attribute| {
            attribute.path().is_ident("cfg")
                && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string() == "test")
        };
        if !module.attrs.iter().any(for_tests) {
            visit::visit_item_mod(self, module);
        }
    }

    // What is worked out by the compiler cannot be switched.
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
    fn visit_type(&mut self, _: &'ast Type) {}
    fn visit_macro(&mut self, _: &'ast syn::Macro) {}

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        if function.sig.constness.is_none() {
            self.answers(&function.block, &function.sig.output);
            visit::visit_item_fn(self, function);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if function.sig.constness.is_none() {
            self.answers(&function.block, &function.sig.output);
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        let needless = match statement {
            Stmt::Expr(Expr::MethodCall(_) | Expr::Call(_) | Expr::Assign(_), Some(_)) => true,
            Stmt::Expr(Expr::Binary(binary), Some(_)) => {
                matches!(binary.op, BinOp::AddAssign(_) | BinOp::SubAssign(_) | BinOp::BitOrAssign(_))
            }
            _ => false,
        };
        if needless {
            let what = format!("without {}", self.short(statement));
            let at = range(statement);
            self.place(statement, what, |number| {
                vec![opens(at.start, format!("if !crate::mutants::is({number}) {{ ")), closes(at.end, " }")]
            });
        }
        visit::visit_stmt(self, statement);
    }

    fn visit_expr_binary(&mut self, whole: &'ast syn::ExprBinary) {
        match whole.op {
            BinOp::Lt(_) => self.compared(whole, "lt", "<="),
            BinOp::Le(_) => self.compared(whole, "le", "<"),
            BinOp::Gt(_) => self.compared(whole, "gt", ">="),
            BinOp::Ge(_) => self.compared(whole, "ge", ">"),
            BinOp::Eq(_) | BinOp::Ne(_) => self.contrary(whole, format!("not {}", self.short(whole))),
            BinOp::And(_) | BinOp::Or(_) => {
                let and = matches!(whole.op, BinOp::And(_));
                for part in [&whole.left, &whole.right] {
                    // The parts of a longer one are visited by themselves.
                    let same = matches!(&**part, Expr::Binary(inner)
                        if std::mem::discriminant(&inner.op) == std::mem::discriminant(&whole.op));
                    if !same {
                        self.undecided(part, and);
                    }
                }
            }
            BinOp::Add(_) | BinOp::Sub(_) => {
                let (left, op, right) = (range(&whole.left), range(&whole.op), range(&whole.right));
                let what = format!("{} with the other sign", self.short(whole));
                let name = if matches!(whole.op, BinOp::Add(_)) { "add" } else { "sub" };
                self.place(whole, what, |number| {
                    vec![
                        opens(left.start, format!("crate::mutants::{name}({number}, ")),
                        Edit { at: op, text: ", ".into(), closes: true },
                        closes(right.end, ")"),
                    ]
                });
            }
            _ => {}
        }
        visit::visit_expr_binary(self, whole);
    }

    fn visit_expr_unary(&mut self, whole: &'ast syn::ExprUnary) {
        if let UnOp::Not(_) = whole.op {
            self.contrary(whole, format!("{} without the not", self.short(whole)));
        }
        visit::visit_expr_unary(self, whole);
    }

    fn visit_expr_if(&mut self, whole: &'ast syn::ExprIf) {
        if !has_let(&whole.cond) && !matches!(&*whole.cond, Expr::Binary(_) | Expr::Unary(_)) {
            self.contrary(&whole.cond, format!("if not {}", self.short(&whole.cond)));
        }
        visit::visit_expr_if(self, whole);
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        if let Some((_, guard)) = &arm.guard {
            self.undecided(guard, true);
            self.undecided(guard, false);
        }
        visit::visit_arm(self, arm);
    }
}

fn range(of: &impl Spanned) -> Range<usize> {
    of.span().byte_range()
}

fn opens(at: usize, text: String) -> Edit {
    Edit { at: at..at, text, closes: false }
}

fn closes(at: usize, text: &str) -> Edit {
    Edit { at: at..at, text: text.into(), closes: true }
}

fn has_let(expression: &Expr) -> bool {
    match expression {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

/// What a function of this type could answer without having done anything.
fn answers(output: &ReturnType) -> Vec<&'static str> {
    let ReturnType::Type(_, of) = output else { return vec!["()"] };
    let Type::Path(path) = &**of else { return Vec::new() };
    let Some(last) = path.path.segments.last() else { return Vec::new() };
    match last.ident.to_string().as_str() {
        "bool" => vec!["true", "false"],
        "Option" => vec!["None"],
        "Vec" => vec!["Vec::new()"],
        "String" => vec!["String::new()"],
        "usize" | "u64" | "u32" | "i64" | "u8" => vec!["0", "1"],
        "Duration" => vec!["std::time::Duration::ZERO"],
        _ => Vec::new(),
    }
}
