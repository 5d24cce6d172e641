use std::sync::Arc;

use gatehall_domain::{Caller, Door, Key, Snapshot, Timestamp, UserId};
use http::HeaderMap;
use secrecy::SecretString;

use crate::{
    Arrivals, NewArrival, NewIdentity, Rejection,
    key::live_key,
    open_webui::{Claims, ISSUER, UserHeader},
};

/// How the doors are set.
#[derive(Debug)]
pub struct DoorSettings {
    /// The secret with which Open WebUI signs its user header.
    pub open_webui_secret: SecretString,
    /// Whether a user whom Open WebUI vouches for, and who is unknown here, is added.
    pub add_unknown_users: bool,
}

/// All doors. The first that finds its kind of proof decides.
pub struct Doors {
    open_webui: UserHeader,
    add_unknown_users: bool,
    arrivals: Arc<dyn Arrivals>,
}

impl std::fmt::Debug for Doors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Doors")
    }
}

impl Doors {
    /// Doors with these settings.
    pub fn new(settings: &DoorSettings, arrivals: Arc<dyn Arrivals>) -> Self {
        Self {
            open_webui: UserHeader::new(&settings.open_webui_secret),
            add_unknown_users: settings.add_unknown_users,
            arrivals,
        }
    }

    /// Who makes a request with these headers, at the time `now`.
    ///
    /// # Errors
    /// Why the proof is not accepted.
    pub async fn caller(
        &self,
        headers: &HeaderMap,
        snapshot: &Snapshot,
        now: Timestamp,
    ) -> Result<Caller, Rejection> {
        let key = live_key(headers, snapshot, now)?;
        self.arrivals.key_used(&key.id, now);
        let caller = |user, door| Caller {
            user,
            door,
            key: Some(key.id.clone()),
            tenant: key.tenant.clone(),
        };
        if let Some(user) = key.user {
            // The key of a user who is gone or disabled is dead.
            return match snapshot.view(user) {
                Some(_) => Ok(caller(Some(user), Door::PersonalKey)),
                None => Err(Rejection::BadKey),
            };
        }
        match self.open_webui.claims(headers, now)? {
            None => Ok(caller(None, Door::ServiceKey)),
            Some(claims) => {
                Ok(caller(self.vouched_user(&claims, snapshot, key).await?, Door::OpenWebUi))
            }
        }
    }

    /// The user whom Open WebUI names. None if nobody here is that user.
    async fn vouched_user(
        &self,
        claims: &Claims,
        snapshot: &Snapshot,
        key: &Key,
    ) -> Result<Option<UserId>, Rejection> {
        let company = snapshot.company();
        if let Some(user) = company.user_by_identity(ISSUER, &claims.sub) {
            return Ok(Some(user.id));
        }
        let email = claims.address()?;
        if let Some(user) = company.user_by_email(&email) {
            // An address can move to somebody else there; the account cannot.
            if company.subject_of(user.id, ISSUER).is_some() {
                return Err(Rejection::OtherAccount(email));
            }
            let subject = claims.sub.clone();
            self.arrivals.bind(NewIdentity { issuer: ISSUER, subject, user: user.id });
            return Ok(Some(user.id));
        }
        if !self.add_unknown_users {
            tracing::debug!(key.id = %key.id, "a client named a user who is unknown here");
            return Ok(None);
        }
        let arrival = NewArrival {
            issuer: ISSUER,
            subject: claims.sub.clone(),
            email: email.clone(),
            name: gatehall_domain::names::shown(&claims.name, 120).into_owned(),
        };
        match self.arrivals.add_user(arrival).await {
            Some(user) => Ok(Some(user)),
            None => Err(Rejection::NotAdded(email)),
        }
    }
}

#[cfg(test)]
mod tests;
