use gatehall_domain::{
    CallEvent, Company, DefinitionsEvent, Denial, EntryEvent, GatewayEvent, Outcome,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A call, or what happened at a door, as it lies in the audit: with the names of that time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EventRow {
    pub(super) id: Uuid,
    pub(super) at: i64,
    pub(super) revision: u64,
    pub(super) actor: String,
    pub(super) user_id: Option<Uuid>,
    pub(super) door: String,
    pub(super) key_id: Option<String>,
    pub(super) action: String,
    pub(super) kind: String,
    pub(super) subject: String,
    pub(super) tenant_id: Option<String>,
    pub(super) connection: Option<String>,
    pub(super) outcome: String,
    pub(super) reason: Option<String>,
    pub(super) duration_micros: u64,
    pub(super) bytes_in: u64,
    pub(super) bytes_out: u64,
    pub(super) request_id: u64,
}

impl EventRow {
    /// Whether it tells of more than a call that went as it may: a refusal, a sign-in.
    pub fn is_grave(&self) -> bool {
        !matches!(self.action.as_str(), "call" | "list") || self.outcome == "denied"
    }

    /// For calls: the minute, the tenant and the outcome.
    pub(crate) fn counted(&self) -> Option<(i64, &str, &str)> {
        let tenant = self.tenant_id.as_deref().unwrap_or_default();
        let minute = self.at.div_euclid(60_000_000);
        (self.action == "call").then_some((minute, tenant, self.outcome.as_str()))
    }
}

impl From<CallEvent> for EventRow {
    fn from(call: CallEvent) -> Self {
        let company = call.snapshot.company();
        let user = call.caller.user;
        let connection = call.connection.and_then(|id| company.connections.get(&id));
        let tenant = connection.and_then(|it| it.path.tenant.as_ref());
        Self {
            id: Uuid::now_v7(),
            at: call.at.micros(),
            revision: call.snapshot.revision(),
            actor: user.map_or_else(|| "nobody".to_owned(), |id| company.user_label(id)),
            user_id: user.map(|user| user.0),
            door: call.caller.door.as_str().to_owned(),
            key_id: call.caller.key.as_ref().map(ToString::to_string),
            action: "call".to_owned(),
            kind: call.face.to_owned(),
            subject: call.tool.to_string(),
            tenant_id: tenant.map(ToString::to_string),
            connection: connection.map(|it| it.path.to_string()),
            outcome: call.outcome.as_str().to_owned(),
            reason: Some(reason(call.outcome, company)),
            duration_micros: call.duration_micros,
            bytes_in: call.bytes_in,
            bytes_out: call.bytes_out,
            request_id: call.request_id,
        }
    }
}

impl From<GatewayEvent> for EventRow {
    fn from(event: GatewayEvent) -> Self {
        match event {
            GatewayEvent::Call(call) => call.into(),
            GatewayEvent::Definitions(definitions) => definitions.into(),
        }
    }
}

impl From<DefinitionsEvent> for EventRow {
    fn from(event: DefinitionsEvent) -> Self {
        let connection = event.snapshot.company().connections.get(&event.connection);
        let path = connection.map(|it| it.path.to_string());
        let tenant = connection.and_then(|it| it.path.tenant.as_ref());
        let (outcome, reason) = match event.left_out.is_empty() {
            true => ("admitted", "no tool is left out any more".to_owned()),
            false => ("refused", format!("left out: {}", event.left_out.join("; "))),
        };
        Self {
            id: Uuid::now_v7(),
            at: event.at.micros(),
            revision: event.snapshot.revision(),
            actor: "the gate".to_owned(),
            user_id: None,
            door: String::new(),
            key_id: None,
            action: "list".to_owned(),
            kind: "tools".to_owned(),
            subject: path.clone().unwrap_or_default(),
            tenant_id: tenant.map(ToString::to_string),
            connection: path,
            outcome: outcome.to_owned(),
            reason: Some(reason),
            duration_micros: 0,
            bytes_in: 0,
            bytes_out: 0,
            request_id: 0,
        }
    }
}

impl From<EntryEvent> for EventRow {
    fn from(entry: EntryEvent) -> Self {
        let company = entry.snapshot.company();
        let outcome = if entry.refused.is_some() { "refused" } else { "admitted" };
        // Whose address it is finds the event, and did nothing.
        let meant = entry.claimed.as_ref().and_then(|email| company.user_by_email(email));
        let rule = |rule: &str| match &entry.claimed {
            Some(email) => format!("{rule}, as {email}"),
            None => rule.to_owned(),
        };
        Self {
            id: Uuid::now_v7(),
            at: entry.at.micros(),
            revision: entry.snapshot.revision(),
            actor: entry.user.map_or_else(|| "nobody".to_owned(), |id| company.user_label(id)),
            user_id: entry.user.or(meant.map(|user| user.id)).map(|user| user.0),
            door: entry.door,
            key_id: None,
            action: entry.attempt.as_str().to_owned(),
            kind: "door".to_owned(),
            subject: entry.place,
            tenant_id: None,
            connection: None,
            outcome: outcome.to_owned(),
            reason: Some(match entry.refused {
                Some(refused) => format!("{}, from {}", rule(refused), entry.address),
                None => format!("from {}", entry.address),
            }),
            duration_micros: 0,
            bytes_in: 0,
            bytes_out: 0,
            request_id: 0,
        }
    }
}

fn reason(outcome: Outcome, company: &Company) -> String {
    match outcome {
        Outcome::Answered(because) | Outcome::ToolError(because) | Outcome::Cancelled(because) => {
            company.because_label(because)
        }
        Outcome::Failed(because, what) => format!("{what}; {}", company.because_label(because)),
        Outcome::Denied(Denial::DeniedBy(because)) => company.because_label(because),
        Outcome::Denied(denial @ Denial::GroupsUnknown(because)) => {
            format!("{denial} ({})", company.because_label(because))
        }
        Outcome::Denied(denial) => denial.to_string(),
    }
}
