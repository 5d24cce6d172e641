//! Readers that are looser than ours, written for this test alone: whatever is taken from a client,
//! each of them reads in it what was decided about, and reads the same in what is passed on.

use std::fmt;

use proptest::prelude::*;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{forward, rpc::Incoming};
use crate::{
    era::Era,
    json::{self, is_unambiguous},
};

/// All members of an object, also those that are there twice.
struct Pairs(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Pairs;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Pairs, A::Error> {
                let mut all = Vec::new();
                while let Some(pair) = from.next_entry()? {
                    all.push(pair);
                }
                Ok(Pairs(all))
            }
        }
        from.deserialize_map(All)
    }
}

/// Whether a reader takes the first name for the second, which is the protocol's.
type Takes = fn(&str, &str) -> bool;

const READERS: [(&str, Takes); 7] = [
    ("exactly", |a, b| a == b),
    ("in any letter case", |a, b| letters(a) == letters(b)),
    ("without _ and -", |a, b| letters(&a.replace(['_', '-'], "")) == letters(&b.replace('_', ""))),
    ("to the first NUL", |a, b| a.split('\0').next() == Some(b)),
    ("without what is not seen", |a, b| {
        a.replace(|c: char| c.is_control() || "\u{200b}\u{200d}\u{feff}\u{ad}".contains(c), "") == b
    }),
    ("in narrow letters", |a, b| a.chars().map(narrow).eq(b.chars())),
    ("without blanks", |a, b| a.trim() == b),
];

fn letters(name: &str) -> String {
    let plain = |c| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        '\u{131}' | '\u{130}' => 'i',
        c => c,
    };
    name.chars().map(plain).flat_map(char::to_lowercase).collect()
}

fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap(),
        c => c,
    }
}

/// The member as such a reader has it, which takes the last of several.
fn member(takes: Takes, object: &str, name: &str) -> Option<String> {
    let Pairs(all) = serde_json::from_str(object).ok()?;
    all.iter().rev().find(|(other, _)| takes(other, name)).map(|(_, value)| value.get().to_owned())
}

/// Method, name, arguments and progress token.
type Reading = [Option<String>; 4];

fn reading(takes: Takes, message: &str) -> Reading {
    let params = member(takes, message, "params").unwrap_or_default();
    let meta = member(takes, &params, "_meta").unwrap_or_default();
    [
        member(takes, message, "method"),
        member(takes, &params, "name"),
        member(takes, &params, "arguments"),
        member(takes, &meta, "progressToken"),
    ]
}

/// A name as it may be written in JSON, near one of those that count.
fn written(names: &'static [&'static str]) -> impl Strategy<Value = String> {
    let marks = prop::sample::select(vec![
        "_", "-", "\\u0000", "\\u0007", " ", "\u{200b}", "\\u200d", "\u{feff}", "\u{ad}", "x",
    ]);
    let near = (prop::sample::select(names), 0..6_u8, any::<prop::sample::Index>(), marks);
    let near = near.prop_map(|(name, how, at, mark)| {
        let at = at.index(name.len() + 1);
        let other = |from: &str, to: &str| name.replacen(from, to, 1);
        match how {
            0 => format!("{}{mark}{}", &name[..at], &name[at..]),
            1 => format!("{}{}", name[..at].to_uppercase(), &name[at..]),
            2 => name.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap()).collect(),
            3 => other("s", "\u{17f}"),
            4 => name.bytes().map(|byte| format!("\\u{byte:04x}")).collect(),
            _ => name.to_owned(),
        }
    });
    prop_oneof![4 => near, 1 => "[a-zA-Z/.]{0,9}"]
}

/// An object of these members and up to two more, in any order.
fn object(
    good: Vec<(&'static str, String)>,
    names: &'static [&'static str],
) -> impl Strategy<Value = String> {
    let value = prop::sample::select(vec!["\"denied\"", "{\"name\":\"denied\"}", "9", "{}"]);
    let more = prop::collection::vec((written(names), value), 0..3);
    let all = more.prop_map(move |more| {
        let more = more.into_iter().map(|(name, value)| format!("\"{name}\":{value}"));
        good.iter().map(|(name, value)| format!("\"{name}\":{value}")).chain(more).collect()
    });
    let shuffled = all.prop_flat_map(|all: Vec<String>| Just(all).prop_shuffle());
    shuffled.prop_map(|all| format!("{{{}}}", all.join(",")))
}

fn message() -> impl Strategy<Value = String> {
    let meta = object(vec![("progressToken", "7".into())], &["progressToken"]);
    let params = meta.prop_flat_map(|meta| {
        let good = vec![
            ("name", "\"allowed\"".to_owned()),
            ("arguments", "{\"a\":1}".to_owned()),
            ("_meta", meta),
        ];
        object(good, &["name", "arguments", "_meta", "task"])
    });
    params.prop_flat_map(|params| {
        let good = vec![
            ("jsonrpc", "\"2.0\"".to_owned()),
            ("id", "1".to_owned()),
            ("method", "\"tools/call\"".to_owned()),
            ("params", params),
        ];
        object(good, &["jsonrpc", "id", "method", "params"])
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn every_reader_reads_what_was_decided_about(text in message()) {
        let Ok(incoming) = Incoming::read(&text) else { return Ok(()) };
        let Ok(asked) = forward::asked(&incoming) else { return Ok(()) };
        let ours = [
            incoming.method.as_deref().map(json::string),
            Some(json::string(&asked.name)),
            asked.arguments.map(str::to_owned),
            asked.progress_token.clone(),
        ];
        let passed = asked.passed();
        for (era, id) in [(Era::Legacy, 41), (Era::Modern, 42)] {
            let sent = passed.message("bare", id, era);
            let sent = str::from_utf8(&sent).unwrap();
            prop_assert!(is_unambiguous(sent), "{sent}");
            let [method, _, arguments, _] = ours.clone();
            let token = ours[3].is_some().then(|| id.to_string());
            let decided = [method, Some("\"bare\"".to_owned()), arguments, token];
            for (how, takes) in READERS {
                prop_assert_eq!(&reading(takes, &text), &ours, "{} {}", how, &text);
                prop_assert_eq!(&reading(takes, sent), &decided, "{} {}", how, sent);
            }
        }
    }

    #[test]
    fn what_any_reader_reads_otherwise_is_refused(text in message()) {
        let exact = reading(READERS[0].1, &text);
        if READERS.iter().any(|(_, takes)| reading(*takes, &text) != exact) {
            let unread = Incoming::read(&text).err();
            prop_assert!(unread.is_some_and(|it| it.ambiguous || it.error.code == -32600), "{text}");
        }
    }
}
