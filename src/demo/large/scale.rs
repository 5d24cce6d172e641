//! How large the company is, and what ids and dates its records have.

use gatehall_control::DeskError;
use gatehall_domain::{Record, Timestamp};
use uuid::Uuid;

/// How much there is of everything, with the small company that is in it.
pub(super) const USERS: usize = 15_000;
pub(super) const GROUPS: usize = 1_000;
pub(super) const TENANTS: usize = 200;
pub(super) const SERVERS: usize = 70;
pub(super) const GRANTS: usize = 2_000;
pub(super) const KEYS: usize = 300;
pub(super) const TENANT_ADMINS: usize = 20;
pub(super) const EVENTS: usize = 20_000;

/// The records are dated before all events: else the newest page of the audit would be theirs.
pub(super) const DAYS_AGO: i64 = 8;

pub(super) type Records = Result<Vec<Record>, DeskError>;

pub(super) const DAY: i64 = 24 * 60 * 60;

/// What an id belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    User = 1,
    Group,
    Connection,
    Grant,
}

/// The id of the n-th record of a kind: a UUID of version 8, which is anybody's own to define.
pub(super) fn id(kind: Kind, n: usize) -> Uuid {
    Uuid::from_u128(0x0de0_0000_0000_8000_8000_0000_0000_0000 | (kind as u128) << 96 | n as u128)
}

/// Some moment of the two years before `began`, another for each `n`.
pub(super) fn once(began: Timestamp, n: usize) -> Timestamp {
    began.plus_seconds(-((n * 7_919 % 730) as i64) * DAY - (n * 61 % 36_000) as i64)
}
