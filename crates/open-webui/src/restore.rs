//! A connection that was there before is put back, but for what somebody changed since.

use serde_json::Value;

use crate::{
    client::Object,
    connection::{change_part, grants},
    record::KeptConnection,
};

/// What becomes of a connection that was set up.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Restored {
    /// It leads elsewhere by now, and is nobody's business here.
    Stays,
    /// It was not there before.
    Goes,
    /// What stands there then.
    Back(Object),
}

/// What is set up below a name, besides all that may stand there.
const PARTS: [(&str, &[&str]); 2] =
    [("info", &["name", "description"]), ("config", &["enable", "access_grants"])];

/// Takes back what was set up, out of what stands there `now`.
pub(crate) fn restored(kept: &KeptConnection, now: &Object) -> Restored {
    if now.get("url").and_then(Value::as_str) != Some(&kept.url) {
        return Restored::Stays;
    }
    let Some(before) = &kept.before else { return Restored::Goes };
    let made = kept.made.as_ref().unwrap_or(now);
    let mut new = now.clone();
    for name in ["type", "url", "path", "auth_type", "key"] {
        put_back(&mut new, name, made, before);
    }
    let part = |whole: &Object, name: &str| {
        whole.get(name).and_then(Value::as_object).cloned().unwrap_or_default()
    };
    for (name, inner) in PARTS {
        let (made, was) = (part(made, name), part(before, name));
        change_part(&mut new, name, |new| {
            for it in inner {
                put_back(new, it, &made, &was);
            }
        });
        if part(&new, name).is_empty() {
            match before.get(name) {
                Some(was) => new.insert(name.to_owned(), was.clone()),
                None => new.shift_remove(name),
            };
        }
    }
    Restored::Back(new)
}

/// Puts one thing back, where it is still as it was made.
fn put_back(new: &mut Object, name: &str, made: &Object, before: &Object) {
    let same = match name {
        // Each has an id of its own besides.
        "access_grants" => grants(new.get(name)) == grants(made.get(name)),
        _ => new.get(name) == made.get(name),
    };
    match before.get(name) {
        _ if !same => {}
        Some(was) => drop(new.insert(name.to_owned(), was.clone())),
        None => drop(new.shift_remove(name)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::connection::{Grant, Kind};

    #[test]
    fn what_somebody_changed_since_stays() {
        let before = json!({
            "type": "mcp", "url": "http://old/mcp", "path": "", "auth_type": "none", "key": "old",
            "headers": null, "info": {"id": "gatehall", "name": "Ours"}, "config": {"enable": false}
        });
        let before: Object = before.as_object().cloned().unwrap();
        let gate = "http://gate:8080".parse().unwrap();
        let made = Kind::Mcp.wished(Some(&before), &gate, "ghk_a_b", &[Grant::everybody()]);
        let url = "http://gate:8080/mcp".to_owned();
        let id = Kind::Mcp.tool_id();
        let kept =
            KeptConnection { id, url, before: Some(before.clone()), made: Some(made.clone()) };
        let mut now = made;
        now["config"]["access_grants"][0]["id"] = "1".into();
        assert_eq!(restored(&kept, &now), Restored::Back(before.clone()));
        now["headers"] = json!({"X-Note": "mine"});
        now["info"]["name"] = "Tools of all".into();
        now["config"]["access_grants"] = json!([Grant::group("g").json()]);
        let Restored::Back(back) = restored(&kept, &now) else { panic!("it stays") };
        assert_eq!((&back["url"], &back["key"]), (&before["url"], &before["key"]));
        assert_eq!(
            (&back["headers"], &back["info"]["name"]),
            (&now["headers"], &now["info"]["name"])
        );
        assert_eq!(back["config"]["access_grants"], now["config"]["access_grants"]);
        assert_eq!(back["config"]["enable"], false);
        now["url"] = "http://else/mcp".into();
        assert_eq!(restored(&kept, &now), Restored::Stays);
    }
}
