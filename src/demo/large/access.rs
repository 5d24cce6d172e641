//! Grants, keys, and who manages which tenant.

use gatehall_domain::{
    Company, Effect, Grant, GrantId, Key, Record, Refusal, Subject, Target, TenantAdmin, Timestamp,
};
use gatehall_vault::generate_key;

use super::{
    people::{self, DOMAINS, group, user},
    places::{connection, tenant, tenants},
    scale::{DAY, DAYS_AGO, GRANTS, KEYS, Kind, Records, TENANT_ADMINS, id, once},
};

const PATTERNS: [&str; 4] = ["find_*", "read_*", "list_*", "*_report"];
const DENIED: [&str; 3] = ["create_*", "change_*", "close_*"];
const KEY_NAMES: [&str; 6] =
    ["Claude Desktop", "VS Code", "Cursor", "notebook", "nightly report", "command line"];

/// What the n-th grant says. One number in each kind has no common divisor with how many there are
/// to choose from, so that no two say the same.
struct Maker {
    users: usize,
    groups: usize,
    tenants: usize,
    connections: usize,
}

type Said = (Subject, Target, Option<&'static str>, Effect);

impl Maker {
    fn tenant(&self, n: usize) -> Result<Target, Refusal> {
        Ok(Target::Tenant(tenant(n % self.tenants)?))
    }

    fn connection(&self, n: usize) -> Target {
        Target::Connection(connection(n % self.connections))
    }

    /// Grants to groups for parts of connections.
    fn part(&self, n: usize) -> Said {
        let pattern = PATTERNS[n % PATTERNS.len()];
        let subject = Subject::Group(group(n * 17 % self.groups));
        (subject, self.connection(n * 5), Some(pattern), Effect::Allow)
    }

    /// Grants to single users.
    fn single(&self, n: usize) -> Said {
        (Subject::User(user(n * 89 % self.users)), self.connection(n * 3), None, Effect::Allow)
    }

    /// Grants to everybody of a domain.
    fn domain(&self, n: usize) -> Result<Said, Refusal> {
        let pattern = format!("*@{}", DOMAINS[n % DOMAINS.len()]).parse()?;
        Ok((Subject::Pattern(pattern), self.tenant(n * 3)?, None, Effect::Allow))
    }

    /// What groups may not.
    fn denied(&self, n: usize) -> Said {
        let pattern = DENIED[n % DENIED.len()];
        let subject = Subject::Group(group(n * 29 % self.groups));
        (subject, self.connection(n * 5), Some(pattern), Effect::Deny)
    }

    /// Tenants that single users are kept from.
    fn kept_out(&self, n: usize) -> Result<Said, Refusal> {
        Ok((Subject::User(user(n * 211 % self.users)), self.tenant(n)?, None, Effect::Deny))
    }

    /// Tools that nobody may.
    fn hidden(&self, n: usize) -> Result<Said, Refusal> {
        let subject = Subject::Pattern("*".parse()?);
        Ok((subject, self.connection(n * 7), Some("export_*"), Effect::Deny))
    }

    /// Grants to groups for whole tenants: what most are.
    fn whole(&self, n: usize) -> Result<Said, Refusal> {
        let (round, n) = (n / self.groups, n % self.groups);
        Ok((Subject::Group(group(n)), self.tenant(n + round * 57)?, None, Effect::Allow))
    }

    fn said(&self, n: usize) -> Result<Said, Refusal> {
        Ok(match n {
            0..400 => self.part(n),
            400..550 => self.single(n),
            550..600 => self.domain(n)?,
            600..720 => self.denied(n),
            720..780 => self.kept_out(n)?,
            780..800 => self.hidden(n)?,
            _ => self.whole(n - 800)?,
        })
    }
}

pub(super) fn records(company: &Company, now: Timestamp) -> Records {
    let (users, groups) = people::counts(company);
    let connections = company.connections.keys().filter(|it| it.0.get_version_num() == 8).count();
    let maker = Maker { users, groups, tenants: tenants(company), connections };
    let began = now.plus_seconds(-DAYS_AGO * DAY);
    let mut records: Vec<Record> = Vec::new();
    for n in 0..GRANTS.saturating_sub(company.grants.len()) {
        let (subject, target, tools, effect) = maker.said(n)?;
        let tools = tools.map(str::parse).transpose()?;
        let (id, created_at) = (GrantId(id(Kind::Grant, n)), once(began, n * 17));
        records.push(Grant { id, subject, target, tools, effect, created_at }.into());
    }
    for n in 0..TENANT_ADMINS {
        let (tenant, user) = (tenant(n * 9 % maker.tenants)?, user(n * 37 + 100));
        records.push(TenantAdmin { tenant, user, created_at: once(began, n) }.into());
    }
    for n in 0..KEYS.saturating_sub(company.keys.len()) {
        let new = generate_key()?;
        let service = n % 30 == 29;
        let key = Key {
            id: new.id,
            name: if service { "Open WebUI" } else { KEY_NAMES[n % KEY_NAMES.len()] }.into(),
            user: (!service).then(|| user(n * 37 % users)),
            tenant: (n % 9 == 2).then(|| tenant(n % maker.tenants)).transpose()?,
            manage: !service && n % 9 == 4 && n % 2 == 0,
            digest: new.digest,
            created_at: once(began, n * 23),
            // Every fourth ends, some of them soon, and some have.
            expires_at: (n % 4 == 0).then(|| now.plus_seconds((n as i64 % 120 - 20) * DAY)),
            revoked_at: (n % 17 == 5).then_some(began),
        };
        records.push(key.into());
    }
    Ok(records)
}
