//! The words of Gatehall and its rules: who may touch what.
//!
//! Start reading here. [`company`] holds the records an administrator keeps, [`snapshot`] indexes
//! them at one revision, and [`decide`] answers every question of access. Nothing in this crate
//! does I/O, waits, or looks at a clock.

pub mod audit;
pub mod caller;
pub mod company;
mod counted;
pub mod decide;
mod file_text;
mod finding;
pub mod folding;
mod json_problem;
pub mod names;
pub mod record;
pub mod refusal;
pub mod session;
pub mod shell;
pub mod snapshot;
pub mod strict;
pub mod text;
pub mod time;
pub mod tool;
pub mod variable;

pub use audit::{
    Attempt, CallEvent, DefinitionsEvent, EntryEvent, GatewayEvent, Outcome, RefusedAccount,
};
pub use caller::{Caller, Door, Endpoint};
pub use company::{Change, Company, GrantRemains, Remains, SetAside, UnreadKey, UnreadRow};
pub use counted::counted;
pub use decide::{Decision, Denial, Permit, Reach, decide};
pub use file_text::{bare, file_text};
pub use finding::{Finding, Health, Remedy};
pub use json_problem::json_problem;
pub use record::{
    AccessClass, Address, Admit, Ciphertext, ClaimMapping, ClaimMappingId, ClaimSaid, Connection,
    ConnectionId, ConnectionPath, Credential, Digest, Effect, Grant, GrantId, Group, GroupId,
    HostPattern, HostRule, HostRuleId, Identity, Issuer, Key, KeyId, Limits, Membership,
    OPEN_WEBUI, PathPrefix, Placement, Profile, Provider, ProviderId, ProviderSettings, Record,
    SecretSource, Server, ServerId, Source, Subject, Target, Tenant, TenantAdmin, TenantId,
    Transport, User, UserId, is_guid, is_open_webui, is_safe, source_label,
};
pub use refusal::Refusal;
pub use session::{CLOCKS_APART, ProviderLogin, Session, Sessions};
pub use shell::quoted;
pub use snapshot::{
    Snapshot,
    view::{Because, Reason, View},
};
pub use strict::Strict;
pub use text::{EmailAddress, GroupName, ToolMatcher, ToolPattern, UserPattern, email_domains};
pub use time::{Clock, Timestamp};
pub use tool::{Tool, ToolDefinition};
