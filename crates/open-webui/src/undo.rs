//! Takes back what was done, and nothing that somebody did since.

use gatehall_domain::names::shown;
use serde::Serialize;

use crate::{
    Client, Fault, Record,
    connection::Kind,
    group::mark_of,
    model::{form_of, is_as_registered},
    narrow::without,
    restore::{Restored, restored},
};

/// One thing that was taken back, or not. It can be shown whatever Open WebUI says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Undone {
    /// `group`, `connection`, `model`, `key` or `account`.
    pub kind: &'static str,
    /// Which one.
    pub name: String,
    /// What became of it.
    pub what: &'static str,
}

impl Undone {
    /// What became of one of this name.
    pub fn new(kind: &'static str, name: &str, what: &'static str) -> Self {
        Self { kind, name: shown(name, 200).into_owned(), what }
    }
}

/// Takes everything back that the record has, or says what would be if nothing is to be done yet.
/// Twice is as good as once.
///
/// # Errors
/// What could not be done; a second time does the rest.
pub async fn undo(client: &Client, record: &Record, apply: bool) -> Result<Vec<Undone>, Fault> {
    let mut done = Vec::new();
    models(client, record, apply, &mut done).await?;
    connections(client, record, apply, &mut done).await?;
    groups(client, record, apply, &mut done).await?;
    Ok(done)
}

async fn models(
    client: &Client,
    record: &Record,
    apply: bool,
    done: &mut Vec<Undone>,
) -> Result<(), Fault> {
    for kept in &record.models {
        let mut tell = |what| done.push(Undone::new("model", &kept.id, what));
        let Some(model) = client.model(&kept.id).await? else { continue };
        if kept.created && is_as_registered(&model, &kept.tools) {
            tell("it is not registered any more");
            if apply {
                client.delete_model(&kept.id).await?;
            }
            continue;
        }
        let (form, before) =
            (without(&model, &kept.tools, kept.opened && !kept.created), form_of(&model));
        if form != before {
            tell(match kept.created {
                true => "the tools are switched off; it stays, since somebody changed it",
                false if kept.opened => "the tools are switched off, and not everybody may use it",
                false => "the tools are switched off",
            });
            if apply {
                client.save_model(form, Some(&model)).await?;
            }
        }
    }
    Ok(())
}

async fn connections(
    client: &Client,
    record: &Record,
    apply: bool,
    done: &mut Vec<Undone>,
) -> Result<(), Fault> {
    let read = client.connections().await?;
    let mut new = read.clone();
    for kept in &record.connections {
        let Some(kind) = Kind::of_tool_id(&kept.id) else { continue };
        let Some(at) = kind.find(&new) else { continue };
        let mut tell = |what| done.push(Undone::new("connection", &kind.id(), what));
        match restored(kept, &new[at]) {
            Restored::Stays => tell("it stays, since somebody made it lead elsewhere"),
            Restored::Goes => {
                new.remove(at);
                tell("it is removed");
            }
            Restored::Back(back) if back == new[at] => {}
            Restored::Back(back) => {
                tell(match kept.before.as_ref() == Some(&back) {
                    true => "it is as it was before",
                    false => "it is as it was before, but for what somebody changed since",
                });
                new[at] = back;
            }
        }
    }
    match apply && new != read {
        true => client.save_connections(&read, &new).await,
        false => Ok(()),
    }
}

async fn groups(
    client: &Client,
    record: &Record,
    apply: bool,
    done: &mut Vec<Undone>,
) -> Result<(), Fault> {
    let there = client.groups().await?;
    for kept in &record.groups {
        let Some(group) = there.iter().find(|it| it.id == kept.id) else { continue };
        let mut tell = |what| done.push(Undone::new("group", &group.name, what));
        if mark_of(&group.description) != Some(kept.group.to_string().as_str()) {
            tell("it stays, since its description says no more that it is Gatehall's");
            continue;
        }
        tell("it is removed");
        if apply {
            client.delete_group(&kept.id).await?;
        }
    }
    Ok(())
}
