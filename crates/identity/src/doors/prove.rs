//! Which proof a request carries, and whom it proves.

use std::sync::Arc;

use gatehall_domain::{Caller, Door, Snapshot, Timestamp, UserId};
use http::{HeaderMap, request::Parts};

use super::{core::Doors, one_person::names_chat_users, proof::shown_proof};
use crate::{Rejection, key::live_key};

impl Doors {
    /// Who makes a request, at the time `now`. Who proves nothing may not try for ever.
    ///
    /// # Errors
    /// Why the proof is not accepted.
    pub async fn caller(
        &self,
        head: &Parts,
        snapshot: &Arc<Snapshot>,
        now: Timestamp,
    ) -> Result<Caller, Rejection> {
        match self.prove(&head.headers, snapshot, now).await {
            Ok(caller) => {
                self.note_unknown(&caller, head, snapshot, now);
                Ok(caller)
            }
            Err(rejection) => {
                let address = self.address(head);
                // Whose proof is good has proved something, and a chat comes with each message.
                let too_many = match rejection.is_final() {
                    true => None,
                    false => self.limits.unproven(address).err(),
                };
                let rejection = too_many.unwrap_or(rejection);
                if rejection != Rejection::NoProof {
                    self.note_refusal(&rejection, head, address, snapshot, now);
                }
                Err(rejection)
            }
        }
    }

    /// The same where a chat's user who is nobody here is let in as that, to be told why. Each
    /// message of theirs would end in a connection that failed otherwise, which tells them nothing.
    ///
    /// # Errors
    /// Why the proof is not accepted.
    pub async fn caller_or_stranger(
        &self,
        head: &Parts,
        snapshot: &Arc<Snapshot>,
        now: Timestamp,
    ) -> Result<(Caller, Option<Rejection>), Rejection> {
        match self.caller(head, snapshot, now).await {
            Ok(caller) => Ok((caller, None)),
            Err(rejection) => match self.stranger(head, &rejection, snapshot, now) {
                Some(caller) => Ok((caller, Some(rejection))),
                None => Err(rejection),
            },
        }
    }

    /// Who makes a request with these headers. What they hold besides must not name anybody else.
    pub(crate) async fn prove(
        &self,
        headers: &HeaderMap,
        snapshot: &Arc<Snapshot>,
        now: Timestamp,
    ) -> Result<Caller, Rejection> {
        let caller = self.first_proof(headers, snapshot, now).await?;
        self.names_one_person(&caller, headers, snapshot, now)?;
        Ok(caller)
    }

    async fn first_proof(
        &self,
        headers: &HeaderMap,
        snapshot: &Arc<Snapshot>,
        now: Timestamp,
    ) -> Result<Caller, Rejection> {
        let Some(proof) = shown_proof(headers)? else {
            let session = self.session(headers, snapshot, now);
            return session.map(|session| caller_of(session.user, Door::Session));
        };
        if proof.starts_with(gatehall_vault::KEY_PREFIX) {
            return self.by_key(proof, headers, snapshot, now).await;
        }
        if proof.bytes().filter(|byte| *byte == b'.').count() == 2 {
            let user = self.by_token(proof, snapshot, now).await?;
            return Ok(caller_of(user, Door::AccessToken));
        }
        Err(Rejection::UnknownKind)
    }

    async fn by_key(
        &self,
        proof: &str,
        headers: &HeaderMap,
        snapshot: &Arc<Snapshot>,
        now: Timestamp,
    ) -> Result<Caller, Rejection> {
        let key = live_key(proof, snapshot, now)?;
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
        match self.open_webuis.user(headers, now)? {
            None => {
                if names_chat_users(headers) {
                    self.chat_news.plain(now);
                }
                Ok(caller(None, Door::ServiceKey))
            }
            Some(chat) => {
                Ok(caller(self.vouched_user(&chat, snapshot, key).await?, Door::OpenWebUi))
            }
        }
    }
}

fn caller_of(user: UserId, door: Door) -> Caller {
    Caller { user: Some(user), door, key: None, tenant: None }
}
