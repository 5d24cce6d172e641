//! What every change is looked at for, whichever page or operation it comes from.

use std::collections::HashSet;

use gatehall_domain::{
    Change, Company, Group, GroupId, GroupName, Record, Refusal, Transport, UserId, variable,
};
use gatehall_vault::Vault;

/// Whoever can write a command line runs programs on the gate's machine: over the network only
/// those that its operator allowed, and as they are. What `npx` or `sh` does is said by its
/// arguments, and by its variables.
pub(super) fn check_command(change: &Change, allowed: &[String]) -> Result<(), Refusal> {
    let (before, after) = (transport(change.before()), transport(change.after()));
    let Some(Transport::Stdio { command, environment, .. }) = after else { return Ok(()) };
    if before == after {
        return Ok(());
    }
    if !allowed.contains(command) {
        return Err(Refusal::invalid(
            "command",
            format!(
                "\"{command}\" is not one of GATEHALL_ALLOWED_COMMANDS: add it there, or change \
                 the server on the command line"
            ),
        ));
    }
    // What somebody at the command line has set so may stay.
    let kept = |name: &String, value: &String| match before {
        Some(Transport::Stdio { environment, .. }) => environment.get(name) == Some(value),
        _ => false,
    };
    let mut variables = environment.iter();
    match variables.find(|(name, value)| variable::is_harmful(name) && !kept(name, value)) {
        None => Ok(()),
        Some((name, _)) => Err(Refusal::invalid(
            "environment",
            format!(
                "{} can make something else run, whatever the command is: set it on the command \
                 line of the gate's machine",
                name.escape_debug()
            ),
        )),
    }
}

/// Whoever chooses where a secret goes must not choose freely which of the gate's own variables
/// it is.
pub(super) fn check_source(change: &Change, vault: &Vault) -> Result<(), Refusal> {
    let before = change.before().and_then(Record::secret_variable);
    match change.after().and_then(Record::secret_variable) {
        Some(name) if before != Some(name) => {
            let may = vault.may_read(name);
            may.map_err(|error| Refusal::invalid("environment", error.to_string()))
        }
        _ => Ok(()),
    }
}

fn transport(record: Option<&Record>) -> Option<&Transport> {
    match record {
        Some(Record::Server(server)) => Some(&server.transport),
        _ => None,
    }
}

/// Whether changes touch credentials, whom an account is, or who is an administrator: then a session that was left
/// open must not do.
pub(super) fn needs_fresh_sign_in(changes: &[Change], company: &Company) -> bool {
    let admins = Admins::new(changes, company);
    changes.iter().any(|change| {
        // Taking a key away only makes things safer.
        if matches!(change.after(), Some(Record::Key(key)) if key.revoked_at.is_some()) {
            return false;
        }
        let both = [change.before(), change.after()];
        both.into_iter().flatten().any(|record| admins.touches(record))
            || leads_elsewhere(change)
            || binds(change)
    })
}

/// Whether somebody comes in with an account that they did not come in with before, or not as
/// surely: that is a credential.
fn binds(change: &Change) -> bool {
    let Some(Record::Identity(after)) = change.after() else { return false };
    match change.before() {
        Some(Record::Identity(before)) => {
            before.user != after.user || before.by_address && !after.by_address
        }
        _ => true,
    }
}

/// Whether a credential would go to another place from now on.
fn leads_elsewhere(change: &Change) -> bool {
    match (change.before(), change.after()) {
        (Some(Record::Server(before)), Some(Record::Server(after))) => {
            before.transport != after.transport
        }
        (Some(Record::Connection(before)), Some(Record::Connection(after))) => {
            before.url != after.url
        }
        _ => false,
    }
}

/// What makes administrators, before the changes or after them.
struct Admins<'c> {
    company: &'c Company,
    groups: Vec<GroupId>,
    members: HashSet<UserId>,
}

impl<'c> Admins<'c> {
    fn new(changes: &[Change], company: &'c Company) -> Self {
        let now = company.group_by_name(GroupName::ADMIN).map(|group| group.id);
        let records = changes.iter().flat_map(|change| [change.before(), change.after()]);
        let named = records.flatten().filter_map(|record| match record {
            Record::Group(group) if is_admins(group) => Some(group.id),
            _ => None,
        });
        let groups: Vec<GroupId> = now.into_iter().chain(named).collect();
        let memberships = company.memberships.keys();
        let members = memberships.filter(|(_, group, _)| groups.contains(group));
        Self { company, members: members.map(|(user, ..)| *user).collect(), groups }
    }

    fn touches(&self, record: &Record) -> bool {
        match record {
            Record::Credential(_)
            | Record::Provider(_)
            | Record::ClaimMapping(_)
            | Record::Key(_)
            | Record::TenantAdmin(_) => true,
            Record::User(user) => user.admin || self.members.contains(&user.id),
            Record::Identity(identity) => self.is_admin(identity.user),
            Record::Group(group) => is_admins(group),
            Record::Membership(it) => self.groups.contains(&it.group),
            _ => false,
        }
    }

    /// Whether a user is an administrator, or would be one if they were enabled.
    fn is_admin(&self, user: UserId) -> bool {
        self.company.users.get(&user).is_some_and(|user| user.admin) || self.members.contains(&user)
    }
}

fn is_admins(group: &Group) -> bool {
    group.name.as_str().eq_ignore_ascii_case(GroupName::ADMIN)
}

#[cfg(test)]
mod tests {
    use gatehall_domain::{Identity, Timestamp, User};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn whom_an_account_is_needs_a_fresh_sign_in_whichever_way_it_changes() {
        let user = |number| User {
            id: UserId(Uuid::from_u128(number)),
            email: format!("user{number}@google.example").parse().unwrap(),
            name: String::new(),
            admin: false,
            enabled: true,
            created_at: Timestamp::from_micros(0),
        };
        let account = |number, by_address| Identity {
            issuer: "https://id.example".into(),
            subject: "s".into(),
            user: UserId(Uuid::from_u128(number)),
            stale: false,
            claims_said: Default::default(),
            by_address,
            created_at: Timestamp::from_micros(0),
        };
        let mut company = Company::default();
        [user(1), user(2)].into_iter().for_each(|it| company.put(it.into()));
        let replace = |before: Identity, after: Identity| Change::Replace {
            before: before.into(),
            after: after.into(),
        };
        let unbound = Change::Remove(account(1, true).into());
        let stale = Identity { stale: true, ..account(1, true) };
        for (name, change, needs) in [
            ("bound", Change::Add(account(1, false).into()), true),
            ("unbound", unbound.clone(), false),
            ("restored", unbound.inverse(), true),
            ("given to another", replace(account(1, false), account(2, false)), true),
            ("confirmed", replace(account(1, true), account(1, false)), true),
            ("doubted again", replace(account(1, false), account(1, true)), false),
            ("stale", replace(account(1, true), stale), false),
        ] {
            assert_eq!(needs_fresh_sign_in(&[change], &company), needs, "{name}");
        }
    }
}
