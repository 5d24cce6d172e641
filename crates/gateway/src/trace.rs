//! The trace that a client's request belongs to, as W3C Trace Context has it: two headers, which go
//! on to the server so that whoever watches both sides can join what they see.

use http::{HeaderMap, HeaderName, HeaderValue};

/// How many bytes of `tracestate` go on. Whoever passes it on has to keep so many.
const MOST_STATE: usize = 512;
/// How many members it may have.
const MOST_MEMBERS: usize = 32;
/// A version of `traceparent` that is newer than the one known may be longer than it.
const LONGEST_PARENT: usize = 128;

static PARENT: HeaderName = HeaderName::from_static("traceparent");
static STATE: HeaderName = HeaderName::from_static("tracestate");

/// A trace that is well formed.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    parent: HeaderValue,
    state: Option<HeaderValue>,
    /// Whether the metadata of the request names a trace, too, which goes on there.
    in_meta: bool,
}

impl Trace {
    /// The trace that these headers name. What is not as the standard wants it is as if it were not
    /// there, and without a parent there is no state.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut parents = headers.get_all(&PARENT).iter();
        let parent = parents.next().filter(|_| parents.next().is_none())?;
        if !is_parent(parent.as_bytes()) {
            return None;
        }
        let parts: Option<Vec<&str>> =
            headers.get_all(&STATE).iter().map(|part| part.to_str().ok()).collect();
        let state = parts.and_then(|parts| state(&parts));
        let state = state.and_then(|state| HeaderValue::try_from(state).ok());
        Some(Self { parent: parent.clone(), state, in_meta: false })
    }

    /// The same trace of a request whose metadata names one, too, or does not.
    pub(crate) const fn beside(mut self, in_meta: bool) -> Self {
        self.in_meta = in_meta;
        self
    }

    /// Adds the headers.
    pub(crate) fn put(&self, headers: &mut HeaderMap) {
        // A connection's own header is the operator's word.
        headers.entry(&PARENT).or_insert_with(|| self.parent.clone());
        if let Some(state) = &self.state {
            headers.entry(&STATE).or_insert_with(|| state.clone());
        }
    }

    /// The same as members of metadata; none if it has its own.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let state = self.state.as_ref().and_then(|state| state.to_str().ok());
        let parent = self.parent.to_str().ok();
        let members = [parent.map(|it| ("traceparent", it)), state.map(|it| ("tracestate", it))];
        members.into_iter().flatten().filter(|_| !self.in_meta)
    }
}

/// `00-` trace id `-` parent id `-` flags; a newer version may have more behind it.
fn is_parent(text: &[u8]) -> bool {
    let hex = |range: std::ops::Range<usize>| {
        let digits = text.get(range)?;
        let is_hex = digits.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        is_hex.then_some(digits)
    };
    let is_id = |digits: &[u8]| digits.iter().any(|byte| *byte != b'0');
    let dash = |at: usize| text.get(at) == Some(&b'-');
    let (Some(version), Some(trace), Some(parent), Some(_)) =
        (hex(0..2), hex(3..35), hex(36..52), hex(53..55))
    else {
        return false;
    };
    let ends = match text.get(55) {
        None => true,
        Some(b'-') => {
            version != b"00"
                && text.len() <= LONGEST_PARENT
                && text.iter().all(u8::is_ascii_graphic)
        }
        Some(_) => false,
    };
    version != b"ff" && [2, 35, 52].into_iter().all(dash) && is_id(trace) && is_id(parent) && ends
}

/// The members of a state, as many as there is room for, the first first. None if one is not well
/// formed, or if there are none.
fn state(parts: &[&str]) -> Option<String> {
    let members = parts.iter().flat_map(|part| part.split(','));
    let mut members = members.map(|it| it.trim_matches([' ', '\t'])).filter(|it| !it.is_empty());
    let (mut state, mut count, mut full) = (String::new(), 0, false);
    members.try_for_each(|member| {
        count += 1;
        if !is_member(member) || count > MOST_MEMBERS {
            return None;
        }
        full |= state.len() + member.len() + 1 > MOST_STATE;
        if !full {
            state.push_str(if state.is_empty() { "" } else { "," });
            state.push_str(member);
        }
        Some(())
    })?;
    (!state.is_empty()).then_some(state)
}

fn is_member(member: &str) -> bool {
    let Some((key, value)) = member.split_once('=') else { return false };
    let in_key =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-*/".contains(&byte);
    let is_key = |part: &str, begins: fn(&u8) -> bool, most: usize| {
        part.len() <= most
            && part.as_bytes().first().is_some_and(begins)
            && part.bytes().all(in_key)
    };
    let any: fn(&u8) -> bool = |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let key = match key.split_once('@') {
        Some((tenant, system)) => {
            is_key(tenant, any, 241) && is_key(system, u8::is_ascii_lowercase, 14)
        }
        None => is_key(key, any, 256),
    };
    let in_value = |byte: u8| (b' '..=b'~').contains(&byte) && !matches!(byte, b',' | b'=');
    key && (1..=256).contains(&value.len()) && value.bytes().all(in_value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn read(pairs: &[(&'static str, &str)]) -> Option<Vec<String>> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let trace = Trace::of(&headers)?;
        let mut put = HeaderMap::new();
        trace.put(&mut put);
        let members: Vec<_> = trace.members().map(|(_, value)| value.to_owned()).collect();
        let headers: Vec<_> = put.values().map(|it| it.to_str().unwrap().to_owned()).collect();
        assert_eq!(members, headers);
        Some(members)
    }

    #[test]
    fn a_parent_is_as_the_standard_wants_it_or_not_there() {
        assert_eq!(read(&[("traceparent", GOOD)]), Some(vec![GOOD.into()]));
        let newer = GOOD.replacen("00", "cc", 1);
        for text in [newer.clone(), format!("{newer}-more")] {
            assert_eq!(read(&[("traceparent", &text)]), Some(vec![text.clone()]));
        }
        let longest = "x".repeat(200);
        for bad in [
            "",
            "00",
            &GOOD.to_uppercase(),
            &GOOD.replacen("00", "ff", 1),
            &GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            &GOOD.replace("00f067aa0ba902b7", &"0".repeat(16)),
            &GOOD.replacen('-', "_", 1),
            &format!("{GOOD}-more"),
            &format!("{newer}more"),
            &format!("{newer}-{longest}"),
            &GOOD[..54],
            "00-4bf92f3577b34da6a3ce929d0e0e473\u{e4}-00f067aa0ba902b7-01",
        ] {
            assert_eq!(read(&[("traceparent", bad), ("tracestate", "a=b")]), None, "{bad}");
        }
        assert_eq!(read(&[("traceparent", GOOD), ("traceparent", GOOD)]), None);
        assert_eq!(read(&[("tracestate", "a=b")]), None);
    }

    #[test]
    fn a_state_is_whole_and_bounded_or_not_there() {
        let state = |parts: &[&str]| {
            let mut pairs = vec![("traceparent", GOOD)];
            pairs.extend(parts.iter().map(|part| ("tracestate", *part)));
            read(&pairs).unwrap().get(1).cloned()
        };
        assert_eq!(
            state(&["a=1,\tb@c=2 3 , ", "d/e=\"x\\"]).as_deref(),
            Some("a=1,b@c=2 3,d/e=\"x\\")
        );
        let many = (0..33).map(|at| format!("a{at}=1")).collect::<Vec<_>>().join(",");
        for bad in ["a", "=1", "A=1", "a=", "a=1=2", "a=\u{e4}", "a@=1", "a=1,!", "", &many] {
            assert_eq!(state(&[bad]), None, "{bad}");
        }
        let long = (0..9).map(|at| format!("a{at}={}", "x".repeat(96))).collect::<Vec<_>>();
        let kept = state(&[&long.join(",")]).unwrap();
        assert_eq!(kept, long[..5].join(","));
    }
}
