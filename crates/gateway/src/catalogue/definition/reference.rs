//! What a schema refers to has to be in it, and must not lead to itself before it asks for anything.

use foldhash::{HashMap, HashMapExt, HashSet, HashSetExt};

use super::walk::{Unsound, Walk};

/// How many parts that refer to others may be referred to. Validators compile one within the other.
const MOST_NESTED: usize = 100;

/// How many parts the schema has once its references are written out, as validators do with those
/// to parts that refer to nothing themselves.
///
/// # Errors
/// If a reference leads nowhere, or without end.
pub(super) fn written_out(walk: &Walk<'_>) -> Result<usize, Unsound> {
    if walk.own_addresses && !walk.references.is_empty() {
        return Err("it refers to places, and has parts with addresses of their own".into());
    }
    let (mut size, mut nested) = (walk.count, HashSet::new());
    for reference in &walk.references {
        let dangling = || format!("it refers to {reference:?}, which is not in it");
        let pointer = pointer(reference).ok_or_else(dangling)?;
        let target = walk.parts.get(&pointer).ok_or_else(dangling)?;
        if target.has_references {
            nested.insert(pointer);
        } else {
            size += target.size;
        }
    }
    if nested.len() > MOST_NESTED {
        return Err(format!("it refers to more than {MOST_NESTED} parts that refer to others"));
    }
    match Steps::of(walk).is_endless() {
        true => Err("what it refers to leads on without end".into()),
        false => Ok(size),
    }
}

/// From each part to those that a validator asks about the same value.
struct Steps<'w>(HashMap<&'w str, Vec<String>>);

impl<'w> Steps<'w> {
    fn of(walk: &'w Walk<'_>) -> Self {
        let mut steps: HashMap<&str, Vec<String>> = HashMap::new();
        for (at, part) in &walk.parts {
            if let Some(around) = around(at).filter(|it| walk.parts.contains_key(*it)) {
                steps.entry(around).or_default().push(at.clone());
            }
            let target = part.refers.as_deref().and_then(pointer);
            steps.entry(at).or_default().extend(target);
        }
        Self(steps)
    }

    fn is_endless(&self) -> bool {
        let mut ended = HashSet::new();
        self.0.keys().any(|part| self.returns(part, &mut HashSet::new(), &mut ended))
    }

    /// Whether one of the parts on the way is come to again.
    fn returns<'s>(
        &'s self,
        part: &'s str,
        way: &mut HashSet<&'s str>,
        ended: &mut HashSet<&'s str>,
    ) -> bool {
        if ended.contains(part) {
            return false;
        }
        if !way.insert(part) {
            return true;
        }
        let next = self.0.get(part).into_iter().flatten();
        let returns = next.into_iter().any(|next| self.returns(next, way, ended));
        way.remove(part);
        ended.insert(part);
        returns
    }
}

/// The part whose value this one is asked about, too.
fn around(at: &str) -> Option<&str> {
    let (outer, name) = at.rsplit_once('/')?;
    if matches!(name, "not" | "if" | "then" | "else") {
        return Some(outer);
    }
    let (outer, keyword) = outer.rsplit_once('/')?;
    let several = ["allOf", "anyOf", "oneOf", "dependentSchemas", "dependencies"];
    several.contains(&keyword).then_some(outer)
}

/// The place within the same schema that a reference means.
fn pointer(reference: &str) -> Option<String> {
    let fragment = reference.strip_prefix('#')?;
    let bytes = fragment.as_bytes();
    let (mut decoded, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(byte) = bytes.get(at) {
        if *byte == b'%' {
            let digits = str::from_utf8(bytes.get(at + 1..at + 3)?).ok()?;
            decoded.push(u8::from_str_radix(digits, 16).ok()?);
            at += 3;
        } else {
            decoded.push(*byte);
            at += 1;
        }
    }
    String::from_utf8(decoded).ok()
}
