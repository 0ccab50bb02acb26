//! `Node`: a YAML text as one tree in which everything has its place.

use super::mistake::Place;

/// A value and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub place: Place,
    pub value: Value,
}

/// What YAML knows, with nothing interpreted: `0800` stays `0800`.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Scalar(Scalar),
    List(Vec<Node>),
    /// Pairs as written, equal keys and all.
    Map(Vec<(Node, Node)>),
    /// Something that has been reported already.
    Broken,
}

/// A scalar as written, after YAML's own unquoting.
#[derive(Clone, Debug, PartialEq)]
pub struct Scalar {
    pub text: String,
    /// Without quotes, and not a block of text either.
    pub plain: bool,
}

impl Node {
    /// The scalar, unless it is empty.
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) if !scalar.is_empty() => Some(scalar),
            Value::Scalar(_) | Value::List(_) | Value::Map(_) | Value::Broken => None,
        }
    }

    /// Whether nothing was written, or what YAML takes for nothing.
    pub fn is_empty(&self) -> bool {
        match &self.value {
            Value::Scalar(scalar) => scalar.is_empty(),
            Value::List(_) | Value::Map(_) | Value::Broken => false,
        }
    }
}

impl Node {
    /// The value under the same key.
    pub fn field(&self, key: &Node) -> Option<&Node> {
        let Value::Map(pairs) = &self.value else { return None };
        pairs.iter().find(|(there, _)| there.scalar() == key.scalar()).map(|(_, value)| value)
    }

    /// Puts a value under a key; a map into the map that is there. As deep as what is laid over, which its parser bounds.
    pub fn lay_over(&mut self, key: Node, value: Node) {
        if self.is_empty() {
            self.value = Value::Map(Vec::new());
        }
        let Value::Map(pairs) = &mut self.value else { return };
        match pairs.iter_mut().find(|(there, _)| there.scalar() == key.scalar()) {
            Some((_, there)) => match value.value {
                Value::Map(inner) if matches!(there.value, Value::Map(_)) || there.is_empty() => {
                    inner.into_iter().for_each(|(key, value)| there.lay_over(key, value));
                }
                new => *there = Node { place: value.place, value: new },
            },
            None => pairs.push((key, value)),
        }
    }
}

impl Scalar {
    fn is_empty(&self) -> bool {
        self.plain && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }
}
