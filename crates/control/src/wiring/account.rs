//! The account of the administrator who sets Open WebUI up: of administrators an address alone is
//! not believed, and whoever runs the command knows whose account it is.

use gatehall_domain::{Company, EmailAddress, ProviderId, UserId};
use gatehall_open_webui::{Found, Undone};

use super::{Wiring, WiringError};
use crate::{
    DeskError,
    operation::user::{self, UserEdit},
};

/// What becomes of an administrator's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Binding {
    /// It is their user's already.
    There,
    /// It is to be bound to the user of its address.
    New(UserId, String),
    /// Why it is left as it is.
    Left(String),
}

impl Wiring {
    /// What becomes of the account of an address.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn binding(
        &self,
        found: &Found,
        email: &EmailAddress,
    ) -> Result<Binding, WiringError> {
        let snapshot = self.desk.snapshot().await?;
        let company = snapshot.company();
        let Some(account) = found.account(email.as_str()) else {
            return Ok(Binding::Left("there is no such account at Open WebUI".into()));
        };
        let Some(user) = company.user_by_email(email) else {
            return Ok(Binding::Left(format!(
                "no user has this email: gatehall user add {email} --admin"
            )));
        };
        let owner = company.user_by_identity(&self.chat, &account.id);
        let other = company.subject_of(user.id, &self.chat).filter(|it| *it != account.id);
        Ok(match (owner, other) {
            (Some(owner), _) if owner.id == user.id => Binding::There,
            (Some(owner), _) => Binding::Left(format!("it is bound to {}", owner.email)),
            (None, Some(_)) => Binding::Left(format!(
                "another account is bound: gatehall user change {email} --unbind {}",
                self.chat
            )),
            (None, None) => Binding::New(user.id, account.id.clone()),
        })
    }

    /// Binds it.
    ///
    /// # Errors
    /// If somebody else was faster, or nothing could be changed.
    pub async fn bind(
        &mut self,
        email: &EmailAddress,
        binding: &Binding,
    ) -> Result<(), WiringError> {
        let Binding::New(id, account) = binding else { return Ok(()) };
        self.record.bound.push((*id, account.clone()));
        self.keep().await?;
        let provider: ProviderId = self.chat.parse().map_err(DeskError::from)?;
        let bind = vec![user::Binding { provider, subject: account.clone() }];
        self.edit(email, &UserEdit { bind, ..UserEdit::default() }).await
    }

    /// Takes it back, where it is still so.
    pub(super) async fn unbind(&self, apply: bool) -> Result<Vec<Undone>, WiringError> {
        let snapshot = self.desk.snapshot().await?;
        let mut undone = Vec::new();
        for (id, account) in &self.record.bound {
            let Some(email) = self.still_bound(snapshot.company(), *id, account) else { continue };
            undone.push(Undone::new("account", email.as_str(), "it is unbound"));
            if apply {
                let unbind = vec![self.chat.clone()];
                self.edit(&email, &UserEdit { unbind, ..UserEdit::default() }).await?;
            }
        }
        Ok(undone)
    }

    fn still_bound(&self, company: &Company, user: UserId, account: &str) -> Option<EmailAddress> {
        let bound = company.subject_of(user, &self.chat) == Some(account);
        bound.then(|| company.users.get(&user).map(|it| it.email.clone())).flatten()
    }

    async fn edit(&self, email: &EmailAddress, edit: &UserEdit) -> Result<(), WiringError> {
        let now = self.desk.clock().now();
        let changed = self
            .desk
            .change(|snapshot| Ok((user::change(snapshot.company(), email, edit, now)?, ())));
        Ok(changed.await?)
    }
}
