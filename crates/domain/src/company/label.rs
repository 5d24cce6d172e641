//! How records are called when one speaks to people: by names, never by bare ids.

use std::fmt::Display;

use crate::{
    Admit, Because, ClaimMapping, Company, ConnectionId, Effect, Grant, GrantId, GroupId, HostRule,
    Record, Subject, Target, UserId, company::set_aside,
};

impl Company {
    /// The name by which a person knows this record.
    pub fn label(&self, record: &Record) -> String {
        match record {
            Record::User(it) => it.email.to_string(),
            Record::Identity(it) => format!("{} at {}", self.user_label(it.user), it.issuer),
            Record::Group(it) => it.name.to_string(),
            Record::Membership(it) => {
                format!(
                    "{} in {} ({})",
                    self.user_label(it.user),
                    self.group_label(it.group),
                    it.source.label()
                )
            }
            Record::Tenant(it) => it.id.to_string(),
            Record::TenantAdmin(it) => format!("{} of {}", self.user_label(it.user), it.tenant),
            Record::Server(it) => it.id.to_string(),
            Record::Connection(it) => it.path.to_string(),
            Record::Credential(it) => {
                format!("{} of {}", it.placement, self.connection_label(it.connection))
            }
            Record::Grant(it) => self.grant_label(it),
            Record::Key(it) => match it.user {
                Some(user) => format!("{} \"{}\" of {}", it.id, it.name, self.user_label(user)),
                None => format!("{} \"{}\" (service key)", it.id, it.name),
            },
            Record::Provider(it) => it.id.to_string(),
            Record::ClaimMapping(it) => self.claim_mapping_label(it),
            Record::HostRule(it) => self.host_rule_label(it),
        }
    }

    /// A user's address.
    pub fn user_label(&self, id: UserId) -> String {
        named(self.users.get(&id).map(|user| &user.email), id)
    }

    /// A group's name.
    pub fn group_label(&self, id: GroupId) -> String {
        named(self.groups.get(&id).map(|group| &group.name), id)
    }

    /// A connection's path.
    pub fn connection_label(&self, id: ConnectionId) -> String {
        named(self.connections.get(&id).map(|connection| &connection.path), id)
    }

    /// Whom a grant means, in words.
    pub fn subject_label(&self, subject: &Subject) -> String {
        match subject {
            Subject::Group(group) => format!("group {}", self.group_label(*group)),
            Subject::User(user) => format!("user {}", self.user_label(*user)),
            Subject::Pattern(pattern) => format!("users {pattern}"),
        }
    }

    /// A claim mapping as a sentence: `entra: roles = MCP.Admin means MCP-Admin`.
    pub fn claim_mapping_label(&self, it: &ClaimMapping) -> String {
        let group = self.group_label(it.group);
        let tenant = it.tenant_id.as_ref().map(|id| format!(" of {id}")).unwrap_or_default();
        format!("{}{tenant}: {} = {} means {group}", it.provider, it.claim, it.value)
    }

    /// A host rule as a sentence: `app.example.com/ admits engineers`.
    pub fn host_rule_label(&self, it: &HostRule) -> String {
        let whom = match &it.admit {
            Admit::Open => "everybody".to_owned(),
            Admit::SignedIn => "every user".to_owned(),
            Admit::Groups(groups) => {
                let names: Vec<String> = groups.iter().map(|it| self.group_label(*it)).collect();
                names.join(", ")
            }
        };
        format!("{}{} admits {whom}", it.host, it.path)
    }

    /// What a grant opens or closes, in words.
    pub fn target_label(&self, target: &Target) -> String {
        match target {
            Target::Tenant(tenant) => format!("tenant {tenant}"),
            Target::Connection(connection) => {
                format!("connection {}", self.connection_label(*connection))
            }
        }
    }

    /// A grant as a sentence: `group engineers may use read_* of tenant google`.
    pub fn grant_label(&self, grant: &Grant) -> String {
        let verb = match grant.effect {
            Effect::Allow => "may use",
            Effect::Deny => "may not use",
        };
        let subject = self.subject_label(&grant.subject);
        let target = self.target_label(&grant.target);
        match &grant.tools {
            Some(tools) => format!("{subject} {verb} {tools} of {target}"),
            None => format!("{subject} {verb} {target}"),
        }
    }

    /// The reason of a decision as a sentence.
    pub fn because_label(&self, because: Because) -> String {
        match because {
            Because::Public => "the server is public".to_owned(),
            Because::Admin => "the user is an administrator".to_owned(),
            Because::AdminGroup(group) => {
                format!("the user is an administrator as a member of {}", self.group_label(group))
            }
            Because::Grant(grant) => self.grant_label_by_id(grant),
        }
    }

    /// [`Company::grant_label`] of the grant with this id.
    pub fn grant_label_by_id(&self, id: GrantId) -> String {
        match self.grants.get(&id) {
            Some(grant) => self.grant_label(grant),
            None if set_aside::is_stand_in(id) => {
                "a row that cannot be read may deny it: see gatehall doctor".to_owned()
            }
            None => format!("grant {id}"),
        }
    }
}

fn named<N: Display, I: Display>(name: Option<&N>, id: I) -> String {
    name.map_or_else(|| id.to_string(), ToString::to_string)
}
