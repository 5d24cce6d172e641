//! Compares rows with what is there, each after those before it.

mod desired;
mod newcomers;
mod row;

use std::collections::{HashMap, HashSet};

use gatehall_domain::{
    Change, Company, Connection, Effect, EmailAddress, Grant, GrantId, GroupId, Membership, Record,
    Refusal, Source, Subject, Target, TenantAdmin, TenantId, Timestamp, UserId, UserPattern, names,
    quoted,
};
use gatehall_vault::Vault;
use schemars::JsonSchema;
use serde::Serialize;

use row::changed_fields;
pub use row::{Choice, Lists, PlanRow, State};

use super::{Entry, Row, UserRow, doors, table::below};

/// What an import would do.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Plan {
    /// A line for each record the file speaks of.
    pub rows: Vec<PlanRow>,
}

impl Plan {
    pub(crate) fn new(
        entries: &[Entry],
        company: &Company,
        vault: &Vault,
        may: &dyn Fn(&Change) -> Result<(), Refusal>,
        only_missing: Lists,
        now: Timestamp,
    ) -> Self {
        let mut planner = Planner {
            only_missing,
            company: company.clone(),
            vault,
            may,
            now,
            rows: Vec::with_capacity(entries.len()),
            said: HashSet::new(),
            users: HashMap::new(),
            grants: HashSet::new(),
            patterns: Vec::new(),
            tenants: HashSet::new(),
            imported: imported(company),
        };
        for entry in entries {
            let first = planner.rows.len();
            match &entry.row {
                Ok(row) => planner.row(&entry.place, row),
                Err(reason) => planner.wrong(&entry.place, "row", String::new(), reason.clone()),
            }
            planner.hold_back(first);
        }
        planner.unmet_patterns();
        planner.extra_grants();
        Self { rows: planner.rows }
    }

    /// Whether no row is wrong.
    pub fn is_sound(&self) -> bool {
        !self.rows.iter().any(|row| matches!(row.state, State::Wrong { .. }))
    }

    /// The changes the plan consists of, as far as they are chosen.
    pub fn changes(&self, choice: Choice) -> impl Iterator<Item = &Change> {
        let wanted = move |row: &&PlanRow| match row.state {
            State::New => choice.new,
            State::Changed { .. } => choice.changed,
            State::Extra => choice.extra,
            _ => false,
        };
        self.rows.iter().filter(wanted).filter_map(|row| row.change.as_ref())
    }

    /// A short text that is another one whenever the plan is another one.
    pub fn fingerprint(&self) -> String {
        let mut text = serde_json::to_string(&self.rows).unwrap_or_default();
        for before in self.rows.iter().filter_map(|row| row.change.as_ref()?.before()) {
            text.push_str(&before.fingerprint());
        }
        names::short_digest(&text)
    }

    /// How many rows are in this state, by its word.
    pub fn count(&self, state: &str) -> usize {
        self.rows.iter().filter(|row| row.state.as_str() == state).count()
    }
}

struct Planner<'v> {
    /// What is there of these stays as it is.
    only_missing: Lists,
    /// As it will be after the rows so far.
    company: Company,
    vault: &'v Vault,
    /// What changes have to obey besides the company's own rules.
    may: &'v dyn Fn(&Change) -> Result<(), Refusal>,
    now: Timestamp,
    rows: Vec<PlanRow>,
    /// Kind and name of what the file has spoken of.
    said: HashSet<(&'static str, String)>,
    /// The users it has spoken of, and what it said.
    users: HashMap<EmailAddress, UserRow>,
    /// The grants the file speaks of.
    grants: HashSet<GrantId>,
    /// Of these, the patterns of addresses to which they open something, each with its place.
    patterns: Vec<(String, UserPattern)>,
    /// The tenants whose grants the file speaks of.
    tenants: HashSet<TenantId>,
    /// The groups into which imports have put users.
    imported: HashMap<UserId, Vec<GroupId>>,
}

fn imported(company: &Company) -> HashMap<UserId, Vec<GroupId>> {
    let mut groups: HashMap<UserId, Vec<GroupId>> = HashMap::new();
    for it in company.memberships.values().filter(|it| it.source == Source::Import) {
        groups.entry(it.user).or_default().push(it.group);
    }
    groups
}

impl Planner<'_> {
    fn row(&mut self, place: &str, row: &Row) {
        match row {
            Row::Tenant(row) => {
                let desired = desired::tenant(&self.company, row, self.now);
                self.desire(place, desired.into());
            }
            Row::Server(row) => match desired::server(&self.company, row, self.now) {
                Ok(server) => self.desire(place, server.into()),
                Err(error) => self.wrong(place, "server", row.id.to_string(), error.to_string()),
            },
            Row::Connection(row) => {
                let connection = desired::connection(&self.company, row, self.now);
                let was_there = self.company.connections.contains_key(&connection.id);
                self.desire(place, connection.clone().into());
                if was_there && self.only_missing.have("connection") {
                    return;
                }
                for (at, row) in row.credentials.iter().enumerate() {
                    self.credential(&format!("{place}.credentials[{at}]"), &connection, row);
                }
            }
            Row::Group(row) => {
                let desired = desired::group(&self.company, row, self.now);
                self.desire(place, desired.into());
            }
            Row::User(row) => self.user(place, row),
            Row::Grant(row) => match desired::grant(&self.company, row, self.now) {
                Ok(grant) => self.grant(place, grant),
                Err(error) => self.wrong(place, "grant", String::new(), error.to_string()),
            },
            Row::Provider(row) => match doors::provider(&self.company, self.vault, row, self.now) {
                Ok(provider) => self.desire(place, provider.into()),
                Err(reason) => self.wrong(place, "provider", row.id.to_string(), reason),
            },
            Row::ClaimMapping(row) => match doors::claim_mapping(&self.company, row, self.now) {
                Ok(mapping) => self.desire(place, mapping.into()),
                Err(error) => {
                    self.wrong(place, "claim mapping", row.value.clone(), error.to_string())
                }
            },
            Row::HostRule(row) => match doors::host_rule(&self.company, row, self.now) {
                Ok(rule) => self.desire(place, rule.into()),
                Err(error) => {
                    self.wrong(place, "host rule", row.host.to_string(), error.to_string())
                }
            },
        }
    }

    /// Takes back what an entry brought, but for what is wrong with it, if anything is: half of what
    /// it says is not what it says.
    fn hold_back(&mut self, first: usize) {
        let is_wrong = |row: &PlanRow| matches!(row.state, State::Wrong { .. });
        if !self.rows[first..].iter().any(is_wrong) {
            return;
        }
        let rows = self.rows.split_off(first);
        let (wrong, sound): (Vec<_>, Vec<_>) = rows.into_iter().partition(is_wrong);
        self.rows.extend(wrong);
        // What hangs on something was added after it.
        for row in sound.iter().rev().filter(|row| !matches!(row.state, State::Extra)) {
            let undone =
                row.change.as_ref().map(|change| self.company.apply(&change.clone().inverse()));
            if let Some(Err(refusal)) = undone {
                tracing::error!(%refusal, row = %row.name, "a row could not be held back");
                self.wrong(&row.place, row.kind, row.name.clone(), refusal.to_string());
            }
        }
    }

    /// Compares a record with the one of the same key and notes what that takes.
    fn desire(&mut self, place: &str, after: Record) {
        let (kind, name) = (after.kind(), self.company.label(&after));
        let unread = after.secret_variable().and_then(|it| self.vault.may_read(it).err());
        if !self.said.insert((kind, name.to_ascii_lowercase())) {
            return self.wrong(place, kind, name, "it is in the file twice: remove one".into());
        }
        let (state, change) = match self.company.current(&after) {
            Some(before) if before == after => (State::Unchanged, None),
            Some(before) if self.only_missing.have(kind) => {
                (State::Kept { fields: changed_fields(&before, &after) }, None)
            }
            Some(before) => {
                let fields = changed_fields(&before, &after);
                (State::Changed { fields }, Some(Change::Replace { before, after }))
            }
            None => (State::New, Some(Change::Add(after))),
        };
        let applied = change
            .as_ref()
            .map_or(Ok(()), |change| (self.may)(change).and_then(|()| self.company.apply(change)));
        if let Err(refusal) = applied {
            return self.wrong(place, kind, name, refusal.to_string());
        }
        let todo = unread.map(|error| (name.clone(), State::Todo { what: error.to_string() }));
        self.rows.push(PlanRow { place: place.into(), kind, name, state, change });
        if let Some((name, state)) = todo {
            self.rows.push(PlanRow { place: place.into(), kind, name, state, change: None });
        }
    }

    fn credential(&mut self, place: &str, connection: &Connection, row: &super::CredentialRow) {
        if !self.company.connections.contains_key(&connection.id) {
            return;
        }
        match desired::credential(&self.company, self.vault, connection.id, row, self.now) {
            Ok(Some(credential)) => self.desire(place, credential.into()),
            Ok(None) => self.rows.push(PlanRow {
                place: place.into(),
                kind: "credential",
                name: format!("{} of {}", row.placement, connection.path),
                state: State::Todo {
                    what: format!(
                        "set the secret, on the page of the connection or with gatehall connection \
                         change {} --credential {}=stdin",
                        connection.path,
                        quoted(&row.placement.to_string())
                    ),
                },
                change: None,
            }),
            Err(reason) => self.wrong(place, "credential", row.placement.to_string(), reason),
        }
    }

    fn user(&mut self, place: &str, row: &UserRow) {
        if self.users.get(&row.email).is_some_and(|before| before == row) {
            let what = "an identical row comes earlier in the file: remove one of the two".into();
            let (name, state) = (row.email.to_string(), State::Todo { what });
            let row = PlanRow { place: place.into(), kind: "user", name, state, change: None };
            return self.rows.push(row);
        }
        self.users.entry(row.email.clone()).or_insert_with(|| row.clone());
        let user = desired::user(&self.company, row, self.now);
        let id = user.id;
        let was_there = self.company.users.contains_key(&id);
        self.desire(place, user.into());
        let is_kept = was_there && self.only_missing.have("user");
        if is_kept || !self.company.users.contains_key(&id) {
            return;
        }
        self.tenant_admin(place, id, row);
        let Some(groups) = &row.groups else { return };
        let mut said = HashSet::new();
        for (at, name) in groups.iter().enumerate() {
            let place = below(place, "groups", at);
            let Some(group) = self.company.group_by_name(name.as_str()).map(|group| group.id)
            else {
                let reason = format!("there is no group \"{name}\": add it under groups");
                self.wrong(&place, "membership", row.email.to_string(), reason);
                continue;
            };
            if !said.insert(group) {
                continue;
            }
            let created_at = self
                .company
                .memberships
                .get(&(id, group, Source::Import))
                .map_or(self.now, |before| before.created_at);
            let membership = Membership { user: id, group, source: Source::Import, created_at };
            self.desire(&place, membership.into());
        }
        self.extra_memberships(place, id, &said);
    }

    fn tenant_admin(&mut self, place: &str, user: UserId, row: &UserRow) {
        let Some(tenants) = &row.manages else { return };
        for (at, tenant) in tenants.iter().enumerate() {
            let key = (tenant.clone(), user);
            let before = self.company.tenant_admins.get(&key);
            let created_at = before.map_or(self.now, |before| before.created_at);
            let admin = TenantAdmin { tenant: tenant.clone(), user, created_at };
            self.desire(&format!("{place}.manages[{at}]"), admin.into());
        }
        let extra = self.company.tenant_admins.values();
        let extra = extra.filter(|it| it.user == user && !tenants.contains(&it.tenant));
        let extra: Vec<Record> = extra.map(|it| TenantAdmin::clone(it).into()).collect();
        for record in extra {
            self.extra(place, record);
        }
    }

    /// Memberships that an import gave and this file takes back.
    fn extra_memberships(&mut self, place: &str, user: UserId, said: &HashSet<GroupId>) {
        let groups = self.imported.get(&user).into_iter().flatten();
        let extra = groups
            .filter(|group| !said.contains(group))
            .filter_map(|group| self.company.memberships.get(&(user, *group, Source::Import)));
        let extra: Vec<Record> = extra.map(|it| Membership::clone(it).into()).collect();
        for record in extra {
            self.extra(place, record);
        }
    }

    fn grant(&mut self, place: &str, grant: Grant) {
        self.tenants.extend(self.tenant_of(&grant.target));
        let current = self.company.equal_grant(&grant).map(|grant| Grant::clone(grant));
        let grant = current.unwrap_or(grant);
        if let (Subject::Pattern(pattern), Effect::Allow) = (&grant.subject, grant.effect) {
            self.patterns.push((place.to_owned(), pattern.clone()));
        }
        if self.grants.insert(grant.id) {
            self.desire(place, grant.into());
        }
    }

    fn tenant_of(&self, target: &Target) -> Option<TenantId> {
        match target {
            Target::Tenant(tenant) => Some(tenant.clone()),
            Target::Connection(id) => self.company.connections.get(id)?.path.tenant.clone(),
        }
    }

    /// Grants to tenants whose grants the file lists, but not these.
    fn extra_grants(&mut self) {
        let extra = self.company.grants.values().filter(|grant| {
            let tenant = self.tenant_of(&grant.target);
            tenant.is_some_and(|tenant| self.tenants.contains(&tenant))
                && !self.grants.contains(&grant.id)
        });
        let extra: Vec<Record> = extra.map(|it| Grant::clone(it).into()).collect();
        for record in extra {
            self.extra("", record);
        }
    }

    fn extra(&mut self, place: &str, record: Record) {
        self.rows.push(PlanRow {
            place: place.into(),
            kind: record.kind(),
            name: self.company.label(&record),
            state: State::Extra,
            change: Some(Change::Remove(record)),
        });
    }

    fn wrong(&mut self, place: &str, kind: &'static str, name: String, reason: String) {
        let state = State::Wrong { reason };
        self.rows.push(PlanRow { place: place.into(), kind, name, state, change: None });
    }
}
