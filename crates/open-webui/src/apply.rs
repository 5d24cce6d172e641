//! Does what a plan says, in an order in which each step can be the last: groups, connections,
//! models. What will be done is kept before it is.

use std::{collections::HashMap, future::Future, pin::Pin};

use gatehall_domain::GroupId;
use secrecy::{ExposeSecret, SecretString};

use crate::{
    Client, Fault, Plan, Record, connection::Grant, connections::Need, group::GroupChange,
    model::is_as_registered, narrow::without, plan::Seer,
};

/// Something that is still to come.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where records are kept.
pub trait Journal: Send + Sync {
    /// Keeps a record in place of the one before.
    fn keep<'a>(&'a self, record: &'a Record) -> Pending<'a, Result<(), String>>;
}

/// Does what the plan says. The key is that of the connections. After a fault part of it may be
/// done; a new plan has the rest.
///
/// # Errors
/// What could not be done.
pub async fn apply(
    client: &Client,
    plan: &Plan,
    key: &SecretString,
    record: &mut Record,
    journal: &dyn Journal,
) -> Result<(), Fault> {
    record.terms = Some(plan.terms.clone());
    let made = groups(client, plan, record, journal).await?;
    connections(client, plan, key, &made, record, journal).await?;
    models(client, plan, record, journal).await
}

async fn keep(journal: &dyn Journal, record: &Record) -> Result<(), Fault> {
    journal.keep(record).await.map_err(Fault::NotKept)
}

/// The groups that are new, by those of Gatehall. One that was made and not kept any more is found by
/// its mark the next time.
async fn groups(
    client: &Client,
    plan: &Plan,
    record: &mut Record,
    journal: &dyn Journal,
) -> Result<HashMap<GroupId, String>, Fault> {
    for (group, id, _) in &plan.groups.same {
        record.note_group(*group, id);
    }
    let mut made = HashMap::new();
    for change in &plan.groups.changes {
        match change {
            GroupChange::Create { group, name, description, members } => {
                let id = client.add_group(name, description).await?;
                record.note_group(*group, &id);
                keep(journal, record).await?;
                client.put_in_group(&id, members).await?;
                made.insert(*group, id);
            }
            GroupChange::Change { group, id, name, text, add, remove, .. } => {
                record.note_group(*group, id);
                keep(journal, record).await?;
                if let Some(description) = text {
                    client.name_group(id, name, description).await?;
                }
                // Who loses something comes first.
                client.take_from_group(id, remove).await?;
                client.put_in_group(id, add).await?;
            }
            GroupChange::Delete { id, .. } => {
                client.delete_group(id).await?;
                record.groups.retain(|it| it.id != *id);
                keep(journal, record).await?;
            }
        }
    }
    Ok(made)
}

async fn connections(
    client: &Client,
    plan: &Plan,
    key: &SecretString,
    made: &HashMap<GroupId, String>,
    record: &mut Record,
    journal: &dyn Journal,
) -> Result<(), Fault> {
    if plan.connections.iter().all(|(_, need)| need.is_settled()) {
        return Ok(());
    }
    let access = plan.see.iter().map(|seer| match seer {
        Seer::NewGroup(group) => made.get(group).map(|id| Grant::group(id)),
        seer => seer.known(),
    });
    // Without all of its groups it would be open to more or fewer than was said.
    let access: Option<Vec<Grant>> = access.collect();
    let access = access.ok_or_else(|| Fault::NoGroup("that was to be made".into()))?;
    let (mut new, mut gone) = (plan.read.clone(), Vec::new());
    for (kind, need) in &plan.connections {
        let at = kind.find(&new);
        match (need, at) {
            (Need::Left(_), _) => continue,
            (Need::Gone(back), at) => {
                match (back, at) {
                    (Some(back), Some(at)) => new[at] = back.clone(),
                    _ => new.retain(|it| !kind.is(it)),
                }
                gone.push(kind.tool_id());
                continue;
            }
            _ => {}
        }
        let was = at.map(|at| &new[at]);
        let wished = kind.wished(was, &plan.terms.gate, key.expose_secret(), &access);
        record.note_connection(kind.tool_id(), kind.url(&plan.terms.gate), was, &wished);
        match at {
            Some(at) => new[at] = wished,
            None => new.push(wished),
        }
    }
    keep(journal, record).await?;
    client.save_connections(&plan.read, &new).await?;
    // What was there before is known until it is back.
    record.connections.retain(|it| !gone.contains(&it.id));
    keep(journal, record).await
}

/// Each model is read anew, so that nothing is lost that somebody changed since.
async fn models(
    client: &Client,
    plan: &Plan,
    record: &mut Record,
    journal: &dyn Journal,
) -> Result<(), Fault> {
    for change in &plan.models.changes {
        let was = client.model(&change.id).await?;
        let is_new = was.is_none();
        record.note_model(&change.id, is_new, change.tools.clone(), change.open);
        keep(journal, record).await?;
        client.save_model(change.form(was.as_ref()), was.as_ref()).await?;
    }
    for gone in &plan.models.narrowed {
        let tools = record.tools_of(&gone.id);
        match client.model(&gone.id).await? {
            None => {}
            Some(was) if !gone.unregister => {
                let form = without(&was, &gone.tools, gone.close);
                client.save_model(form, Some(&was)).await?;
            }
            Some(was) if is_as_registered(&was, &tools) => client.delete_model(&gone.id).await?,
            // Somebody changed it just now: the next plan knows.
            Some(_) => continue,
        }
        record.forget_model(gone);
        keep(journal, record).await?;
    }
    Ok(())
}
