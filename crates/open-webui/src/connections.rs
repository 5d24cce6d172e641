//! What the connections of Gatehall lack, and which should be there no more.

use std::collections::BTreeSet;

use gatehall_domain::TenantId;
use serde_json::Value;
use url::Url;

use crate::{
    Record, WishedGroup,
    client::Object,
    connection::{Grant, Kind, grants, settled},
    group::FoundGroup,
    plan::Seer,
    restore::{Restored, restored},
    wish::Terms,
};

/// What a connection needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Need {
    Nothing,
    New,
    /// What of it is changed, in words.
    Change(Vec<String>),
    /// An earlier time made it, and it is wished no more: what stands there then.
    Gone(Option<Object>),
    /// Why it is left alone.
    Left(&'static str),
}

impl Need {
    /// Whether nothing is to be done.
    pub(crate) const fn is_settled(&self) -> bool {
        matches!(self, Self::Nothing | Self::Left(_))
    }
}

/// Who is to see the connections, and how they are called.
pub(crate) struct Sight<'p> {
    pub(crate) see: &'p [Seer],
    pub(crate) groups: &'p [FoundGroup],
    pub(crate) wished: &'p [WishedGroup],
}

pub(crate) fn kinds(tenants: &[TenantId]) -> Vec<Kind> {
    let tenants = tenants.iter().cloned().map(Kind::OpenApi);
    std::iter::once(Kind::Mcp).chain(tenants).collect()
}

/// What each needs, and what earlier times made besides.
pub(crate) fn needs(
    kinds: &[Kind],
    there: &[Object],
    terms: &Terms,
    key: Option<&str>,
    sight: &Sight<'_>,
    record: &Record,
) -> Vec<(Kind, Need)> {
    let mut all: Vec<(Kind, Need)> = kinds
        .iter()
        .map(|kind| (kind.clone(), need(kind, there, terms, key, sight, record)))
        .collect();
    for kept in &record.connections {
        // One that an earlier time made, and that is wished no more.
        let kind = Kind::of_tool_id(&kept.id).filter(|it| !kinds.contains(it));
        let Some(kind) = kind else { continue };
        let Some(at) = kind.find(there) else { continue };
        let need = match restored(kept, &there[at]) {
            Restored::Stays => Need::Left("somebody made it lead elsewhere"),
            Restored::Goes => Need::Gone(None),
            Restored::Back(before) => Need::Gone(Some(before)),
        };
        all.push((kind, need));
    }
    all
}

/// What the connection lacks. The key counts, but is not shown.
fn need(
    kind: &Kind,
    there: &[Object],
    terms: &Terms,
    key: Option<&str>,
    sight: &Sight<'_>,
    record: &Record,
) -> Need {
    let Some(at) = kind.find(there) else { return Need::New };
    let was = &settled(there)[at];
    let is_known = record.connection(&kind.tool_id()).is_some();
    if *kind != Kind::Mcp && !is_known && !leads_to(was, &terms.gate) {
        return Need::Left(
            "a connection of that ID is there that leads elsewhere: give it another one, or remove it",
        );
    }
    let own = was.get("key").and_then(Value::as_str).unwrap_or_default();
    let access: Option<Vec<Grant>> = sight.see.iter().map(Seer::known).collect();
    let new =
        kind.wished(Some(was), &terms.gate, key.unwrap_or(own), access.as_deref().unwrap_or(&[]));
    let mut changed: Vec<String> = ["url", "path", "auth_type", "key", "info"]
        .into_iter()
        .filter(|name| was.get(*name) != new.get(*name) || (*name == "key" && key.is_none()))
        .map(str::to_owned)
        .collect();
    let part = |it: &Object, name: &str| it.get("config").map(|it| it[name].clone());
    if part(was, "enable") != part(&new, "enable") {
        changed.push("it is switched on".to_owned());
    }
    let before = grants(part(was, "access_grants").as_ref());
    if access.is_none_or(|it| it.into_iter().collect::<BTreeSet<_>>() != before) {
        changed.push(format!("who sees it: {} -> {}", sight.before(&before), sight.after()));
    }
    match changed.is_empty() {
        true => Need::Nothing,
        false => Need::Change(changed),
    }
}

/// Whether a connection leads to the gate, whatever endpoint of it.
fn leads_to(connection: &Object, gate: &Url) -> bool {
    let url = connection.get("url").and_then(Value::as_str).and_then(|it| it.parse::<Url>().ok());
    url.is_some_and(|it| it.origin() == gate.origin())
}

impl Sight<'_> {
    /// Who saw it, in words.
    fn before(&self, all: &BTreeSet<Grant>) -> String {
        if all.contains(&Grant::everybody()) {
            return "everybody".into();
        }
        let name = |it: &Grant| {
            let group = self.groups.iter().find(|group| group.id == it.principal_id);
            match (it.principal_type.as_str(), group) {
                ("group", Some(group)) => format!("group {}", group.name),
                ("group", None) => "a group that is gone".to_owned(),
                _ => "an account".to_owned(),
            }
        };
        match all.is_empty() {
            true => "administrators alone".into(),
            false => all.iter().map(name).collect::<Vec<_>>().join(" and "),
        }
    }

    /// Who is to see it, in words.
    fn after(&self) -> String {
        let one = |seer: &Seer| match seer {
            Seer::NewGroup(id) => {
                let own = self.wished.iter().find(|it| it.id == *id);
                format!("group {}", own.map_or("", |it| it.name.as_str()))
            }
            seer => self.before(&seer.known().into_iter().collect()),
        };
        self.see.iter().map(one).collect::<Vec<_>>().join(" and ")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::{Access, Models};

    fn terms() -> Terms {
        Terms {
            access: Access::Everybody,
            models: Models::All,
            ..Terms::new("http://gate:8080".parse().unwrap())
        }
    }

    fn of(kinds: &[Kind], there: &[Object], record: &Record) -> Vec<(Kind, Need)> {
        let sales = FoundGroup {
            id: "g1".into(),
            name: "Sales".into(),
            description: String::new(),
            members: BTreeSet::new(),
        };
        let sight = Sight { see: &[Seer::Everybody], groups: &[sales], wished: &[] };
        needs(kinds, there, &terms(), Some("ghk_a_b"), &sight, record)
    }

    #[test]
    fn who_sees_more_is_said_in_words() {
        let there = Kind::Mcp.wished(None, &terms().gate, "ghk_a_b", &[Grant::group("g1")]);
        let needs = of(&[Kind::Mcp], &[there], &Record::default());
        let Need::Change(what) = &needs[0].1 else { panic!("{needs:?}") };
        assert_eq!(what, &["who sees it: group Sales -> everybody"]);
    }

    #[test]
    fn a_foreign_connection_is_left_and_put_back_where_it_was_taken_over() {
        let tenant = Kind::OpenApi("google".parse().unwrap());
        let foreign = json!({
            "type": "openapi", "url": "https://google.example", "path": "openapi.json",
            "auth_type": "bearer", "key": "theirs", "info": {"id": "gatehall-google", "name": "G"},
            "config": {"enable": true, "access_grants": []}, "forward_cookies": false
        });
        let foreign: Object = foreign.as_object().cloned().unwrap();
        let both = [Kind::Mcp, tenant.clone()];
        let left = of(&both, std::slice::from_ref(&foreign), &Record::default());
        assert!(matches!(left[1].1, Need::Left(_)), "{left:?}");
        // An older version took it over.
        let made = tenant.wished(Some(&foreign), &terms().gate, "ghk_a_b", &[Grant::everybody()]);
        let mut record = Record::default();
        record.note_connection(tenant.tool_id(), tenant.url(&terms().gate), Some(&foreign), &made);
        let there = [made];
        assert_eq!(of(&both, &there, &record)[1].1, Need::Nothing);
        assert_eq!(of(&[Kind::Mcp], &there, &record)[1].1, Need::Gone(Some(foreign)));
    }
}
